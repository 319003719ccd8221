"""Buckets in a real Valkey: what the script does is what the pure bucket does, and many processes share one rate."""

from __future__ import annotations

import asyncio
import time
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from service.adapters import redis
from service.adapters.token_bucket import RedisBuckets
from service.core.bucket import Grant, Rate, TokenBucket
from service.core.errors import DependencyError, RateLimitedError
from service.core.identity import Identity, Role
from service.core.lease import LEASE_SECONDS
from service.core.metrics import Metrics, layout_of
from service.core.rate import RateLimiter

SLOW = Rate.parse("1/9999d", 50)
"""Next to nothing flows in while a test runs."""


class Servers(Protocol):
    @property
    def redis(self) -> str: ...


@pytest.fixture
async def buckets(redis_client: Redis) -> RedisBuckets:
    await redis_client.flushall()
    return RedisBuckets(redis_client, "tests")


@settings(deadline=None, max_examples=50)
@given(draws=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(-80, 80)), max_size=20))
def test_the_script_draws_as_the_pure_bucket_does(servers: Servers, draws: list[tuple[int, int, int]]) -> None:
    async def drawn() -> list[Grant]:
        client = redis.open_client(servers.redis)
        await client.flushall()
        try:
            shared = RedisBuckets(client, "tests")
            return [await shared.draw("key", SLOW, *draw) for draw in draws]
        finally:
            await client.aclose()

    pure = TokenBucket(SLOW, 0.0)
    for expected, found in zip([pure.draw(*draw, 0.0) for draw in draws], asyncio.run(drawn()), strict=True):
        assert found.tokens == expected.tokens
        assert found.left == pytest.approx(expected.left, abs=1e-3)


async def test_tokens_flow_in_by_the_servers_own_time(redis_client: Redis, buckets: RedisBuckets) -> None:
    rate = Rate.parse("200/s", 10)

    async def server_time() -> float:
        seconds, microseconds = await redis_client.time()
        return float(seconds) + microseconds / 1e6

    before = await server_time()
    total = 0
    while total < 60:
        total += (await buckets.draw("key", rate, 5, 1, 0.0)).tokens
    assert total <= 10 + 200 * (await server_time() - before)


async def test_a_bucket_that_is_full_again_is_forgotten(redis_client: Redis, buckets: RedisBuckets) -> None:
    await buckets.draw("key", Rate.parse("10/s", 100), 50, 50, 0.0)
    assert 4_000 < await redis_client.pttl("tests:rate:key") <= 6_001
    await buckets.draw("slow", SLOW, 50, 50, 0.0)
    assert await redis_client.pttl("tests:rate:slow") > 0
    assert len(await redis_client.keys()) == 2


async def test_a_bucket_that_is_lost_is_full(redis_client: Redis, buckets: RedisBuckets) -> None:
    assert (await buckets.draw("key", SLOW, 50, 50, 0.0)).tokens == 50
    assert (await buckets.draw("key", SLOW, 1, 1, 0.0)).tokens == 0
    await redis_client.flushall()
    await redis_client.script_flush()
    assert (await buckets.draw("key", SLOW, 50, 50, 0.0)).tokens == 50


async def test_many_processes_give_out_one_rate(servers: Servers, redis_client: Redis) -> None:
    """Five lessees, each with connections of its own, as hard as they can; every request is counted."""
    await redis_client.flushall()
    rate = Rate.parse("800/s", 400)
    identity = Identity("key", "acme", Role.WRITE, rate)
    passed: list[float] = []
    waited = 0

    async def press(limiter: RateLimiter, until: float) -> None:
        nonlocal waited
        while (now := time.monotonic()) < until:
            if not limiter.take(identity):
                waited += 1
                try:
                    await limiter.lease(identity)
                except RateLimitedError as error:
                    await asyncio.sleep(error.retry_after)
                    continue
            passed.append(now)
            await asyncio.sleep(0)

    async with AsyncExitStack() as stack:
        limiters = []
        for _ in range(5):
            client = redis.open_client(servers.redis)
            stack.push_async_callback(client.aclose)
            limiter = RateLimiter(RedisBuckets(client, "tests"), Metrics(layout_of((), (), ())))
            stack.push_async_callback(limiter.close)
            limiters.append(limiter)
        began = time.monotonic()
        async with asyncio.timeout(60):
            await asyncio.gather(*(press(limiter, began + 2.0) for limiter in limiters))
        span = time.monotonic() - began

    assert len(passed) <= rate.burst + rate.per_second * (span + 2 * LEASE_SECONDS)
    assert len(passed) >= 0.8 * (rate.burst + rate.per_second * min(2.0, span))
    begin = passed[len(passed) // 2]
    later = [moment for moment in passed if moment >= begin]
    assert len(later) <= rate.burst + rate.per_second * (later[-1] - begin + 2 * LEASE_SECONDS)


async def test_buckets_that_cannot_be_reached_are_a_dependency_error(tmp_path: Path) -> None:
    client = redis.open_client(f"unix://{tmp_path}/none.sock")
    with pytest.raises(DependencyError, match="redis"):
        await RedisBuckets(client, "tests").draw("key", SLOW, 1, 1, 0.0)
    await client.aclose()
