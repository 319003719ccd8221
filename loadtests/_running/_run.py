"""Ties the load tests to Locust's events: options, roles of the processes, start, end and exit code.

Exit code of a run that follows a plan: 0 when it ran to its end, also with failed requests, for whether those
are too many is the objectives' matter, not the generator's; 2 when it could not start or its record could not be
written; 3 when it was stopped early or lost a process, as such a run cannot be judged. Without a plan Locust's own
rules hold. A worker whose recorder is dead ends with 3.
"""

from __future__ import annotations

import signal
import sys
from functools import partial
from typing import Any, cast

import gevent
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from loadtests._origin._keeping import NoOriginError, OriginKeeper, needs_origin
from loadtests._planning._plan import Plan, PlanError
from loadtests._running import _generator
from loadtests._running._cache import CacheRefusedError
from loadtests._running._dispatcher import SteadyDispatcher
from loadtests._running._efforts import NoSuchProcessError
from loadtests._running._generator import Generator
from loadtests._running._messages import REPORT, SHOWN
from loadtests._running._recorder import Recording
from loadtests._running._settings import BadSettingError, add_options, chosen_plan, settings_of
from loadtests._running._shapes import PlanShape
from loadtests._running._target import UnreachableTargetError, checked_address

_BAD_INPUT = 2
_CANNOT_BE_JUDGED = 3
_REFUSALS = (
    PlanError,
    BadSettingError,
    UnreachableTargetError,
    CacheRefusedError,
    NoSuchProcessError,
    NoOriginError,
)


def attach(events: Any) -> None:
    """Listen to ``events`` (`locust.events`); to be called once per process."""
    events.init_command_line_parser.add_listener(add_options)
    events.init.add_listener(_enter)


def _enter(environment: Environment, runner: Any, web_ui: Any = None, **_: Any) -> None:
    """Give this process its part; with ``--processes`` this happens after the fork, in each."""
    # Timers count from the loop's idea of now, which is as old as the imports took: --run-time would end early.
    gevent.get_hub().loop.update_now()
    events: Any = environment.events
    part: _Desk | Generator
    if isinstance(runner, WorkerRunner):
        part = _generator.install(environment, runner)
    else:
        if not isinstance(runner, MasterRunner):
            _generator.install(environment, runner)
        part = _Desk(environment, runner)
        events.test_start.add_listener(part.start)
        events.spawning_complete.add_listener(part.spawned)
        events.worker_connect.add_listener(part.joined)
        events.test_stop.add_listener(part.stopped)
        events.quitting.add_listener(part.leave)
    events.test_stopping.add_listener(part.stop)
    events.quitting.add_listener(part.stop)
    _heed_signals(part, runner, web_ui, headless=bool(getattr(environment.parsed_options, "headless", False)))


def _heed_signals(part: _Desk | Generator, runner: Any, web_ui: Any, *, headless: bool) -> None:
    """Let Ctrl-C and SIGTERM end a run in order; where there is none, they mean what they meant.

    Left alone, Python raises Ctrl-C in whichever greenlet is running, perhaps in a request, and a headless
    Locust heeds SIGTERM only once its shape has ended.
    """

    def signalled() -> None:
        if part.interrupt():
            runner.quit()
            if web_ui is not None:
                web_ui.stop()
        else:
            gevent.get_hub().handle_system_error(KeyboardInterrupt, KeyboardInterrupt())

    gevent.signal_handler(signal.SIGINT, signalled)
    if headless:
        gevent.signal_handler(signal.SIGTERM, signalled)


def _say(sentence: str) -> None:
    sys.stderr.write(f"loadtests: {sentence}\n")
    sys.stderr.flush()


def _scaled_plan(options: Any) -> Plan | None:
    """The plan as it will be followed; one with settings that are refused at the start may be any."""
    try:
        return settings_of(options).plan
    except (PlanError, BadSettingError):
        return chosen_plan(options)


class _Desk:
    """Where runs are opened and closed, in the process that records."""

    def __init__(self, environment: Environment, runner: Any) -> None:
        self._environment = environment
        self._runner = runner
        self._recording: Recording | None = None
        self._interrupted = False
        self._origin = OriginKeeper()
        self._shape: PlanShape | None = None
        options = environment.parsed_options
        plan = _scaled_plan(options)
        if plan is not None and (getattr(options, "headless", False) or getattr(options, "autostart", False)):
            self._shape = environment.shape_class = PlanShape(runner, plan)
        environment.dispatcher_class = cast("Any", partial(SteadyDispatcher, steady=self._is_given_away))
        runner.register_message(SHOWN, self._hear)
        runner.register_message(REPORT, self._report)

    def start(self, **_: Any) -> None:
        """A test starts: look at the target, open the record, tell the generators."""
        try:
            self._environment.process_exit_code = None
            settings = settings_of(self._environment.parsed_options)
            self._check_users(settings.plan)
            url = checked_address(self._address())
            if url.lower() == settings.base.lower():
                raise BadSettingError(f"--base and --host are the same address, {url}")
            if settings.plan is not None and needs_origin(settings.plan):
                self._origin.start()
            recording = Recording(self._runner, settings, url, self._ended)
        except _REFUSALS as error:
            self._refuse(str(error))
            return
        except OSError as error:
            self._refuse(f"the run record cannot be written: {error.filename}: {error.strerror}")
            return
        self._recording = recording
        _say(f"the run record is {recording.path}")
        recording.begin()

    def spawned(self, **_: Any) -> None:
        """All users are running."""
        if self._recording is not None:
            self._recording.spawned()

    def joined(self, client_id: str, **_: Any) -> None:
        """Another worker came."""
        if self._recording is not None:
            self._recording.join(client_id)

    def stop(self, **_: Any) -> None:
        """End the run that is under way, if any. One without a plan has then lasted as long as it should."""
        if self._recording is not None:
            self._recording.stop("stopped" if self._recording.plan or self._interrupted else "completed")

    def stopped(self, **_: Any) -> None:
        """The test has ended; another one, with what the web form then says, is no longer this shape's."""
        if self._shape is not None:
            self._shape = self._environment.shape_class = None

    def leave(self, **_: Any) -> None:
        """The process ends."""
        self._origin.stop()

    def interrupt(self) -> bool:
        """Somebody wants the process to end; whether there was a run to end. Who insists waits for no answers."""
        if self._recording is None:
            return False
        if self._interrupted:
            self._recording.hurry()
        self._interrupted = True
        self.stop()
        return True

    def _check_users(self, plan: Plan | None) -> None:
        if idle := sorted(user.__name__ for user in self._runner.user_classes if not user.tasks):
            raise BadSettingError(f"--tags and --exclude-tags leave {', '.join(idle)} nothing to do")
        if plan is None:
            return
        there = {getattr(user, "workload", "") for user in self._runner.user_classes}
        if missing := sorted(set(plan.mix) - there):
            raise BadSettingError(f"plan {plan.name!r} needs users of {', '.join(missing)}, and none are chosen")

    def _address(self) -> str | None:
        hosts = (user.host for user in self._runner.user_classes if user.host)
        return self._environment.host or next(hosts, None)

    def _is_given_away(self) -> bool:
        return self._recording is not None and self._recording.given_away

    def _hear(self, environment: Environment, msg: Any, **_: Any) -> None:
        if self._recording is not None:
            self._recording.hear(msg)

    def _report(self, environment: Environment, msg: Any, **_: Any) -> None:
        if self._recording is not None:
            self._recording.report(msg)

    def _refuse(self, reason: str) -> None:
        _say(reason)
        if getattr(self._environment.parsed_options, "headless", False):
            self._environment.process_exit_code = _BAD_INPUT
        self._end_locust()

    def _ended(self, outcome: str) -> None:
        recording, self._recording = self._recording, None
        if recording is None:
            return
        whole = outcome == "completed" and not recording.lost
        if recording.failure:
            _say(recording.failure)
            self._environment.process_exit_code = _BAD_INPUT
        elif recording.plan is not None:
            self._environment.process_exit_code = 0 if whole else _CANNOT_BE_JUDGED
        _say(": ".join(filter(None, (f"the run is {outcome}", recording.health))))
        if recording.lost:
            _say(f"the run cannot be judged, as load generators were lost on the way: {', '.join(recording.lost)}")
        if recording.failure or (recording.plan is not None and outcome == "completed"):
            self._end_locust()

    def _end_locust(self) -> None:
        """Stop the users. A shape that is in force does it itself, at its next tick."""
        if self._shape is not None and self._runner.shape_greenlet is not None:
            self._shape.end()
        elif getattr(self._environment.parsed_options, "headless", False):
            gevent.spawn(self._runner.quit)
        else:
            gevent.spawn(self._runner.stop)
