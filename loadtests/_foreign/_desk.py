"""Ties a duel on somebody's own file to Locust's events: its start, its seconds, its end and its exit code."""

from __future__ import annotations

import signal
import uuid
from pathlib import Path
from typing import Any, Literal

import gevent

from loadtests._foreign import _routing
from loadtests._foreign._addresses import Addresses
from loadtests._foreign._loading import refuse, say
from loadtests._foreign._settings import BadSettingError, Settings, add_options, settings_of
from loadtests._foreign._watch import GENERATOR, Watch
from loadtests._running import _machine, _target
from loadtests._running._efforts import Efforts, NoSuchProcessError
from loadtests._running._target import UnreachableTargetError, checked_address
from slo.record import FORMAT, Header, PlanFacts, Writer, utc_now

_BAD_INPUT = 2
_STOPPED = 3
_DRAIN_SECONDS = 10.0
"""How long answers are waited for after the last stage."""


def attach(events: Any) -> None:
    """Listen to ``events`` (`locust.events`)."""
    events.init_command_line_parser.add_listener(add_options)
    events.init.add_listener(_enter)


def _enter(environment: Any, runner: Any, **_: Any) -> None:
    # Timers count from the loop's idea of now, which is as old as the imports took.
    gevent.get_hub().loop.update_now()
    try:
        desk = _Desk(environment, runner, settings_of(environment.parsed_options))
    except (BadSettingError, UnreachableTargetError, NoSuchProcessError) as error:
        refuse(str(error))
    except OSError as error:
        refuse(f"the run record cannot be written: {error.filename}: {error.strerror}")
    environment.events.spawning_complete.add_listener(desk.spawned)
    environment.events.request.add_listener(desk.watch.heard)
    environment.events.quitting.add_listener(desk.quitting)
    gevent.signal_handler(signal.SIGINT, runner.quit)


class _Desk:
    """One duel: routes from the start, counts from when all users are there, and ends after the last stage."""

    def __init__(self, environment: Any, runner: Any, settings: Settings) -> None:
        self._environment = environment
        self._runner = runner
        self._settings = settings
        self._seconds = round(sum(stage.seconds for stage in settings.stages))
        source = environment.parsed_locustfiles[-1]
        base, head = (checked_address(url) for url in (settings.base, settings.head))
        if base.lower() == head.lower():
            raise BadSettingError("--base and --host are the same address, and nothing differs from itself")
        known = [user.host for user in environment.user_classes if user.host]
        self._efforts = Efforts(settings.pids)
        self.watch = Watch(settings, Addresses(base, head, known), Path(source).stem)
        header = _header(settings, source, base=base, head=head)
        self._writer = Writer(settings.record, header)
        self._begun = False
        self._ended = False
        _routing.install(self.watch, cookies_apart=settings.per == "request")

    def spawned(self, **_: Any) -> None:
        """All users are there: the first stage begins."""
        if not self._begun:
            self._begun = True
            gevent.spawn(self._conduct)

    def quitting(self, **_: Any) -> None:
        """Locust ends, for whatever reason."""
        self._end("stopped")

    def _conduct(self) -> None:
        self._efforts.begin()
        self.watch.begin()
        try:
            for second in range(self._seconds):
                gevent.sleep(max(second + 1 - self.watch.now, 0.0))
                if self._ended:
                    return
                self._writer.write(*self._efforts.end(second), *self.watch.beat(second))
        except OSError as error:
            self._fail(f"the run record could not be written to its end: {error.strerror or error}")
            return
        self.watch.drain(_DRAIN_SECONDS)
        self._end("completed")

    def _end(self, outcome: Literal["completed", "stopped"]) -> None:
        if self._ended:
            return
        self._ended = True
        lines = self.watch.end()
        if outcome == "completed" and not self.watch.routed:
            self._fail(
                f"{Path(self._environment.parsed_locustfiles[-1]).name} sent no request to {self._settings.head}"
            )
            return
        try:
            self._writer.write(*lines)
            self._writer.finish(outcome, {GENERATOR: "finished"})
        except OSError as error:
            self._fail(f"the run record could not be written to its end: {error.strerror or error}")
            return
        say(f"the run is {outcome}: {self.watch.routed} requests to base and head")
        self._leave(0 if outcome == "completed" else _STOPPED)

    def _fail(self, sentence: str) -> None:
        """End with a record that has no footer, and so proves nothing."""
        self._ended = True
        self.watch.end()
        say(sentence)
        self._leave(_BAD_INPUT)

    def _leave(self, code: int) -> None:
        self._environment.process_exit_code = code
        gevent.spawn(self._runner.quit)


def _header(settings: Settings, source: str, *, base: str, head: str) -> Header:
    name = Path(source).stem
    return Header(
        format=FORMAT,
        id=uuid.uuid4().hex,
        started_at=utc_now(),
        seed=settings.seed,
        commit="",
        plan=PlanFacts(
            name=name,
            description=f"{settings.users} users of {Path(source).name}, as fast as it lets them",
            arrivals="closed",
            stages=settings.stages,
            mix={name: 1.0},
            pairs=settings.per == "request",
            source=source,
        ),
        machine=_machine.facts(),
        target=_target.facts(head),
        base=_target.facts(base),
    )
