"""The recording end of the messages: one run from its first look at the target to the record's footer.

It runs where Locust's master runs, or in the one process of a run without workers. It sends no load and
decides nothing but when the run starts and that it has ended.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterable
from typing import Any, Literal

import gevent
from gevent.event import Event
from locust.runners import STATE_MISSING, MasterRunner

from loadtests import _machine, _target
from loadtests import _messages as messages
from loadtests._course import FREE_STAGE, FREE_TIMEOUT_SECONDS
from loadtests._ledger import Ledger
from loadtests._messages import BEGIN, GO, HALT, Begin, Go, Share, shares
from loadtests._settings import Settings, record_path
from slo.record import FORMAT, Cell, Header, PlanFacts, Pulse, Snapshot, Stage, Writer, utc_now

_LEAD_SECONDS = 0.5
"""From the decision to start until second 0, so that every worker has heard of it by then."""
_GRACE_SECONDS = 5.0
_POLL_SECONDS = 0.1
_SPAWN_SECONDS = 30.0
_LOCAL = "local"

logger = logging.getLogger(__name__)


class Recording:
    """A run under way. ``ended`` is called once, with the outcome, after the record is closed.

    Raises `UnreachableTargetError` or `OSError` before anything is written.
    """

    def __init__(self, runner: Any, settings: Settings, url: str, ended: Callable[[str], None]) -> None:
        self.settings = settings
        self.plan = settings.plan
        self._runner = runner
        self._url = url
        self._ended = ended
        self._ledger = Ledger()
        self._clients: dict[str, str] = {}
        self._epoch: float | None = None
        self.failure = ""
        self._stopped = False
        self._closing = False
        self._closed = Event()
        started_at = utc_now()
        header = Header(
            format=FORMAT,
            id=uuid.uuid4().hex,
            started_at=started_at,
            seed=settings.seed,
            commit=_machine.commit(),
            plan=self.plan.facts() if self.plan else _free_facts(runner, settings),
            machine=_machine.facts(),
            target=_target.facts(url),
        )
        self._writer = Writer(record_path(settings.record, plan=header.plan.name, started_at=started_at), header)

    @property
    def path(self) -> str:
        """The record's file."""
        return str(self._writer.path)

    def begin(self) -> None:
        """Tell every generator what is coming; a free run starts at once."""
        for client in _clients(self._runner):
            self.join(client)
        if self.plan is None:
            self._go({client: {} for client in self._clients})

    def join(self, client: str) -> None:
        """Take ``client`` in. One that comes after the start gets no part of a plan, as all are given away."""
        name = f"generator-{self._index(client)}"
        self._clients[client] = name
        self._ledger.expect(name)
        begin = Begin(generator=name, seed=self.settings.seed, plan=self.plan, user_rate=self.settings.user_rate)
        self._runner.send_message(BEGIN, messages.packed(begin), client)
        if self._epoch is not None:
            self._runner.send_message(GO, messages.packed(Go(epoch=self._epoch, shares={})), client)

    def spawned(self) -> None:
        """All users are there: number them over all generators and start the plan."""
        if self.plan is None or self._epoch is not None or self._closing:
            return
        deadline = time.monotonic() + _SPAWN_SECONDS
        while self._runner.user_count < self._runner.target_user_count and time.monotonic() < deadline:
            gevent.sleep(_POLL_SECONDS)
        if not self._stopped:
            self._go(shares(_counts(self._runner, self._clients)))

    def report(self, message: Any) -> None:
        """Take in what a generator saw, and write what is complete."""
        if self._closing:
            return
        self._ledger.add(messages.report_of(message.data))
        self._write(*self._ledger.take())

    def stop(self, outcome: Literal["completed", "stopped"] = "stopped") -> None:
        """End the run before its plan does: no more arrivals, wait for what is under way, close the record."""
        if self._stopped:
            self._closed.wait()
            return
        self._stopped = True
        self._runner.send_message(HALT)
        timeout = self.plan.timeout_seconds if self.plan else FREE_TIMEOUT_SECONDS
        deadline = time.monotonic() + timeout + _GRACE_SECONDS
        while not self._ledger.ended and time.monotonic() < deadline and not self._closing:
            gevent.sleep(_POLL_SECONDS)
            self._lose_the_gone()
        self._close(outcome)

    def hurry(self) -> None:
        """Close the record now; a generator that is still busy counts as lost."""
        self._close("stopped")

    def _index(self, client: str) -> int:
        return int(self._runner.get_worker_index(client)) if client != _LOCAL else 0

    def _go(self, parts: dict[str, dict[str, Share]]) -> None:
        self._snapshot("start")
        self._epoch = time.time() + _LEAD_SECONDS
        for client, part in parts.items():
            self._runner.send_message(GO, messages.packed(Go(epoch=self._epoch, shares=part)), client)
        gevent.spawn(self._conduct, time.monotonic() + _LEAD_SECONDS)

    def _conduct(self, start: float) -> None:
        """Watch the generators, and follow a plan to its end; a free run is ended by whoever started it."""
        warm_up = self.plan.warm_up_seconds if self.plan else 0.0
        longest = self.plan.seconds + self.plan.timeout_seconds + _GRACE_SECONDS if self.plan else float("inf")
        judged = False
        while not self._closing:
            passed = time.monotonic() - start
            if not judged and passed >= warm_up:
                judged = True
                self._snapshot("judged")
            self._lose_the_gone()
            if not self._stopped and (self._ledger.ended or passed > longest):
                self._close("completed" if self.plan else "stopped")
                return
            gevent.sleep(_POLL_SECONDS if judged else min(max(warm_up - passed, 0.0), _POLL_SECONDS))

    def _lose_the_gone(self) -> None:
        present = _clients(self._runner)
        for client, name in self._clients.items():
            if client not in present and name in self._ledger.unfinished:
                logger.warning("%s is gone; the record will say so", name)
                self._ledger.lose(name)
                self._write(*self._ledger.take())

    def _close(self, outcome: Literal["completed", "stopped"]) -> None:
        if self._closing:
            self._closed.wait()
            return
        self._closing = True
        self._snapshot("end")
        for name in self._ledger.unfinished:
            self._ledger.lose(name)
        self._write(*self._ledger.take())
        try:
            if self.failure:
                self._writer.close()
            else:
                self._writer.finish(outcome, self._ledger.generators)
        except OSError as error:  # closing writes what could not be written before, and fails again
            self.failure = self.failure or _target.reason(error)
        self._closed.set()
        self._ended(outcome)

    def _snapshot(self, moment: Literal["start", "judged", "end"]) -> None:
        samples = _target.samples(self._url)
        if samples:
            second = max(time.time() - self._epoch, 0.0) if self._epoch is not None else 0.0
            self._write(Snapshot(moment=moment, second=round(second, 3), samples=samples))

    def _write(self, *lines: Cell | Pulse | Snapshot) -> None:
        """Append ``lines``; a record that cannot be written any more ends the run, as it would prove nothing."""
        if self.failure or self._closed.is_set():
            return
        try:
            self._writer.write(*lines)
        except OSError as error:
            self.failure = _target.reason(error)
            gevent.spawn(self.stop)


def _clients(runner: Any) -> list[str]:
    """The generators that are there, in the order in which they came."""
    if not isinstance(runner, MasterRunner):
        return [_LOCAL]
    present = [client.id for client in runner.clients.all if client.state != STATE_MISSING]
    return sorted(present, key=runner.get_worker_index)


def _counts(runner: Any, clients: Iterable[str]) -> dict[str, dict[str, int]]:
    """Clients to workloads to the users that they run."""
    counts: dict[str, dict[str, int]] = {}
    for client in clients:
        if client == _LOCAL:
            by_class = runner.user_classes_count
        elif client in runner.clients:
            by_class = runner.clients[client].user_classes_count
        else:
            by_class = {}
        counts[client] = {
            runner.user_classes_by_name[name].workload: count for name, count in by_class.items() if count
        }
    return counts


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
