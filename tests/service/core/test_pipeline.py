from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.core.call import Call, Priority, Timing
from service.core.errors import InvalidRequestError, ItemsFailedError, OverloadError, WaitedTooLongError
from service.core.limits import RESTING, ConcurrencyLimit
from service.core.memory_accounts import MemoryAccount
from service.core.memory_watch import MemoryWatch
from service.core.metrics import FAILED_ITEMS, ITEMS, REFUSALS, Metrics, layout_of
from service.core.pipeline import Pipeline
from service.core.workload import CachePolicy, Workload
from tests.service.cache_rig import GatedTier, Rig, until
from tests.service.doubles import DictTier, FakeClock
from tests.service.sample_workload import Item, Length, Lengths, Meter, Words, words_workload

WordsPipeline = Pipeline[Words, Item, Length, Lengths]
WordsWorkload = Workload[Words, Item, Length, Lengths]
LANES = pytest.mark.parametrize("lane", ["cheap", "dear"])


@asynccontextmanager
async def pipeline_of(
    workload: WordsWorkload, rig: Rig | None = None, *, limit: ConcurrencyLimit | None = None, **parts: Any
) -> AsyncIterator[tuple[WordsPipeline, Metrics]]:
    rig = rig or Rig()
    metrics = Metrics(layout_of([workload], (), ()))
    limit = limit or ConcurrencyLimit(100)
    pipeline = Pipeline(workload, cache=rig.cache, limit=limit, metrics=metrics, clock=rig.clock, **parts)
    try:
        yield pipeline, metrics
    finally:
        await pipeline.close()
        await rig.cache.close()


def with_policy(workload: WordsWorkload, **policy: Any) -> WordsWorkload:
    lanes = tuple(replace(lane, cache=CachePolicy(**{"ttl": 60.0, "jitter": 0.0, **policy})) for lane in workload.lanes)
    return replace(workload, lanes=lanes)


async def ask(pipeline: WordsPipeline, *words: str, lane: Any = "dear", **call: Any) -> Lengths:
    return await pipeline.answer(Words(words=words, lane=lane), Call(**call))


def lengths(words: Sequence[str]) -> Lengths:
    return Lengths([Length(word, len(word)) for word in words])


def value(metrics: Metrics, instrument: Any, *labels: str) -> float:
    cells = metrics.readings()[0].cells
    return float(cells[metrics.layout.offset(instrument, *labels)])


@LANES
@given(requests=st.lists(st.lists(st.text("ab", min_size=1, max_size=3), min_size=1, max_size=20), max_size=4))
@settings(deadline=None, max_examples=40)
async def test_every_request_gets_its_own_outcomes_in_order(lane: Any, requests: list[list[str]]) -> None:
    meter = Meter()
    async with pipeline_of(words_workload(meter)) as (pipeline, _):
        answers = await asyncio.gather(*(ask(pipeline, *words, lane=lane) for words in requests))
    assert answers == [lengths(words) for words in requests]
    assert sorted(meter.measured) == sorted({word for words in requests for word in words}), "each word once"


async def test_items_of_two_lanes_in_one_request_come_back_in_order() -> None:
    workload = words_workload()
    mixed = replace(
        workload, split=lambda request: [("dear" if len(word) > 3 else "cheap", word) for word in request.words]
    )
    async with pipeline_of(mixed) as (pipeline, _):
        words = ("a", "lodestone", "bc", "stone")
        assert await ask(pipeline, *words) == lengths(words)


@LANES
async def test_what_was_analysed_once_is_answered_from_memory(lane: Any) -> None:
    meter = Meter()
    async with pipeline_of(words_workload(meter)) as (pipeline, metrics):
        for _ in range(3):
            call = Call()
            assert await pipeline.answer(Words(words=("stone", "lode"), lane=lane), call) == lengths(["stone", "lode"])
            ((counted, number),) = call.counts
            assert number == 2
    assert sorted(meter.measured) == ["lode", "stone"]
    assert value(metrics, ITEMS, "words", lane) == 6
    counted.add(number)
    assert value(metrics, ITEMS, "words", lane) == 8, "the same call again counts as it did"


async def test_only_dear_work_is_looked_up_and_kept_in_the_far_tiers() -> None:
    redis = DictTier("redis")
    async with pipeline_of(words_workload(), Rig(redis)) as (pipeline, _):
        await ask(pipeline, "stone", lane="cheap")
        assert redis.calls == 0
        await ask(pipeline, "stone", lane="dear")
    assert len(redis.entries) == 1
    meter = Meter()
    async with pipeline_of(words_workload(meter), Rig(redis)) as (pipeline, _):
        assert await ask(pipeline, "stone", "lode") == lengths(["stone", "lode"])
    assert meter.measured == ["lode"]


@pytest.mark.parametrize(("shared", "analysed"), [(False, 2), (True, 1)])
async def test_one_tenant_is_answered_from_anothers_outcomes_only_where_they_are_shared(
    shared: bool, analysed: int
) -> None:
    meter, redis = Meter(), DictTier("redis")
    workload = replace(words_workload(meter), shares_outcomes=shared)
    async with pipeline_of(workload, Rig(redis)) as (pipeline, _):
        for tenant in ("acme", "umbrella"):
            await ask(pipeline, "stone", tenant=tenant)
    assert len(meter.measured) == len(redis.entries) == analysed


async def test_a_new_version_never_answers_from_an_old_ones_cache() -> None:
    redis, meter = DictTier("redis"), Meter()
    for version in ("1", "2"):
        async with pipeline_of(replace(words_workload(meter), version=version), Rig(redis)) as (pipeline, _):
            await ask(pipeline, "stone")
    assert meter.measured == ["stone", "stone"]


async def test_foreign_bytes_in_the_cache_are_as_good_as_none() -> None:
    meter, rig = Meter(), Rig()
    async with pipeline_of(words_workload(meter), rig) as (pipeline, _):
        await ask(pipeline, "stone")
        (key,) = rig.memory._store._entries
        rig.cache.keep({str(key): b"\xc1 not ours"}, CachePolicy(ttl=60.0))
        assert await ask(pipeline, "stone") == lengths(["stone"])
    assert meter.measured == ["stone", "stone"]


async def test_nothing_is_kept_where_the_lane_keeps_nothing() -> None:
    redis, meter = DictTier("redis"), Meter()
    async with pipeline_of(words_workload(meter, cache_ttl=0), Rig(redis)) as (pipeline, _):
        for _ in range(2):
            await ask(pipeline, "stone")
    assert (meter.measured, redis.calls) == (["stone", "stone"], 0)


@LANES
async def test_failed_items_are_named_and_the_others_are_kept(lane: Any) -> None:
    meter = Meter()
    async with pipeline_of(words_workload(meter)) as (pipeline, metrics):
        with pytest.raises(ItemsFailedError) as failure:
            await ask(pipeline, "stone", "bad", "lode", "poison", lane=lane)
        assert failure.value.failures == {1: "too bad", 3: "the item could not be analysed"}
        meter.batches.clear()
        await ask(pipeline, "stone", "lode", lane=lane)
        assert meter.measured == []
        assert value(metrics, FAILED_ITEMS, "words", lane) == 2


@pytest.mark.parametrize(("negative", "analysed"), [(0.0, 2), (10.0, 1)])
async def test_a_failure_is_kept_for_as_long_as_the_policy_says(negative: float, analysed: int) -> None:
    meter, rig = Meter(), Rig()
    async with pipeline_of(with_policy(words_workload(meter), negative=negative), rig) as (pipeline, _):
        for _ in range(2):
            with pytest.raises(ItemsFailedError, match="1 of 1"):
                await ask(pipeline, "bad")
        assert meter.measured == ["bad"] * analysed
        rig.clock.now += 11
        with pytest.raises(ItemsFailedError):
            await ask(pipeline, "bad")
    assert meter.measured == ["bad"] * (analysed + 1)


@LANES
async def test_a_stale_outcome_answers_at_once_and_is_made_anew_once(lane: Any) -> None:
    meter, rig = Meter(), Rig()
    async with pipeline_of(with_policy(words_workload(meter), stale=100.0), rig) as (pipeline, _):
        await ask(pipeline, "stone", lane=lane)
        rig.clock.now += 61
        meter.open.clear()
        if lane == "dear":  # the loop itself would wait for a meter that is closed
            assert await ask(pipeline, "stone", lane=lane) == await ask(pipeline, "stone", lane=lane)
        meter.open.set()
        await ask(pipeline, "stone", lane=lane)
        await until(lambda: meter.measured == ["stone", "stone"])
        await ask(pipeline, "stone", lane=lane)
    assert meter.measured == ["stone", "stone"]


async def test_equal_items_in_flight_are_looked_up_and_analysed_once_whoever_goes_away() -> None:
    redis, meter = GatedTier("redis"), Meter()
    rig = Rig(redis)
    async with pipeline_of(words_workload(meter), rig) as (pipeline, _):
        callers = [asyncio.create_task(ask(pipeline, "stone", str(number % 2))) for number in range(6)]
        await redis.asked.wait()
        callers[0].cancel()
        with suppress(asyncio.CancelledError):
            await callers[0]
        assert redis.calls == 2, "one look-up for what each of the two questions adds"
        redis.gate.set()
        await asyncio.to_thread(meter.started.wait)
        callers[1].cancel()
        answers = await asyncio.gather(*callers, return_exceptions=True)
        assert answers[2:] == [lengths(["stone", str(number % 2)]) for number in range(2, 6)]
        assert sorted(meter.measured) == ["0", "1", "stone"]


async def test_work_whose_only_caller_goes_away_still_ends_in_the_cache() -> None:
    meter, redis = Meter(), DictTier("redis")
    meter.open.clear()
    async with pipeline_of(words_workload(meter), Rig(redis)) as (pipeline, _):
        caller = asyncio.create_task(ask(pipeline, "stone"))
        await asyncio.to_thread(meter.started.wait)
        caller.cancel()
        with suppress(asyncio.CancelledError):
            await caller
        meter.open.set()
    assert len(redis.entries) == 1
    assert meter.measured == ["stone"]


async def test_what_a_far_tier_cannot_say_is_analysed() -> None:
    redis = DictTier("redis")
    redis.away = True
    async with pipeline_of(words_workload(), Rig(redis)) as (pipeline, _):
        assert await ask(pipeline, "stone") == lengths(["stone"])


async def test_a_call_is_admitted_while_there_is_room_and_refusals_are_counted_by_reason_and_priority() -> None:
    async with pipeline_of(words_workload(), limit=ConcurrencyLimit(4)) as (pipeline, metrics):
        person, program = Call(), Call(priority=Priority.BULK)
        tickets = [pipeline.admit(person)]
        with pytest.raises(OverloadError):
            pipeline.admit(program)
        tickets += [pipeline.admit(Call()) for _ in range(3)]
        with pytest.raises(OverloadError):
            pipeline.admit(Call())
        for ticket in tickets:
            pipeline.leave(ticket)
        pipeline.leave(pipeline.admit(program))
        assert value(metrics, REFUSALS, "words", "bulk", "concurrency") == 1
        assert value(metrics, REFUSALS, "words", "interactive", "concurrency") == 1


async def test_a_call_is_not_admitted_without_memory_for_it() -> None:
    metrics = Metrics(layout_of((), (), ()))
    watch = MemoryWatch([MemoryAccount("worker", 100, lambda: 92)], metrics, lambda share: None, lambda: None)
    watch.look()
    async with pipeline_of(words_workload(), watch=watch) as (pipeline, metrics):
        pipeline.leave(pipeline.admit(Call()))
        with pytest.raises(OverloadError, match="memory"):
            pipeline.admit(Call(priority=Priority.BULK))
        assert value(metrics, REFUSALS, "words", "bulk", "memory") == 1


async def test_items_that_wait_too_long_or_are_too_many_are_refused_with_their_request() -> None:
    meter = Meter()
    workload = words_workload(meter, queue_items=3)
    impatient = replace(workload, lanes=tuple(replace(lane, queue_seconds=5.0) for lane in workload.lanes))
    rig = Rig()
    async with pipeline_of(impatient, rig) as (pipeline, metrics):
        meter.open.clear()
        first = asyncio.create_task(ask(pipeline, "first"))
        await asyncio.to_thread(meter.started.wait)
        late = asyncio.create_task(ask(pipeline, "late"))
        await asyncio.sleep(0)
        with pytest.raises(OverloadError):
            await ask(pipeline, "a", "b", "c")
        rig.clock.now += 6
        meter.open.set()
        with pytest.raises(WaitedTooLongError):
            await late
        await first
        assert await ask(pipeline, "late", "a") == lengths(["late", "a"])
        assert value(metrics, REFUSALS, "words", "interactive", "queue") == 1
        assert value(metrics, REFUSALS, "words", "interactive", "deadline") == 1
    assert meter.measured[0] == "first"


async def test_a_request_that_breaks_a_rule_costs_nothing() -> None:
    async with pipeline_of(words_workload()) as (pipeline, metrics):
        with pytest.raises(InvalidRequestError):
            await ask(pipeline)
        assert value(metrics, ITEMS, "words", "cheap") == 0


@LANES
async def test_the_time_of_each_stage_is_told_to_who_wants_to_know(lane: Any) -> None:
    clock = FakeClock()
    meter = Meter()

    def analyse(lane: str, items: Sequence[Item]) -> Any:
        clock.now += 0.25 * len(items)
        return meter(lane, items)

    workload = words_workload(analyse, batch_items=2)
    slow = replace(workload, lanes=tuple(replace(lane, batch_seconds=10.0) for lane in workload.lanes))
    async with pipeline_of(slow, Rig(clock=clock)) as (pipeline, _):
        await ask(pipeline, "warm", lane=lane)
        timing = Timing()
        await ask(pipeline, "a", "b", "c", "d", lane=lane, timing=timing)
        assert (timing.queue, timing.cache, timing.compute, timing.batch) == (0.0, 0.0, 1.0, 0.0)
        known = Timing()
        await ask(pipeline, "a", "b", lane=lane, timing=known)
        assert known.compute == 0.0


async def test_a_large_cheap_request_lets_others_have_their_turn() -> None:
    async with pipeline_of(words_workload(batch_items=10)) as (pipeline, _):
        large = asyncio.create_task(ask(pipeline, *(f"w{number}" for number in range(1000)), lane="cheap"))
        turns = 0
        while not large.done():
            await asyncio.sleep(0)
            turns += 1
    assert turns >= 1000 / 10


async def test_the_limit_learns_from_what_had_to_wait_and_from_nothing_else() -> None:
    clock = FakeClock()

    def analyse(lane: str, items: Sequence[Item]) -> Any:
        clock.now += 0.05 * len(items)
        return [Length(word, len(word)) for _, word in items]

    limit = ConcurrencyLimit(100, clock=clock)
    async with pipeline_of(words_workload(analyse), Rig(clock=clock), limit=limit) as (pipeline, _):

        async def ask_often(name: str) -> None:
            for number in range(40):
                ticket = pipeline.admit(Call())
                try:
                    await pipeline.answer(Words(words=(f"{name}{number}",)), ticket)
                finally:
                    pipeline.leave(ticket)

        await ask_often("alone")
        assert limit.room(Priority.INTERACTIVE) >= RESTING[Priority.INTERACTIVE]
        crowd = [asyncio.create_task(ask_often(name)) for name in "abcdefgh"]
        refused = await asyncio.gather(*crowd, return_exceptions=True)
        assert limit.room(Priority.INTERACTIVE) < len(crowd)
        assert any(isinstance(error, OverloadError) for error in refused)
