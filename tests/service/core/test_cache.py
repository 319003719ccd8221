from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.cache import Cache, GuardedTier, MemoryTier
from service.core.errors import DependencyError
from service.core.metrics import Metrics, layout_of
from tests.service.doubles import DictTier, FakeClock


def cache_of(*tiers: DictTier | MemoryTier | GuardedTier) -> tuple[Cache, Metrics]:
    metrics = Metrics(layout_of((), (), [tier.name for tier in tiers]))
    return Cache(tiers, metrics), metrics


@given(
    capacity=st.integers(0, 3000),
    puts=st.lists(st.tuples(st.sampled_from("abcdefgh"), st.binary(max_size=900)), max_size=30),
)
async def test_memory_never_takes_more_than_its_capacity(capacity: int, puts: list[tuple[str, bytes]]) -> None:
    tier = MemoryTier(capacity, FakeClock())
    for key, value in puts:
        await tier.put_many({key: value}, ttl=60)
        assert 0 <= tier.size <= capacity
        assert (await tier.get_many([key]))[0] in (value, None)
    if puts and capacity >= 2000:
        assert await tier.get_many([puts[-1][0]]) == [puts[-1][1]]


async def test_memory_forgets_first_what_was_least_recently_used() -> None:
    tier = MemoryTier(1000, FakeClock())
    await tier.put_many({"a": b"1" * 100, "b": b"2" * 100}, ttl=60)
    await tier.get_many(["a"])
    await tier.put_many({"c": b"3" * 100}, ttl=60)
    assert await tier.get_many(["a", "b", "c"]) == [b"1" * 100, None, b"3" * 100]


async def test_memory_keeps_nothing_longer_than_asked() -> None:
    clock = FakeClock()
    tier = MemoryTier(10_000, clock)
    await tier.put_many({"short": b"1"}, ttl=10)
    await tier.put_many({"long": b"2"}, ttl=20)
    clock.now += 10
    assert await tier.get_many(["short", "long"]) == [None, b"2"]


async def test_what_a_far_tier_knows_is_promoted_to_the_nearer_one() -> None:
    near, far = DictTier("memory"), DictTier("redis")
    far.entries["known"] = b"1"
    cache, metrics = cache_of(near, far)

    assert await cache.get_many(["known", "unknown"], ttl=30) == [b"1", None]
    assert (near.entries, near.ttls) == ({"known": b"1"}, {"known": 30})

    far.entries.clear()
    assert await cache.get_many(["known"], ttl=30) == [b"1"]
    counts = {
        name: [count._cells[count._offset] for count in (m.hit, m.miss, m.skipped)]
        for name, m in (("memory", metrics.tier("memory")), ("redis", metrics.tier("redis")))
    }
    assert counts == {"memory": [1, 2, 0], "redis": [1, 1, 0]}


async def test_what_is_put_reaches_every_tier() -> None:
    near, far = DictTier("memory"), DictTier("redis")
    cache, _ = cache_of(near, far)
    await cache.put_many({"key": b"1"}, ttl=30)
    assert near.entries == {"key": b"1"}
    await cache.drain()
    assert far.entries == {"key": b"1"}


async def test_a_tier_that_is_away_is_skipped_and_counted() -> None:
    near, far = DictTier("memory"), DictTier("redis")
    far.away = True
    cache, metrics = cache_of(near, far)
    assert await cache.get_many(["a", "b"], ttl=30) == [None, None]
    await cache.put_many({"a": b"1"}, ttl=30)
    await cache.drain()
    assert await cache.get_many(["a"], ttl=30) == [b"1"]
    skipped = metrics.tier("redis").skipped
    assert skipped._cells[skipped._offset] == 2


async def test_a_failing_tier_is_left_alone_for_a_while_and_then_tried_again() -> None:
    clock, far = FakeClock(), DictTier("redis")
    guarded = GuardedTier(far, clock, tolerance=3, rest=2.0)
    far.away = True
    for _ in range(5):
        with pytest.raises(DependencyError):
            await guarded.get_many(["a"])
    assert far.calls == 3

    clock.now += 2.0
    with pytest.raises(DependencyError):
        await guarded.get_many(["a"])
    assert far.calls == 4

    far.away = False
    clock.now += 2.0
    assert await guarded.get_many(["a"]) == [None]
    far.away = True
    with pytest.raises(DependencyError):
        await guarded.get_many(["a"])
    far.away = False
    assert await guarded.get_many(["a"]) == [None], "one failure after a success does not close it"


async def test_a_tier_that_does_not_answer_is_away() -> None:
    far = DictTier("redis")
    far.silent = True
    with pytest.raises(DependencyError, match="no answer within"):
        await GuardedTier(far, FakeClock(), patience=0.01).get_many(["a"])
