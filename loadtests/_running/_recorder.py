"""The recording end of the messages: one run from its first look at the target to the record's footer.

It runs where Locust's master runs, or in the one process of a run without workers. It sends no load and
decides nothing but when the run starts and that it has ended.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable
from typing import Any, Literal

import gevent
import msgspec
from gevent.event import Event

from loadtests._running import _machine, _target
from loadtests._running import _messages as messages
from loadtests._running._cache import CacheRefusedError
from loadtests._running._course import FREE_STAGE, FREE_TIMEOUT_SECONDS
from loadtests._running._efforts import Efforts
from loadtests._running._fleet import Fleet
from loadtests._running._health import Health
from loadtests._running._ledger import Ledger
from loadtests._running._messages import NO_SHARE, Begin, UnreadableMessageError, shares
from loadtests._running._settings import Settings, record_path
from loadtests._running._target import UnreachableTargetError
from loadtests._running._targets import Targets
from slo.record import FORMAT, Cell, Effort, Header, PlanFacts, Pulse, Snapshot, Stage, Writer, utc_now

_LEAD_SECONDS = 0.5
"""From the decision to start until second 0, so that every worker has heard of it by then."""
_GRACE_SECONDS = 5.0
_POLL_SECONDS = 0.1
_SPAWN_SECONDS = 30.0
_ASK_SECONDS = 1.0

logger = logging.getLogger(__name__)


class Recording:
    """A run under way. ``ended`` is called once, with the outcome, after the record is closed.

    Raises `UnreachableTargetError`, `CacheRefusedError`, `NoSuchProcessError` or `OSError` before anything is written.
    """

    def __init__(self, runner: Any, settings: Settings, url: str, ended: Callable[[str], None]) -> None:
        self.settings = settings
        self.plan = settings.plan
        self.failure = ""
        self._runner = runner
        self._targets = Targets(url, settings.base, settings.api_key)
        self._ended = ended
        self._fleet = Fleet(runner)
        self._ledger = Ledger()
        self._health = Health(self.plan.warm_up_seconds if self.plan else 0.0)
        self._launched = False
        self._start: float | None = None
        self._stopped = False
        self._closing = False
        self._closed = Event()
        self._efforts = Efforts(settings.processes)
        target, base = self._targets.facts()
        if self.plan is not None:
            self._targets.prepare(self.plan, gevent.sleep)
        started_at = utc_now()
        header = Header(
            format=FORMAT,
            id=uuid.uuid4().hex,
            started_at=started_at,
            seed=settings.seed,
            commit=_machine.commit(),
            plan=self.plan.facts() if self.plan else _free_facts(runner, settings),
            machine=_machine.facts(),
            target=target,
            base=base,
        )
        self._writer = Writer(record_path(settings.record, plan=header.plan.name, started_at=started_at), header)

    @property
    def path(self) -> str:
        """The record's file."""
        return str(self._writer.path)

    @property
    def lost(self) -> list[str]:
        """Generators that did not see the run to its end."""
        return [name for name, end in self._ledger.generators.items() if end == "lost"]

    @property
    def health(self) -> str:
        """How the generators fared, in a sentence."""
        return self._health.sentence

    @property
    def given_away(self) -> bool:
        """Whether a plan's arrivals have been shared out, so that users must stay where they are."""
        return self.plan is not None and self._launched and not self._closing

    def begin(self) -> None:
        """Tell every generator what is coming; a free run starts at once."""
        for client in self._fleet.present():
            self._take_in(client)
        if self.plan is None:
            self._launched = True
            gevent.spawn(self._go)

    def join(self, client: str) -> None:
        """Another process came, or one came back. After a plan's start it takes no part, as all is given away."""
        if client in self._fleet:
            return
        if self.given_away:
            logger.warning("%s came after the start; it takes no part in this run", client)
            return
        self._take_in(client)
        if self._start is not None:
            gevent.spawn(self._follow, client, self._start)

    def spawned(self) -> None:
        """All users are there: number them over all generators and start the plan."""
        if self.plan is not None and not self._launched and not self._closing:
            self._launched = True
            gevent.spawn(self._launch)

    def hear(self, message: Any) -> None:
        """A generator says what its clock shows."""
        self._fleet.hear(message.node_id, messages.shown_of(message.data))

    def report(self, message: Any) -> None:
        """Take in what a generator saw, and write what is complete."""
        if self._closing:
            return
        try:
            report = messages.report_of(message.data)
        except UnreadableMessageError as error:
            logger.warning("%s: %s; it needs this version of the load tests", message.node_id, error)
            return
        clock_error = round(self._fleet.clock_error(report.generator), 6)
        pulses = [msgspec.structs.replace(pulse, clock_error=clock_error) for pulse in report.pulses]
        self._health.add(pulses)
        self._ledger.add(msgspec.structs.replace(report, pulses=pulses))
        self._write(*self._ledger.take())

    def stop(self, outcome: Literal["completed", "stopped"] = "stopped") -> None:
        """End the run before its plan does: no more arrivals, wait for what is under way, close the record."""
        if self._stopped:
            self._closed.wait()
            return
        self._stopped = True
        self._fleet.halt()
        timeout = self.plan.timeout_seconds if self.plan else FREE_TIMEOUT_SECONDS
        deadline = time.monotonic() + timeout + _GRACE_SECONDS
        while not self._ledger.ended and time.monotonic() < deadline and not self._closing:
            gevent.sleep(_POLL_SECONDS)
            self._lose_the_gone()
        self._close(outcome)

    def hurry(self) -> None:
        """Close the record now; a generator that is still busy counts as lost."""
        self._close("stopped")

    def _take_in(self, client: str) -> None:
        name = self._fleet.take_in(client)
        self._ledger.expect(name)
        begin = Begin(
            generator=name,
            seed=self.settings.seed,
            plan=self.plan,
            user_rate=self.settings.user_rate,
            api_key=self.settings.api_key,
            base=self.settings.base,
        )
        self._fleet.begin(client, begin)

    def _launch(self) -> None:
        deadline = time.monotonic() + _SPAWN_SECONDS
        while self._runner.user_count < self._runner.target_user_count and time.monotonic() < deadline:
            gevent.sleep(_POLL_SECONDS)
        self._go()

    def _go(self) -> None:
        self._snapshot("start")
        self._fleet.read_clocks()
        if self._stopped:
            return
        parts = shares(self._fleet.users()) if self.plan else dict.fromkeys(self._fleet.clients, NO_SHARE)
        self._start = time.perf_counter() + _LEAD_SECONDS
        for name in self._fleet.go(self._start, parts):
            self._lose(name, "does not answer")
        gevent.spawn(self._measure, self._start)
        self._conduct(self._start)

    def _follow(self, client: str, start: float) -> None:
        """Have ``client`` join a free run that is under way."""
        self._fleet.read_clocks()
        if not self._stopped:
            for name in self._fleet.go(start, {client: NO_SHARE}):
                self._lose(name, "does not answer")

    def _measure(self, start: float) -> None:
        """Write at every second's end what the processes of a duel's sides used in it."""
        planned = self.plan.seconds if self.plan else float("inf")
        second = 0
        if self._efforts.sides:
            gevent.sleep(max(start - time.perf_counter(), 0.0))
            self._efforts.begin()
        while self._efforts.sides and second < planned:
            gevent.sleep(max(start + second + 1.0 - time.perf_counter(), 0.0))
            if self._closing:
                return
            self._write(*self._efforts.end(second))
            second += 1

    def _conduct(self, start: float) -> None:
        """Watch the generators, and follow a plan to its end; a free run is ended by whoever started it."""
        warm_up = self.plan.warm_up_seconds if self.plan else 0.0
        longest = self.plan.seconds + self.plan.timeout_seconds + _GRACE_SECONDS if self.plan else float("inf")
        judged, asked = False, 0.0
        while not self._closing:
            passed = time.perf_counter() - start
            if not judged and passed >= warm_up:
                judged = True
                self._end_warm_up()
            if passed - asked >= _ASK_SECONDS:
                asked = passed
                self._fleet.ask()
            self._lose_the_gone()
            if not self._stopped and (self._ledger.ended or passed > longest):
                self._close("completed" if self.plan else "stopped")
                return
            gevent.sleep(_POLL_SECONDS if judged else min(max(warm_up - passed, 0.0), _POLL_SECONDS))

    def _end_warm_up(self) -> None:
        if self.plan is not None and self.plan.warm_up_seconds:
            try:
                self._targets.empty_caches(self.plan)
            except (CacheRefusedError, UnreachableTargetError) as error:
                self._fail(str(error))
        self._snapshot("judged")

    def _lose_the_gone(self) -> None:
        for name in self._fleet.gone():
            if name in self._ledger.unfinished:
                self._lose(name, "is gone")

    def _lose(self, name: str, reason: str) -> None:
        logger.warning("%s %s; the record will say that it was lost", name, reason)
        self._ledger.lose(name)
        self._write(*self._ledger.take())

    def _close(self, outcome: Literal["completed", "stopped"]) -> None:
        if self._closing:
            self._closed.wait()
            return
        self._closing = True
        self._snapshot("end")
        if unfinished := self._ledger.unfinished:
            self._fleet.halt()
        for name in unfinished:
            self._ledger.lose(name)
        self._write(*self._ledger.take())
        try:
            if self.failure:
                self._writer.close()
            else:
                self._writer.finish(outcome, self._ledger.generators)
        except OSError as error:  # closing writes what could not be written before, and fails again
            self.failure = self.failure or _unwritten(error)
        self._closed.set()
        self._ended(outcome)

    def _snapshot(self, moment: Literal["start", "judged", "end"]) -> None:
        for side, samples in self._targets.samples():
            second = max(time.perf_counter() - self._start, 0.0) if self._start is not None else 0.0
            self._write(Snapshot(moment=moment, second=round(second, 3), samples=samples, side=side))

    def _write(self, *lines: Cell | Pulse | Snapshot | Effort) -> None:
        """Append ``lines``; a record that cannot be written any more ends the run, as it would prove nothing."""
        if self.failure or self._closed.is_set():
            return
        try:
            self._writer.write(*lines)
        except OSError as error:
            self._fail(_unwritten(error))

    def _fail(self, reason: str) -> None:
        if not self.failure:
            self.failure = reason
            gevent.spawn(self.stop)


def _unwritten(error: OSError) -> str:
    return f"the run record could not be written to its end: {_target.reason(error)}"


def _free_facts(runner: Any, settings: Settings) -> PlanFacts:
    """A run without a plan, described as far as it is known when it starts."""
    options = runner.environment.parsed_options
    rate = runner.target_user_count * settings.user_rate
    seconds = float(getattr(options, "run_time", None) or 0.0)
    workloads = sorted({user.workload for user in runner.user_classes})
    return PlanFacts(
        name="",
        description=f"{runner.target_user_count} users, each arriving {settings.user_rate:g} times a second",
        arrivals="poisson",
        stages=(Stage(name=FREE_STAGE, seconds=seconds, rate_from=rate, rate_to=rate, judged=True),),
        mix={workload: 1.0 / len(workloads) for workload in workloads},
    )
