from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from service.core.batcher import Batcher
from service.core.call import Priority
from service.core.errors import AnalysisError, OverloadError, QueueFullError, WaitedTooLongError
from service.core.flight import Flight
from service.core.loop_batcher import LoopBatcher
from service.core.metrics import Metrics, layout_of
from service.core.pool import SWITCH_SECONDS, ComputePool
from service.core.thread_batcher import ThreadBatcher
from service.core.workload import Lane
from tests.service.cache_rig import until
from tests.service.doubles import FakeClock
from tests.service.sample_workload import Item, Length, Meter, words_workload

INTERACTIVE, BULK = Priority.INTERACTIVE, Priority.BULK
WordFlight = Flight[Item, Length]
SIZE = 10


class Ground:
    """Where flights end; knows what became of each."""

    def __init__(self) -> None:
        self.outcomes: dict[str, Length | AnalysisError] = {}
        self.refused: dict[str, OverloadError] = {}

    def land(
        self,
        batch: Sequence[WordFlight],
        outcomes: Sequence[Length | AnalysisError],
        began_at: float,
        seconds: float,
    ) -> None:
        self.outcomes |= zip((flight.key for flight in batch), outcomes, strict=True)

    def refuse(self, flights: Sequence[WordFlight], error: OverloadError) -> None:
        self.refused |= dict.fromkeys((flight.key for flight in flights), error)

    async def landed(self, *words: str) -> None:
        await until(lambda: self.outcomes.keys() >= set(words))


def flights(*words: str) -> list[WordFlight]:
    return [Flight(word, ("dear", word), SIZE) for word in words]


def lane_of(**changes: Any) -> Lane:
    return replace(words_workload(batch_items=100).lanes[1], **changes)


Analyse = Callable[[str, Sequence[Item]], Sequence[Length | AnalysisError]]
Opened = AsyncIterator[tuple[Batcher[Item, Length], Ground]]


@asynccontextmanager
async def threads(
    analyse: Analyse, clock: Callable[[], float] = time.monotonic, pool_threads: int = 8, **lane: Any
) -> Opened:
    ground = Ground()
    meters = Metrics(layout_of([words_workload()], (), ())).lane("words", "dear")
    with ComputePool(pool_threads) as pool:
        try:
            yield ThreadBatcher(lane_of(**lane), analyse, ground, meters, clock, pool), ground
        finally:
            if isinstance(analyse, Meter):
                analyse.open.set()


@asynccontextmanager
async def on_loop(analyse: Analyse, clock: Callable[[], float] = time.monotonic, **lane: Any) -> Opened:
    ground = Ground()
    meters = Metrics(layout_of([words_workload()], (), ())).lane("words", "cheap")
    yield LoopBatcher(lane_of(name="cheap", threads=0, **lane), analyse, ground, meters, clock), ground


class Gate(Meter):
    """A meter that knows which batches have begun."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: list[int] = []

    def __call__(self, lane: str, items: Sequence[Item]) -> list[Length | AnalysisError]:
        self.begun.append(len(items))
        return super().__call__(lane, items)


async def warm(batcher: Batcher[Item, Length], ground: Ground) -> None:
    """Have the batcher see a pace."""
    batcher.submit(flights("warm"), INTERACTIVE)
    await ground.landed("warm")


async def busy(batcher: Batcher[Item, Length], meter: Meter) -> None:
    """Make the only thread wait inside an analysis of ``first``."""
    meter.open.clear()
    meter.started.clear()
    batcher.submit(flights("first"), INTERACTIVE)
    await asyncio.to_thread(meter.started.wait)


def paced(clock: FakeClock, meter: Meter, seconds: float) -> Callable[[str, Sequence[Item]], Any]:
    """Analyses at a pace: so many seconds an item."""

    def analyse(lane: str, items: Sequence[Item]) -> Any:
        clock.now += len(items) * seconds
        return meter(lane, items)

    return analyse


async def test_what_arrives_while_the_thread_works_is_analysed_together_as_far_as_it_fits() -> None:
    meter = Meter()
    async with threads(meter, clock=FakeClock(), batch_items=4) as (batcher, ground):
        await busy(batcher, meter)
        for word in ("a", "bb", "ccc", "dddd", "eeeee"):
            batcher.submit(flights(word), INTERACTIVE)
        meter.open.set()
        await ground.landed("eeeee")
    assert meter.batches == [["first"], ["a", "bb", "ccc", "dddd"], ["eeeee"]]
    assert ground.outcomes["ccc"] == Length("ccc", 3)


async def test_free_threads_share_what_waits() -> None:
    gate = Gate()
    async with threads(gate, clock=FakeClock(), threads=4) as (batcher, ground):
        await warm(batcher, ground)
        gate.open.clear()
        batcher.submit(flights(*"abcdefgh"), INTERACTIVE)
        await until(lambda: gate.begun == [1, 2, 2, 2, 2])


async def test_a_lane_has_no_more_threads_than_the_pool() -> None:
    gate = Gate()
    async with threads(gate, clock=FakeClock(), pool_threads=1, threads=4) as (batcher, ground):
        await busy(batcher, gate)
        batcher.submit(flights("a"), INTERACTIVE)
        batcher.submit(flights("b"), INTERACTIVE)
        gate.open.set()
        await ground.landed("a", "b")
    assert gate.begun == [1, 2]


async def test_a_batch_waits_for_company_until_its_oldest_item_is_old_enough() -> None:
    meter = Meter()
    async with threads(meter, batch_wait=0.05) as (batcher, ground):
        await warm(batcher, ground)
        batcher.submit(flights("a"), INTERACTIVE)
        batcher.submit(flights("b"), INTERACTIVE)
        await ground.landed("a", "b")
    assert meter.batches == [["warm"], ["a", "b"]]


async def test_a_full_batch_waits_for_nothing() -> None:
    meter = Meter()
    async with threads(meter, batch_items=2, batch_wait=3600.0) as (batcher, ground):
        batcher.submit(flights("a", "b"), INTERACTIVE)
        batcher.submit(flights("c"), INTERACTIVE)
        await ground.landed(*"abc")


async def test_the_loop_gets_its_turn_while_a_thread_computes_in_python() -> None:
    stop = threading.Event()

    def analyse(lane: str, items: Sequence[Item]) -> list[Length | AnalysisError]:
        while not stop.is_set():
            sum(range(1000))
        return [Length(word, len(word)) for _, word in items]

    async with threads(analyse) as (batcher, ground):
        batcher.submit(flights("endless"), INTERACTIVE)
        for _ in range(100):
            await asyncio.sleep(0)
        assert not ground.outcomes
        assert sys.getswitchinterval() <= SWITCH_SECONDS
        stop.set()
        await ground.landed("endless")


async def test_what_comes_in_one_turn_of_the_loop_is_one_batch() -> None:
    meter = Meter()
    async with on_loop(meter, FakeClock()) as (batcher, ground):
        await warm(batcher, ground)
        for number in range(16):
            batcher.submit(flights(f"w{number}"), INTERACTIVE)
        assert len(meter.batches) == 1, "nothing is analysed before the others have had their turn"
        await asyncio.sleep(0)
        assert len(ground.outcomes) == 17
    assert [len(batch) for batch in meter.batches] == [1, 16]


async def test_a_lone_item_waits_for_one_turn_of_the_loop_and_no_longer() -> None:
    async with on_loop(Meter(), batch_wait=3600.0) as (batcher, ground):
        batcher.submit(flights("alone"), INTERACTIVE)
        await asyncio.sleep(0)
        assert ground.outcomes


@pytest.mark.parametrize("where", [on_loop, threads])
async def test_a_batch_is_as_large_as_fits_into_its_time(where: Callable[..., Any]) -> None:
    meter, clock = Meter(), FakeClock()
    analyse = paced(clock, meter, 0.01)
    words = [f"w{number}" for number in range(21)]
    async with where(analyse, clock, batch_seconds=0.0501) as (batcher, ground):
        await warm(batcher, ground)
        batcher.submit(flights(*words), BULK)
        await ground.landed(*words)
    assert [len(batch) for batch in meter.batches] == [1, 5, 5, 5, 5, 1]


async def test_others_have_their_turn_between_the_batches_on_the_loop() -> None:
    meter, clock = Meter(), FakeClock()
    words = [f"w{number}" for number in range(1000)]
    analyse = paced(clock, meter, 0.001)
    async with on_loop(analyse, clock, batch_seconds=0.01, queue_items=2000) as (batcher, ground):
        batcher.submit(flights(*words), BULK)
        turns = 0
        while len(ground.outcomes) < len(words):
            await asyncio.sleep(0)
            turns += 1
            assert ("person" in ground.outcomes) == (turns > 10)
            if turns == 10:
                batcher.submit(flights("person"), INTERACTIVE)
    assert turns >= 100


async def test_a_full_queue_takes_on_nothing_and_says_when_to_come_back() -> None:
    meter = Meter()
    async with threads(meter, queue_items=2) as (batcher, ground):
        await busy(batcher, meter)
        batcher.submit(flights("a"), INTERACTIVE)
        with pytest.raises(QueueFullError) as refusal:
            batcher.submit(flights("b", "c"), INTERACTIVE)
        assert refusal.value.retry_after >= 1
        batcher.submit(flights("d"), INTERACTIVE)
        meter.open.set()
        await ground.landed("a", "d")
    assert sorted(meter.measured) == ["a", "d", "first"]


async def test_a_queue_that_cannot_be_worked_off_in_time_takes_on_nothing() -> None:
    clock, meter = FakeClock(), Meter()
    async with on_loop(paced(clock, meter, 1.0), clock, queue_seconds=10.0) as (batcher, ground):
        await warm(batcher, ground)
        batcher.submit(flights(*(f"w{number}" for number in range(11))), BULK)
        with pytest.raises(QueueFullError) as refusal:
            batcher.submit(flights("late"), INTERACTIVE)
    assert refusal.value.retry_after == 11


async def test_what_waited_longer_than_it_may_is_refused_and_not_analysed() -> None:
    meter = Meter()
    async with threads(meter, queue_seconds=0.02) as (batcher, ground):
        await busy(batcher, meter)
        batcher.submit(flights("late"), INTERACTIVE)
        await until(lambda: "late" in ground.refused)
        meter.open.set()
        await ground.landed("first")
    assert isinstance(ground.refused["late"], WaitedTooLongError)
    assert meter.measured == ["first"]


@pytest.mark.parametrize("where", [on_loop, threads])
@pytest.mark.parametrize(("bad", "reason"), [("bad", "too bad"), ("poison", "the item could not be analysed")])
async def test_a_bad_item_fails_alone(where: Callable[..., Any], bad: str, reason: str) -> None:
    words = ("good", bad, "fine")
    async with where(Meter(), FakeClock()) as (batcher, ground):
        await warm(batcher, ground)
        batcher.submit(flights(*words), INTERACTIVE)
        await ground.landed(*words)
    assert (ground.outcomes["good"], ground.outcomes["fine"]) == (Length("good", 4), Length("fine", 4))
    failure = ground.outcomes[bad]
    assert isinstance(failure, AnalysisError)
    assert failure.reason == reason
