"""A duel on somebody's own file under way: the time of its stages, who gets a request, and what became of it."""

from __future__ import annotations

import time
from itertools import accumulate, count
from random import Random
from typing import Any

import gevent
from gevent.event import Event

from loadtests._foreign._addresses import Addresses
from loadtests._foreign._judgements import outcome_of
from loadtests._foreign._lots import Lots, Side
from loadtests._foreign._routing import TICKET, Turn
from loadtests._foreign._settings import Settings
from loadtests._outcomes import GENERATOR_ERROR, TIMEOUT, WRONG_ANSWER
from loadtests._running._machine import Meter
from loadtests._running._tally import Arrival, Ended, Tally
from slo.record import Cell, Pulse, Stage

GENERATOR = "locust"
_POLL_SECONDS = 0.02
_USER_SIDE = "_loadstone_side"


class _Sent:
    __slots__ = ("answered", "arrival", "name", "side", "started")

    def __init__(self, arrival: Arrival, name: str, side: Side, started: float) -> None:
        self.arrival = arrival
        self.name = name
        self.side = side
        self.started = started
        self.answered = False


class Watch:
    """Routes and counts. Nothing is counted before `begin`; at the end of the last stage requests wait for `end`."""

    def __init__(self, settings: Settings, addresses: Addresses, workload: str) -> None:
        self.routed = 0
        """Requests that a side got while it was counted."""
        self._settings = settings
        self._addresses = addresses
        self._workload = workload
        self._tally = Tally(GENERATOR)
        self._meter = Meter()
        self._requests = Lots(Random(f"{settings.seed} requests"))
        self._users = Lots(Random(f"{settings.seed} users"))
        self._ends = list(accumulate(stage.seconds for stage in settings.stages))
        self._tickets = count(1)
        self._under_way: dict[int, _Sent] = {}
        self._stage = ""
        self._written = 0
        self._start: float | None = None
        self._over = Event()

    @property
    def now(self) -> float:
        """Seconds since `begin`."""
        return time.perf_counter() - self._start if self._start is not None else 0.0

    def begin(self) -> None:
        """Second 0 begins."""
        self._meter.read()
        self._start = time.perf_counter()

    def beat(self, second: int) -> list[Cell | Pulse]:
        """``second`` ends now; the lines that are complete."""
        effort = self._meter.read()
        self._tally.beat(second, cpu=effort.cpu, steal=effort.steal, waiting=effort.waiting)
        return self._take(self._tally.settled(self.now))

    def drain(self, seconds: float) -> None:
        """Wait for answers that are still on their way, but no longer than ``seconds``."""
        deadline = time.perf_counter() + seconds
        while self._under_way and time.perf_counter() < deadline:
            gevent.sleep(_POLL_SECONDS)

    def end(self) -> list[Cell | Pulse]:
        """Count no more, and let pass what waits; the last lines, those of requests without an end among them."""
        for ticket, sent in list(self._under_way.items()):
            self._ended(ticket, WRONG_ANSWER if sent.answered else TIMEOUT, time.perf_counter() - sent.started, 0)
        self._start = None
        self._over.set()
        return self._take(2**53)

    def sent(self, session: Any, url: str, name: str | None) -> Turn | None:
        """As `Router` has it."""
        path = self._addresses.path(url)
        if path is None:
            return None
        called = name or path or "/"
        own = self._side_of(session.user) if self._settings.per == "user" else None
        stage = self._await_turn(own)
        side = own or self._drawn(stage, called)
        ticket = next(self._tickets)
        if stage is not None:
            self._count_in(ticket, stage, called, side)
        return Turn(ticket, side, self._addresses.at(side, path), called)

    def answered(self, ticket: int, *, raised: bool) -> None:
        """As `Router` has it. An answer in a ``with`` block is still to be judged by the file."""
        sent = self._under_way.get(ticket)
        if sent is not None:
            sent.answered = True
            if raised:
                self._ended(ticket, GENERATOR_ERROR, 0.0, 0)

    def heard(
        self,
        name: str,
        response_time: float,
        response_length: int,
        context: dict[str, Any] | None = None,
        exception: Any = None,
        response: Any = None,
        **_: Any,
    ) -> None:
        """Locust's event of a request that ended, routed or not."""
        seconds, length = (response_time or 0.0) / 1000, max(int(response_length or 0), 0)
        ticket = (context or {}).get(TICKET, 0)
        outcome = outcome_of(exception, response)
        if ticket in self._under_way:
            self._ended(ticket, outcome, seconds, length, name)
        elif not ticket and self._start is not None:
            self._note_elsewhere(name, outcome, seconds, length)

    def _await_turn(self, own: Side | None) -> Stage | None:
        """The stage that a request of ``own`` side can be sent in; None while nothing is counted."""
        while self._start is not None:
            index = self._stage_index(self.now)
            if index is None:
                self._over.wait()
                return None
            stage = self._settings.stages[index]
            if own is None or stage.side in ("both", own):
                return stage
            gevent.sleep(max(self._ends[index] - self.now, 0.0))
        return None

    def _stage_index(self, moment: float) -> int | None:
        return next((index for index, end in enumerate(self._ends) if moment < end), None)

    def _side_of(self, user: Any) -> Side:
        """Users take sides in turns, kind by kind, and keep them."""
        side: Side | None = getattr(user, _USER_SIDE, None)
        if side is None:
            side = self._users.draw(type(user).__name__)
            setattr(user, _USER_SIDE, side)
        return side

    def _drawn(self, stage: Stage | None, name: str) -> Side:
        if stage is not None and stage.name != self._stage:
            self._stage = stage.name
            self._requests.forget()
        if stage is None or stage.side == "both":
            return self._requests.draw(name)
        return stage.side

    def _count_in(self, ticket: int, stage: Stage, name: str, side: Side) -> None:
        arrival = Arrival(self.now, stage.name)
        self._under_way[ticket] = _Sent(arrival, name, side, time.perf_counter())
        self._tally.arrive(arrival)
        self._tally.start(arrival, 0.0)
        self.routed += 1

    def _ended(self, ticket: int, outcome: str, seconds: float, length: int, name: str = "") -> None:
        sent = self._under_way.pop(ticket)
        self._tally.end(sent.arrival, self._line(name or sent.name, outcome, seconds, length, sent.side))

    def _note_elsewhere(self, name: str, outcome: str, seconds: float, length: int) -> None:
        """A request that took neither side, by its start; one of a second that is written counts for the next."""
        moment = max(self.now - seconds, float(self._written))
        index = self._stage_index(moment)
        arrival = Arrival(moment, self._settings.stages[-1 if index is None else index].name)
        self._tally.arrive(arrival)
        self._tally.start(arrival, 0.0)
        self._tally.end(arrival, self._line(name, outcome, seconds, length, ""))

    def _line(self, name: str, outcome: str, seconds: float, length: int, side: Any) -> Ended:
        return Ended(self._workload, name, outcome, seconds, seconds, 0, 0, length, side)

    def _take(self, until: int) -> list[Cell | Pulse]:
        self._written = until
        cells, pulses = self._tally.take(until)
        return sorted([*cells, *pulses], key=lambda line: (line.second, isinstance(line, Pulse)))
