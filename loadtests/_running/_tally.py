"""What one generator process saw, second by second; pure, the clock is the caller's.

A second is *settled* when no arrival of it can come any more and none of it is under way. Only settled
seconds are taken out, so that every (second, stage, workload, route, side) leaves a process exactly once.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Hashable
from typing import Literal, NamedTuple

from slo.histogram import Histogram
from slo.record import OK, Cell, Pulse


class Arrival(NamedTuple):
    """One request that is due: when, in seconds from the start of the run, and in which stage of the plan."""

    moment: float
    stage: str

    @property
    def second(self) -> int:
        """The second that all of its lines belong to."""
        return int(self.moment)


class Ended(NamedTuple):
    """How one request ended; durations in seconds."""

    workload: str
    route: str
    outcome: str
    latency: float
    """From the intended start."""
    service: float
    """From the actual start."""
    items: int
    request_bytes: int
    response_bytes: int
    side: Literal["", "base", "head"] = ""
    """In a duel, who got it."""


_Key = tuple[str, str, str, Literal["", "base", "head"]]
"""Stage, workload, route and side."""


def _durations() -> array[float]:
    """To append to, in some 40 ns: they become a histogram, all at once, when their second ends."""
    return array("d")


class _Cell:
    __slots__ = ("items", "latency", "outcomes", "request_bytes", "response_bytes", "service")

    def __init__(self) -> None:
        self.outcomes: Counter[str] = Counter()
        self.latency = _durations()
        self.service = _durations()
        self.items = 0
        self.request_bytes = 0
        self.response_bytes = 0


class _Second:
    __slots__ = ("cells", "cpu", "dropped", "intended", "lateness", "started", "steal", "under_way", "waiting")

    def __init__(self) -> None:
        self.cells: dict[_Key, _Cell] = {}
        self.lateness = _durations()
        self.intended = 0
        self.started = 0
        self.dropped = 0
        self.under_way = 0
        self.cpu = 0.0
        self.steal = 0.0
        self.waiting = 0.0


class Tally:
    """Counts arrivals and requests until their seconds are settled. ``generator`` names the process."""

    def __init__(self, generator: str) -> None:
        self.generator = generator
        self._seconds: dict[int, _Second] = {}
        self._next: dict[Hashable, int] = {}
        self._settled = 0

    @property
    def under_way(self) -> int:
        """Requests that arrived and have not ended."""
        return sum(second.under_way for second in self._seconds.values())

    def await_arrival(self, source: Hashable, arrival: Arrival) -> None:
        """``source`` waits for ``arrival``, its next: the second stays open for it."""
        self._next[source] = arrival.second

    def retire(self, source: Hashable) -> None:
        """``source`` will have no more arrivals."""
        self._next.pop(source, None)

    def arrive(self, arrival: Arrival) -> None:
        """An arrival fell due, and a request is on its way for it."""
        second = self._second(arrival.second)
        second.intended += 1
        second.under_way += 1

    def drop(self, arrival: Arrival) -> None:
        """An arrival fell due and was given up."""
        second = self._second(arrival.second)
        second.intended += 1
        second.dropped += 1

    def start(self, arrival: Arrival, lateness: float) -> None:
        """The arrival's request starts, ``lateness`` seconds after it was due."""
        second = self._second(arrival.second)
        second.started += 1
        second.lateness.append(lateness)

    def end(self, arrival: Arrival, ended: Ended) -> None:
        """The arrival's request ended. Only rightly answered ones enter the latencies."""
        second = self._second(arrival.second)
        second.under_way -= 1
        key = (arrival.stage, ended.workload, ended.route, ended.side)
        cell = second.cells.get(key)
        if cell is None:
            cell = second.cells[key] = _Cell()
        cell.outcomes[ended.outcome] += 1
        cell.request_bytes += ended.request_bytes
        cell.response_bytes += ended.response_bytes
        if ended.outcome == OK:
            cell.latency.append(ended.latency)
            cell.service.append(ended.service)
            cell.items += ended.items

    def beat(self, second: int, *, cpu: float, steal: float, waiting: float = 0.0) -> None:
        """The process's CPU use (1.0 is a core) and waits for it, and the machine's stolen share during ``second``."""
        entry = self._second(second)
        entry.cpu = cpu
        entry.waiting = waiting
        entry.steal = steal

    def settled(self, now: float) -> int:
        """The first second that is not settled when ``now`` seconds have passed."""
        open_seconds = (number for number, second in self._seconds.items() if second.under_way)
        return max(self._settled, min((int(now), *self._next.values(), *open_seconds)))

    def take(self, until: int) -> tuple[list[Cell], list[Pulse]]:
        """The lines of all seconds before ``until``, in order; they are forgotten here."""
        self._settled = max(self._settled, until)
        cells: list[Cell] = []
        pulses: list[Pulse] = []
        for number in sorted(number for number in self._seconds if number < until):
            second = self._seconds.pop(number)
            cells.extend(_line(number, key, cell) for key, cell in second.cells.items())
            pulses.append(
                Pulse(
                    second=number,
                    generator=self.generator,
                    intended=second.intended,
                    started=second.started,
                    dropped=second.dropped,
                    lateness=Histogram.of(second.lateness).encode(),
                    cpu=round(second.cpu, 4),
                    steal=round(second.steal, 4),
                    waiting=round(second.waiting, 4),
                )
            )
        return cells, pulses

    def _second(self, number: int) -> _Second:
        second = self._seconds.get(number)
        if second is None:
            second = self._seconds[number] = _Second()
        return second


def _line(number: int, key: _Key, cell: _Cell) -> Cell:
    stage, workload, route, side = key
    return Cell(
        second=number,
        stage=stage,
        workload=workload,
        route=route,
        outcomes=dict(cell.outcomes),
        latency=Histogram.of(cell.latency).encode(),
        service=Histogram.of(cell.service).encode(),
        items=cell.items,
        request_bytes=cell.request_bytes,
        response_bytes=cell.response_bytes,
        side=side,
    )
