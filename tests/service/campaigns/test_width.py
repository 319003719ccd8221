"""The width against origins and machines that are simulated: it finds the fewest items at a time that lose nothing."""

from __future__ import annotations

import heapq
from collections.abc import Callable
from random import Random

import pytest

from service.campaigns.width import RUNGS, Width
from tests.service.doubles import FakeClock

Seconds = Callable[[float], float]


class World:
    """Items wait ``latency`` seconds for an origin, then for one of ``hands``, which take ``work`` seconds each."""

    def __init__(self, latency: float, hands: int, work: float, seed: int = 1) -> None:
        self.clock = FakeClock()
        self.width = Width(self.clock)
        self.latency = latency
        self.work = work
        self.random = Random(seed)
        self.free = [0.0] * hands
        self.arrivals: list[float] = []
        self.widths: list[int] = []
        self.done = 0

    def run(self, seconds: float) -> None:
        ends = self.clock.now + seconds
        while self.clock.now < ends:
            while self.width.in_flight < self.width.items:
                self.width.begin(1)
                fetched = self.clock.now + self.latency * self.random.uniform(0.5, 1.5)
                begun = max(fetched, heapq.heappop(self.free))
                done = begun + self.work * self.random.uniform(0.7, 1.3)
                heapq.heappush(self.free, done)
                heapq.heappush(self.arrivals, done)
            self.clock.now = heapq.heappop(self.arrivals)
            self.width.end(1)
            self.widths.append(self.width.items)
            self.done += 1

    def rate(self, seconds: float) -> float:
        """Items a second in the next ``seconds``."""
        before, began = self.done, self.clock.now
        self.run(seconds)
        return (self.done - before) / (self.clock.now - began)


@pytest.mark.parametrize(
    ("latency", "hands", "work"),
    [(0.0001, 2, 0.02), (0.2, 2, 0.02), (0.5, 2, 0.005), (1.0, 1, 0.02), (0.05, 8, 0.1), (0.0001, 1, 0.0001)],
)
def test_it_loses_little_of_what_can_be_had_and_keeps_few_waiting(latency: float, hands: int, work: float) -> None:
    world = World(latency, hands, work)
    world.run(120.0)

    rate = world.rate(60.0)
    best = hands / work
    needed = best * (latency + work)
    assert rate >= 0.85 * best
    recent = world.widths[-int(rate * 60) :]
    assert sum(recent) / len(recent) <= max(12.0, 4 * needed)


def test_it_follows_an_origin_that_becomes_slow_and_recovers() -> None:
    world = World(0.1, 2, 0.02)
    world.run(120.0)
    world.latency = 1.0
    world.run(120.0)
    assert world.rate(30.0) >= 0.8 * 100
    world.latency = 0.1
    world.run(300.0)

    assert world.rate(30.0) >= 0.8 * 100
    assert world.widths[-1] <= 64


def test_refused_items_make_it_narrow_once_for_those_that_went_together() -> None:
    clock = FakeClock()
    width = Width(clock)
    before = width.items
    width.begin(8)
    for _ in range(8):
        width.overload(1)

    assert (width.items, width.in_flight) == (before / 2, 0)
    clock.now += 10.0
    width.begin(4)
    width.overload(4)
    assert width.items == before / 4


def test_an_empty_hand_teaches_nothing() -> None:
    clock = FakeClock()
    width = Width(clock)
    before = width.items
    for _ in range(200):
        width.begin(2)
        clock.now += 0.1
        width.end(2)
        width.starve()

    assert width.items == before
    assert before in RUNGS
