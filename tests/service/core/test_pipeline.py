from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.cache import Cache, MemoryTier
from service.core.errors import InvalidRequestError, ItemsFailedError, OverloadError
from service.core.limits import ConcurrencyLimit
from service.core.metrics import CACHE_LOOKUPS, ITEMS, REFUSALS, Metrics, layout_of
from service.core.pipeline import TURN_SECONDS, Pipeline
from service.core.workload import Workload
from tests.service.doubles import DictTier, FakeClock
from tests.service.sample_workload import Item, Length, Lengths, Meter, Words, words_workload

WordsPipeline = Pipeline[Words, Item, Length, Lengths]


@asynccontextmanager
async def pipeline_of(
    workload: Workload[Words, Item, Length, Lengths],
    *,
    redis: DictTier | None = None,
    limit: int = 100,
    metrics: Metrics | None = None,
    clock: Callable[[], float] = time.monotonic,
) -> AsyncIterator[WordsPipeline]:
    metrics = metrics or Metrics(layout_of([workload], (), ("memory", "redis")))
    memory = MemoryTier(1_000_000, time.monotonic)
    near, whole = Cache((memory,), metrics), Cache((memory, redis or DictTier("redis")), metrics)
    pipeline = Pipeline(workload, near=near, whole=whole, limit=ConcurrencyLimit(limit), metrics=metrics, clock=clock)
    try:
        yield pipeline
    finally:
        await pipeline.close()
        await whole.drain()


def lengths(words: Sequence[str]) -> Lengths:
    return Lengths([Length(word, len(word)) for word in words])


@pytest.mark.parametrize("lane", ["cheap", "dear"])
@given(requests=st.lists(st.lists(st.text("ab", min_size=1, max_size=3), min_size=1, max_size=20), max_size=4))
@settings(deadline=None, max_examples=40)
async def test_every_request_gets_its_own_outcomes_in_order(lane: Any, requests: list[list[str]]) -> None:
    meter = Meter()
    async with pipeline_of(words_workload(meter)) as pipeline:
        answers = await asyncio.gather(*(pipeline.answer(Words(words=tuple(words), lane=lane)) for words in requests))
    assert answers == [lengths(words) for words in requests]
    if lane == "dear":
        assert sorted(meter.measured) == sorted({word for words in requests for word in words}), "each word once"


async def test_items_of_two_lanes_in_one_request_come_back_in_order() -> None:
    workload = words_workload()
    mixed = replace(
        workload, split=lambda request: [("dear" if len(word) > 3 else "cheap", word) for word in request.words]
    )
    async with pipeline_of(mixed) as pipeline:
        words = ("a", "lodestone", "bc", "stone")
        assert await pipeline.answer(Words(words=words)) == lengths(words)


@pytest.mark.parametrize("lane", ["cheap", "dear"])
async def test_what_was_analysed_once_is_answered_from_the_cache(lane: Any) -> None:
    meter, workload = Meter(), words_workload()
    metrics = Metrics(layout_of([workload], (), ("memory", "redis")))
    async with pipeline_of(replace(workload, analyse=meter), metrics=metrics) as pipeline:
        for _ in range(3):
            assert await pipeline.answer(Words(words=("stone",), lane=lane)) == lengths(["stone"])
    assert meter.measured == ["stone"]
    assert value(metrics, ITEMS, "words", lane) == 3
    assert value(metrics, CACHE_LOOKUPS, "memory", "hit") == 2


async def test_only_dear_work_is_looked_up_and_kept_in_the_shared_cache() -> None:
    redis = DictTier("redis")
    async with pipeline_of(words_workload(), redis=redis) as pipeline:
        await pipeline.answer(Words(words=("stone",), lane="cheap"))
        assert redis.calls == 0
        await pipeline.answer(Words(words=("stone",), lane="dear"))
    assert len(redis.entries) == 1
    meter = Meter()
    async with pipeline_of(words_workload(meter), redis=redis) as pipeline:
        assert await pipeline.answer(Words(words=("stone",), lane="dear")) == lengths(["stone"])
    assert meter.measured == []


async def test_a_new_version_never_answers_from_an_old_ones_cache() -> None:
    redis, meter = DictTier("redis"), Meter()
    for version in ("1", "2"):
        async with pipeline_of(replace(words_workload(meter), version=version), redis=redis) as pipeline:
            await pipeline.answer(Words(words=("stone",), lane="dear"))
    assert meter.measured == ["stone", "stone"]


async def test_foreign_bytes_in_the_cache_are_as_good_as_none() -> None:
    redis, meter = DictTier("redis"), Meter()
    async with pipeline_of(words_workload(), redis=redis) as pipeline:
        await pipeline.answer(Words(words=("stone",), lane="dear"))
    redis.entries = dict.fromkeys(redis.entries, b"\xc1 not ours")
    async with pipeline_of(words_workload(meter), redis=redis) as pipeline:
        assert await pipeline.answer(Words(words=("stone",), lane="dear")) == lengths(["stone"])
    assert meter.measured == ["stone"]


async def test_nothing_is_kept_where_the_lane_keeps_nothing() -> None:
    redis, meter = DictTier("redis"), Meter()
    async with pipeline_of(words_workload(meter, cache_ttl=0), redis=redis) as pipeline:
        for _ in range(2):
            await pipeline.answer(Words(words=("stone",), lane="dear"))
    assert (meter.measured, redis.calls) == (["stone", "stone"], 0)


@pytest.mark.parametrize("lane", ["cheap", "dear"])
async def test_failed_items_are_named_and_the_others_are_kept(lane: Any) -> None:
    meter = Meter()
    async with pipeline_of(words_workload(meter)) as pipeline:
        with pytest.raises(ItemsFailedError) as failure:
            await pipeline.answer(Words(words=("stone", "bad", "lode", "poison"), lane=lane))
        assert failure.value.failures == {1: "too bad", 3: "the item could not be analysed"}
        meter.batches.clear()
        await pipeline.answer(Words(words=("stone", "lode"), lane=lane))
        assert meter.measured == []


async def test_no_more_requests_are_answered_at_once_than_the_limit_allows() -> None:
    meter, workload = Meter(), words_workload()
    metrics = Metrics(layout_of([workload], (), ("memory", "redis")))
    async with pipeline_of(replace(workload, analyse=meter), limit=1, metrics=metrics) as pipeline:
        meter.open.clear()
        first = asyncio.create_task(pipeline.answer(Words(words=("stone",), lane="dear")))
        await asyncio.to_thread(meter.started.wait)
        with pytest.raises(OverloadError):
            await pipeline.answer(Words(words=("lode",), lane="dear"))
        meter.open.set()
        await first
        with pytest.raises(InvalidRequestError):
            await pipeline.answer(Words(words=()))
        assert await pipeline.answer(Words(words=("lode",), lane="dear")) == lengths(["lode"])
    assert value(metrics, REFUSALS, "words", "concurrency") == 1


async def test_a_large_cheap_request_lets_others_have_their_turn() -> None:
    async with pipeline_of(words_workload(batch_items=10)) as pipeline:
        large = asyncio.create_task(pipeline.answer(Words(words=tuple(f"w{number}" for number in range(1000)))))
        turns = 0
        while not large.done():
            await asyncio.sleep(0)
            turns += 1
    assert turns >= 1000 / 10


async def test_the_slower_the_cheap_work_the_smaller_its_chunks() -> None:
    meter, clock = Meter(), FakeClock()

    def analyse(lane: str, items: Sequence[Item]) -> Any:
        clock.now += len(items) * TURN_SECONDS / 4
        return meter(lane, items)

    async with pipeline_of(words_workload(analyse, batch_items=100), clock=clock) as pipeline:
        await pipeline.answer(Words(words=tuple(f"w{number}" for number in range(120))))
    assert [len(batch) for batch in meter.batches] == [100, 4, 4, 4, 4, 4]


def value(metrics: Metrics, instrument: Any, *labels: str) -> float:
    cells = metrics.readings()[0].cells
    return float(cells[metrics.layout.offset(instrument, *labels)])
