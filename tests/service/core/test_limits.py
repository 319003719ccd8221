"""The limit against a server that is simulated: so many at a time, the others wait in line, interactive ones first."""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from random import Random
from typing import Any

import pytest

from service.core.call import Priority
from service.core.errors import OverloadError
from service.core.limits import RESTING, SMALLEST, TOLERANCE, ConcurrencyLimit
from service.core.metrics import CONCURRENCY_LIMIT, REQUESTS_IN_FLIGHT, Metrics, layout_of
from tests.service.doubles import FakeClock

INTERACTIVE, BULK = Priority.INTERACTIVE, Priority.BULK
SERVICE_SECONDS = 0.015
Seconds = Callable[[Random], float]


def steady(random: Random) -> float:
    return SERVICE_SECONDS * random.uniform(0.7, 1.3)


def varied(random: Random) -> float:
    return random.expovariate(1 / SERVICE_SECONDS)


@dataclass
class Account:
    """What became of the requests of one priority."""

    refused: int = 0
    latencies: list[float] = field(default_factory=list)

    @property
    def accepted_share(self) -> float:
        return len(self.latencies) / max(1, len(self.latencies) + self.refused)

    @property
    def p99(self) -> float:
        return sorted(self.latencies)[int(len(self.latencies) * 0.99)]


class Server:
    """``hands`` requests at a time, of ``service`` seconds each, behind a limit; arrivals at random.

    A load is requests per second as a multiple of what the server can do.
    """

    def __init__(self, hands: int = 2, service: Seconds = steady, seed: int = 1) -> None:
        self.clock = FakeClock()
        self.limit = ConcurrencyLimit(256, clock=self.clock)
        self.service = service
        self.capacity = hands / SERVICE_SECONDS
        self._traffic = self.limit.traffic()
        self._free = hands
        self._random = Random(seed)
        self._lines: tuple[deque[float], ...] = (deque(), deque())
        self._events: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._numbers = count()
        self._loads = [0.0, 0.0]
        self.accounts = (Account(), Account())

    def run(self, seconds: float, *, interactive: float = 0.0, bulk: float = 0.0) -> tuple[Account, Account]:
        """What became of the requests that came and went in the next ``seconds``."""
        end = self.clock.now + seconds
        self.accounts = (Account(), Account())
        for priority, load in ((INTERACTIVE, interactive), (BULK, bulk)):
            begins, self._loads[priority] = self._loads[priority] == 0.0, load
            if begins and load:
                self._arrive_next(priority)
        while self._events and self._events[0][0] <= end:
            self.clock.now, _, happen, details = heapq.heappop(self._events)
            happen(*details)
        self.clock.now = end
        return self.accounts

    def goodput(self, seconds: float) -> float:
        """Answered in ``seconds``, as a share of what the server can do."""
        return sum(len(account.latencies) for account in self.accounts) / seconds / self.capacity

    def _at(self, moment: float, happen: Callable[..., None], *details: Any) -> None:
        heapq.heappush(self._events, (moment, next(self._numbers), happen, details))

    def _arrive_next(self, priority: Priority) -> None:
        if self._loads[priority]:
            gap = self._random.expovariate(self._loads[priority] * self.capacity)
            self._at(self.clock.now + gap, self._arrive, priority)

    def _arrive(self, priority: Priority) -> None:
        self._arrive_next(priority)
        try:
            self.limit.enter(priority)
        except OverloadError:
            self.accounts[priority].refused += 1
            return
        self._lines[priority].append(self.clock.now)
        self._serve()

    def _serve(self) -> None:
        while self._free and any(self._lines):
            priority = INTERACTIVE if self._lines[INTERACTIVE] else BULK
            arrived = self._lines[priority].popleft()
            self._free -= 1
            self._at(self.clock.now + self.service(self._random), self._end, priority, arrived, self.clock.now)

    def _end(self, priority: Priority, arrived: float, began: float) -> None:
        self._free += 1
        self.limit.leave(priority)
        self.limit.note(self._traffic, priority, 1, self.clock.now - began, began - arrived)
        self.accounts[priority].latencies.append(self.clock.now - arrived)
        self._serve()


@pytest.mark.parametrize("hands", [1, 2, 8])
@pytest.mark.parametrize(("priority", "slower"), [(INTERACTIVE, 2.0), (BULK, 1.5 + TOLERANCE[BULK])])
def test_ten_times_the_load_costs_neither_goodput_nor_latency(hands: int, priority: Priority, slower: float) -> None:
    server = Server(hands)
    name = priority.name.lower()
    unloaded = server.run(30, **{name: 0.05})[priority].p99
    server.run(5, **{name: 10.0})
    flooded = server.run(15, **{name: 10.0})[priority]
    assert server.goodput(15) >= 0.9
    assert flooded.p99 <= slower * unloaded


@pytest.mark.parametrize("service", [steady, varied])
@pytest.mark.parametrize("hands", [1, 2, 8])
def test_a_flood_of_bulk_leaves_room_for_those_who_wait(hands: int, service: Seconds) -> None:
    server = Server(hands, service)
    server.run(5, interactive=0.3, bulk=10)
    interactive, bulk = server.run(15, interactive=0.3, bulk=10)
    assert interactive.accepted_share >= 0.994
    assert bulk.accepted_share < 0.1
    assert server.goodput(15) >= 0.9


@pytest.mark.parametrize("hands", [1, 2, 8])
def test_mere_noise_closes_nothing(hands: int) -> None:
    server = Server(hands, varied)
    interactive, _ = server.run(60, interactive=0.5)
    assert interactive.accepted_share >= 0.999
    assert server.limit.room(INTERACTIVE) > 10 * SMALLEST[INTERACTIVE]


def test_a_part_of_a_place_lets_one_more_in_from_time_to_time() -> None:
    clock = FakeClock()
    limit = ConcurrencyLimit(256, clock=clock)
    lane = limit.traffic()
    for _ in range(1000):
        clock.now += 0.005
        limit.note(lane, INTERACTIVE, 1, 0.015, 0.3)
    limit.enter(INTERACTIVE)
    admitted = 0
    for _ in range(100):
        try:
            limit.enter(INTERACTIVE)
        except OverloadError:
            continue
        limit.leave(INTERACTIVE)
        admitted += 1
    assert admitted == 100 * (SMALLEST[INTERACTIVE] - 1)


def test_bulk_in_flight_takes_no_room_from_the_last_who_wait() -> None:
    clock = FakeClock()
    limit = ConcurrencyLimit(256, clock=clock)
    lane = limit.traffic()
    limit.enter(BULK)
    limit.enter(BULK)
    for _ in range(1000):
        clock.now += 0.005
        limit.note(lane, INTERACTIVE, 1, 0.015, 0.3)
    limit.enter(INTERACTIVE)
    with pytest.raises(OverloadError, match="bulk"):
        limit.enter(BULK)


def test_a_slow_spell_closes_and_its_end_opens_again() -> None:
    server = Server(2)
    server.run(10, interactive=0.5)
    server.service = lambda random: 5 * steady(random)
    server.run(10, interactive=0.5)
    assert server.limit.room(INTERACTIVE) < RESTING[INTERACTIVE] / 4
    server.service = steady
    server.run(20, interactive=0.5)
    assert server.limit.room(INTERACTIVE) >= RESTING[INTERACTIVE]
    assert server.run(10, interactive=0.5)[INTERACTIVE].refused == 0


def test_a_quiet_time_opens_what_a_busy_one_closed() -> None:
    server = Server(2)
    server.run(10, interactive=10, bulk=10)
    assert server.limit.room(INTERACTIVE) < RESTING[INTERACTIVE]
    server.run(10)
    server.limit.enter(INTERACTIVE)
    assert (server.limit.room(INTERACTIVE), server.limit.room(BULK)) == RESTING


def test_a_lane_that_is_fast_does_not_hide_one_that_is_overrun() -> None:
    clock = FakeClock()
    limit = ConcurrencyLimit(256, clock=clock)
    fast, dear = limit.traffic(), limit.traffic()
    for _ in range(1000):
        clock.now += 0.005
        limit.note(fast, INTERACTIVE, 1, 0.0002, 0.0)
        limit.note(dear, INTERACTIVE, 1, 0.015, 0.3)
    assert limit.room(INTERACTIVE) == int(SMALLEST[INTERACTIVE])


def test_bulk_gives_way_before_those_who_wait_are_refused() -> None:
    server = Server(2)
    server.run(10, interactive=0.3, bulk=10)
    assert server.limit.room(BULK) <= RESTING[BULK] / 2
    assert server.limit.room(INTERACTIVE) == RESTING[INTERACTIVE]
    server.run(10, interactive=10, bulk=10)
    assert server.limit.room(BULK) == SMALLEST[BULK]
    assert server.limit.room(INTERACTIVE) < RESTING[INTERACTIVE] / 4


def test_the_longer_the_refused_would_wait_the_later_they_are_called_back() -> None:
    def retry_after(load: float) -> float:
        server = Server(2)
        server.run(10, bulk=load)
        while True:
            try:
                server.limit.enter(BULK)
            except OverloadError as refusal:
                return refusal.retry_after

    assert 1 <= retry_after(1.5) < 3 < retry_after(10) < 20


def test_never_more_than_the_largest_and_bulk_only_a_share() -> None:
    metrics = Metrics(layout_of((), (), ()))
    limit = ConcurrencyLimit(8, metrics.limit())
    admitted = dict.fromkeys((BULK, INTERACTIVE), 0)
    for priority in admitted:
        for _ in range(10):
            try:
                limit.enter(priority)
            except OverloadError:
                break
            admitted[priority] += 1
    assert admitted == {BULK: 2, INTERACTIVE: 6}
    cells = metrics.readings()[0].cells
    shown = [
        [cells[metrics.layout.offset(instrument, name)] for name in ("interactive", "bulk")]
        for instrument in (CONCURRENCY_LIMIT, REQUESTS_IN_FLIGHT)
    ]
    assert shown == [[8, 2], [6, 2]]
    limit.leave(BULK)
    limit.enter(INTERACTIVE)
    with pytest.raises(OverloadError, match="bulk"):
        limit.enter(BULK)
