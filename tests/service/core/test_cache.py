from __future__ import annotations

import asyncio
import random

from hypothesis import given
from hypothesis import strategies as st

from service.core.entries import LARGEST_VALUE
from service.core.errors import AnalysisError
from service.core.invalidation import Invalidation
from service.core.memory import LOOKED_AT_ONCE, SAMPLED
from service.core.metrics import (
    CACHE_DROPPED,
    CACHE_ENTRIES,
    CACHE_LOOKUPS,
    CACHE_PROMOTED,
    CACHE_RESIDENT,
    CACHE_SAVED,
)
from service.core.workload import CachePolicy
from tests.service.cache_rig import GatedTier, Rig, values_of
from tests.service.doubles import DictTier

POLICY = CachePolicy(ttl=100.0, jitter=0.0, stale=50.0, negative=10.0)


async def kept(rig: Rig, entries: dict[str, bytes | AnalysisError], policy: CachePolicy = POLICY) -> None:
    rig.cache.keep(entries, policy)
    await rig.cache.close()


async def test_what_is_kept_is_in_memory_at_once_and_soon_in_every_tier() -> None:
    redis, postgres = DictTier("redis"), DictTier("postgres")
    rig = Rig(redis, postgres)
    rig.cache.keep({"a": b"1", "b": b"2"}, POLICY)
    assert rig.values(["a", "b", "c"]) == [b"1", b"2", None]
    assert redis.calls == postgres.calls == 0
    await rig.cache.close()
    assert redis.ttls == postgres.ttls == {"a": 150.0, "b": 150.0}
    assert redis.entries == postgres.entries


async def test_what_a_far_tier_knows_goes_to_all_nearer_ones_for_the_rest_of_its_life() -> None:
    redis, postgres = DictTier("redis"), DictTier("postgres")
    await kept(Rig(postgres), {"known": b"1"})
    rig = Rig(redis, postgres)
    rig.clock.now += 30

    assert values_of(await rig.cache.fetch_many(["known", "unknown", "known"], POLICY)) == [b"1", None, b"1"]
    await rig.cache.close()
    assert redis.ttls == {"known": 120.0}
    assert redis.entries == postgres.entries
    assert rig.total(CACHE_PROMOTED, "postgres") == 1
    assert [rig.total(CACHE_LOOKUPS, name, "miss") for name in ("redis", "postgres")] == [2, 1]

    entry = rig.cache.peek("known")
    assert entry is not None
    assert entry.fresh_until == rig.clock.now + 70
    rig.clock.now += 119
    assert rig.values(["known"]) == [b"1"]
    rig.clock.now += 1
    assert rig.values(["known"]) == [None]


async def test_the_next_tier_is_asked_only_for_what_is_still_missing() -> None:
    redis, postgres = DictTier("redis"), DictTier("postgres")
    await kept(Rig(redis), {"a": b"1"})
    rig = Rig(redis, postgres)
    assert values_of(await rig.cache.fetch_many(["a"], POLICY)) == [b"1"]
    assert postgres.calls == 0


async def test_after_its_time_an_outcome_is_stale_for_a_while() -> None:
    redis = DictTier("redis")
    rig = Rig(redis)
    await kept(rig, {"a": b"1"})
    other = Rig(redis, clock=rig.clock)
    rig.clock.now += 100
    for entry in (rig.cache.peek("a"), *await other.cache.fetch_many(["a"], POLICY)):
        assert entry is not None
        assert entry.value == b"1"
        assert entry.fresh_until <= rig.clock.now
    rig.clock.now += 50
    assert rig.cache.peek("a") is None
    assert await Rig(redis, clock=rig.clock).cache.fetch_many(["a"], POLICY) == [None]


async def test_a_failure_is_kept_as_long_as_the_policy_says() -> None:
    redis = DictTier("redis")
    rig = Rig(redis)
    await kept(rig, {"bad": AnalysisError("broken")})
    assert redis.ttls == {"bad": 10.0}
    for entry in (rig.cache.peek("bad"), *await Rig(redis).cache.fetch_many(["bad"], POLICY)):
        assert entry is not None
        assert isinstance(entry.value, AnalysisError)
        assert entry.value.reason == "broken"
    rig.clock.now += 10
    assert rig.cache.peek("bad") is None

    await kept(rig, {"bad": AnalysisError("broken")}, CachePolicy(ttl=100.0))
    assert rig.cache.peek("bad") is None, "by default failures are not kept"


@given(ttl=st.floats(1, 1e6), jitter=st.floats(0, 1), stale=st.floats(0, 1e6), seed=st.integers())
def test_lives_are_shortened_at_random_and_never_prolonged(ttl: float, jitter: float, stale: float, seed: int) -> None:
    rig = Rig(chance=random.Random(seed).random)
    keys = [str(number) for number in range(20)]
    rig.cache.keep(dict.fromkeys(keys, b"1"), CachePolicy(ttl=ttl, jitter=jitter, stale=stale))
    lives = [entry.fresh_until - rig.clock.now for entry in rig.cache.peek_many(keys) if entry is not None]
    assert all(ttl * (1 - jitter) - 1e-6 <= life <= ttl + 1e-6 for life in lives)
    assert jitter < 1e-3 or len(set(lives)) > 10


async def test_a_policy_without_far_tiers_stays_in_the_process() -> None:
    redis = DictTier("redis")
    rig = Rig(redis)
    near = CachePolicy(ttl=100.0, far=False)
    await kept(rig, {"a": b"1"}, near)
    assert await rig.cache.fetch_many(["b"], near) == [None]
    assert redis.calls == 0
    assert rig.values(["a"]) == [b"1"]
    await kept(rig, {"c": b"1"}, CachePolicy(ttl=0.0))
    assert rig.values(["c"]) == [None]


async def test_without_any_far_tier_all_goes_on() -> None:
    redis, postgres = DictTier("redis"), DictTier("postgres")
    redis.away = postgres.away = True
    rig = Rig(redis, postgres)
    assert await rig.cache.fetch_many(["a", "b"], POLICY) == [None, None]
    await kept(rig, {"a": b"1"})
    assert rig.values(["a"]) == [b"1"]
    assert rig.total(CACHE_LOOKUPS, "redis", "skipped") == rig.total(CACHE_LOOKUPS, "postgres", "skipped") == 2


async def test_large_outcomes_travel_compressed_and_the_largest_not_at_all() -> None:
    redis, postgres = DictTier("redis"), DictTier("postgres")
    rig = Rig(redis, postgres)
    await kept(rig, {"large": b"sentiment" * 1000, "largest": bytes(LARGEST_VALUE + 1)})
    assert list(redis.entries) == ["large"]
    assert rig.total(CACHE_SAVED, "redis") == rig.total(CACHE_SAVED, "postgres") > 8000
    assert rig.total(CACHE_DROPPED, "redis") == 1
    fetched = await Rig(redis).cache.fetch_many(["large"], POLICY)
    assert values_of(fetched) == [b"sentiment" * 1000]


async def test_what_is_forgotten_is_gone_from_memory_and_from_what_waits_to_be_written() -> None:
    redis = DictTier("redis")
    rig = Rig(redis)
    heard: list[Invalidation] = []
    rig.cache.on_forget(heard.append)
    rig.cache.keep({"words:1:a": b"1", "comments:1:a": b"2"}, POLICY)
    words = Invalidation(workload="words")
    assert await rig.cache.forget(words) == 1
    await rig.cache.close()
    assert rig.values(["words:1:a", "comments:1:a"]) == [None, b"2"]
    assert list(redis.entries) == ["comments:1:a"]
    assert set(heard) == {words}


async def test_others_have_their_turn_while_much_is_forgotten() -> None:
    rig = Rig()
    rig.cache.keep({f"words:{number}": b"1" for number in range(5 * LOOKED_AT_ONCE)}, POLICY)
    forgetting = asyncio.create_task(rig.cache.forget(Invalidation(pattern="words:*")))
    turns = 0
    while not forgetting.done():
        turns += 1
        await asyncio.sleep(0)
    assert await forgetting == 5 * LOOKED_AT_ONCE
    assert turns >= 5


async def test_what_was_read_before_something_was_forgotten_is_answered_but_not_kept() -> None:
    redis, postgres = DictTier("redis"), GatedTier("postgres")
    await kept(Rig(postgres), {"a": b"old"})
    rig = Rig(redis, postgres)
    fetching = asyncio.create_task(rig.cache.fetch_many(["a"], POLICY))
    await postgres.asked.wait()
    await rig.cache.forget(Invalidation(keys=("a",)))
    postgres.gate.set()
    assert values_of(await fetching) == [b"old"]
    await rig.cache.close()
    assert rig.values(["a"]) == [None]
    assert redis.entries == {}


def test_memory_tells_how_much_it_holds() -> None:
    rig = Rig(capacity=100_000)
    rig.cache.keep({f"key-{number}": bytes(500) for number in range(1000)}, POLICY)
    assert rig.total(CACHE_ENTRIES, "memory") == rig.memory.count < 1000
    assert 90_000 < rig.total(CACHE_RESIDENT, "memory") == rig.memory.size <= 100_000


async def test_uses_are_counted_by_samples_and_only_of_what_the_far_tiers_have() -> None:
    rig = Rig(DictTier("redis"))
    await kept(rig, {"a": b"1", "b": b"2"})
    rig.cache.keep({"near": b"3"}, CachePolicy(ttl=100.0, far=False))
    for _ in range(SAMPLED * 10):
        rig.cache.peek_many(["a", "near", "unknown"])
        rig.cache.peek("b")
    uses = rig.memory.take_uses()
    assert set(uses) <= {"a", "b"}
    assert sum(uses.values()) == SAMPLED * 20
    assert rig.memory.take_uses() == {}
