from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import pytest

from service.core.batcher import Batcher
from service.core.errors import AnalysisError, QueueFullError
from service.core.metrics import Metrics, layout_of
from tests.service.sample_workload import Item, Length, Meter, words_workload

Kept = dict[str, Length | AnalysisError]


@asynccontextmanager
async def batcher_of(meter: Meter, **lane: Any) -> AsyncIterator[tuple[Batcher[Item, Length], Kept]]:
    workload = words_workload(meter, **lane)
    kept: Kept = {}

    async def keep(outcomes: Mapping[str, Length | AnalysisError]) -> None:
        kept.update(outcomes)

    metrics = Metrics(layout_of([workload], (), ()))
    batcher = Batcher(workload.lanes[1], meter, keep, metrics.lane("words", "dear"))
    try:
        yield batcher, kept
    finally:
        meter.open.set()
        await batcher.close()


def work(*words: str) -> dict[str, Item]:
    return {word: ("dear", word) for word in words}


async def busy(batcher: Batcher[Item, Length], meter: Meter) -> asyncio.Task[Any]:
    """Make the only thread wait inside an analysis of ``first``."""
    meter.open.clear()
    task = asyncio.create_task(batcher.analyse(work("first")))
    await asyncio.to_thread(meter.started.wait)
    return task


async def test_what_arrives_while_the_thread_works_is_analysed_together() -> None:
    meter = Meter()
    async with batcher_of(meter, batch_items=4) as (batcher, _):
        first = await busy(batcher, meter)
        others = [asyncio.create_task(batcher.analyse(work(word))) for word in ("a", "bb", "ccc", "dddd", "eeeee")]
        await asyncio.sleep(0)
        meter.open.set()
        await asyncio.gather(first, *others)
        assert meter.batches == [["first"], ["a", "bb", "ccc", "dddd"], ["eeeee"]]
        assert others[2].result() == {"ccc": Length("ccc", 3)}


async def test_a_batch_waits_for_company_until_its_oldest_item_is_old_enough() -> None:
    meter = Meter()
    async with batcher_of(meter, batch_items=100, batch_wait=0.05) as (batcher, _):
        await asyncio.gather(batcher.analyse(work("a")), batcher.analyse(work("b")))
        assert meter.batches == [["a", "b"]]


async def test_a_full_batch_waits_for_nothing() -> None:
    meter = Meter()
    async with batcher_of(meter, batch_items=2, batch_wait=3600.0) as (batcher, _):
        await asyncio.gather(batcher.analyse(work("a")), batcher.analyse(work("b")))
        assert meter.batches == [["a", "b"]]


async def test_a_full_queue_takes_on_nothing_and_says_when_to_come_back() -> None:
    meter = Meter()
    async with batcher_of(meter, queue_items=2) as (batcher, _):
        first = await busy(batcher, meter)
        waiting = asyncio.create_task(batcher.analyse(work("a")))
        await asyncio.sleep(0)
        with pytest.raises(QueueFullError) as refusal:
            await batcher.analyse(work("b", "c"))
        assert refusal.value.retry_after >= 1
        fitting = asyncio.create_task(batcher.analyse(work("d")))
        await asyncio.sleep(0)
        meter.open.set()
        await asyncio.gather(first, waiting, fitting)
        assert sorted(meter.measured) == ["a", "d", "first"]


async def test_a_bad_item_fails_alone() -> None:
    meter = Meter()
    async with batcher_of(meter) as (batcher, kept):
        outcomes = await batcher.analyse(work("good", "bad", "fine"))
        assert outcomes["good"] == Length("good", 4)
        assert outcomes["fine"] == Length("fine", 4)
        assert isinstance(outcomes["bad"], AnalysisError)
        assert outcomes["bad"].reason == "too bad"
        assert kept == outcomes


async def test_an_item_that_breaks_its_batch_fails_alone() -> None:
    meter = Meter()
    async with batcher_of(meter) as (batcher, _):
        outcomes = await batcher.analyse(work("good", "poison", "fine"))
        assert outcomes["good"] == Length("good", 4)
        assert outcomes["fine"] == Length("fine", 4)
        assert isinstance(outcomes["poison"], AnalysisError)


async def test_equal_items_in_flight_are_analysed_once_even_when_the_first_caller_leaves() -> None:
    meter = Meter()
    async with batcher_of(meter) as (batcher, kept):
        first = await busy(batcher, meter)
        second = asyncio.create_task(batcher.analyse(work("first")))
        await asyncio.sleep(0)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        meter.open.set()
        assert await second == {"first": Length("first", 5)} == kept
        assert meter.batches == [["first"]]


async def test_an_answer_that_cannot_be_kept_is_still_given() -> None:
    meter = Meter()
    workload = words_workload(meter)

    async def keep(outcomes: Mapping[str, Length | AnalysisError]) -> None:
        raise OSError("disk full")

    batcher = Batcher(workload.lanes[1], meter, keep, Metrics(layout_of([workload], (), ())).lane("words", "dear"))
    assert await batcher.analyse(work("a")) == {"a": Length("a", 1)}
    await batcher.close()
