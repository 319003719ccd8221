"""Several processes and one origin: they keep to one rate together, and to what the origin asked any of them for."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis

from service.adapters.fetching.bounds import Manners
from service.adapters.fetching.fetcher import WebFetcher, open_fetcher
from service.adapters.fetching.pace import ANSWERS, LONGEST_PAUSE
from service.adapters.fetching.urls import Rules
from service.adapters.origin_rates import RedisRates
from service.adapters.redis import open_client
from service.core.call import Priority
from service.core.errors import AnalysisError
from service.core.fetching import OriginKey
from tests.service.adapters.conftest import Servers
from tests.service.adapters.fetching import sharing_process
from tests.service.adapters.fetching.local_origin import LocalOrigin, redirect, reply, then_silence
from tests.service.waiting import comes_true

ROOT = Path(__file__).resolve().parents[4]
PROCESSES = 3
SECONDS = 3.0
NOW = Priority.INTERACTIVE
TOO_MANY = reply(status="429 Too Many Requests")


@asynccontextmanager
async def two_fetchers(client: Redis, origin: LocalOrigin) -> AsyncIterator[list[WebFetcher]]:
    async with AsyncExitStack() as stack:
        yield [
            await stack.enter_async_context(
                open_fetcher(
                    Rules(frozenset([origin.name])),
                    Manners(concurrency=50, rate=100.0),
                    rates=RedisRates(client, f"two:{origin.port}", name),
                )
            )
            for name in ("one", "other")
        ]


async def refused(fetcher: WebFetcher, origin: LocalOrigin) -> str:
    with pytest.raises(AnalysisError) as caught:
        await fetcher.fetch(origin.url("/"), NOW)
    return caught.value.kind


async def test_processes_together_ask_no_more_often_than_one_may(servers: Servers) -> None:
    async with LocalOrigin({"/": reply(b"x")}) as origin:
        command = [sys.executable, "-m", sharing_process.__name__, servers.redis, origin.name, str(SECONDS)]
        processes = [
            await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE, cwd=ROOT)
            for _ in range(PROCESSES)
        ]
        await comes_true(lambda: bool(origin.requests))
        began = time.monotonic()
        counts = [int((await process.communicate())[0]) for process in processes]
        took = time.monotonic() - began
    assert all(counts), "each had its part"
    # Whoever comes in takes its part at once, and the others give theirs up within a quarter of a second each.
    assert len(origin.requests) <= sharing_process.RATE * (took + 0.5 * PROCESSES)


async def test_the_rate_follows_what_all_were_answered(redis_client: Redis) -> None:
    async with LocalOrigin({"/": TOO_MANY}) as origin, two_fetchers(redis_client, origin) as fetchers:
        for _ in range(ANSWERS // 2):
            assert [await refused(fetcher, origin) for fetcher in fetchers] == ["http-429"] * 2
        await comes_true(lambda: all(fetcher.states()[0].rate <= 90.0 for fetcher in fetchers))
    assert len(origin.requests) == ANSWERS, "neither process has seen enough to judge by itself"


async def test_a_pause_that_one_was_asked_for_is_kept_by_all(redis_client: Redis) -> None:
    wait = reply(status="429 Too Many Requests", retry_after="3600")
    plays = {"/": wait, "/slow": then_silence(b"")}
    async with LocalOrigin(plays) as origin, two_fetchers(redis_client, origin) as (one, other):
        slow = asyncio.create_task(other.fetch(origin.url("/slow"), NOW))
        await comes_true(lambda: len(origin.requests) == 1)
        assert await refused(one, origin) == "http-429"
        await comes_true(lambda: other.states()[0].paused > 0.0)
        assert other.states()[0].paused <= LONGEST_PAUSE
        assert [await refused(fetcher, origin) for fetcher in (one, other)] == ["busy", "busy"]
        assert len(origin.requests) == 2
        slow.cancel()
        await asyncio.gather(slow, return_exceptions=True)


async def test_a_key_is_shown_to_its_origin_alone_and_has_a_rate_of_its_own(redis_client: Redis) -> None:
    keys = [OriginKey("X-Key", "one"), OriginKey("X-Key", "other")]
    async with AsyncExitStack() as stack:
        elsewhere = await stack.enter_async_context(LocalOrigin({"/": TOO_MANY}))
        origin = await stack.enter_async_context(LocalOrigin({"/": redirect(elsewhere.url("/"))}))
        rules = Rules(frozenset([origin.name, elsewhere.name]))
        fetchers = [
            await stack.enter_async_context(
                open_fetcher(
                    rules,
                    Manners(concurrency=50, rate=100.0),
                    rates=RedisRates(redis_client, f"keys:{origin.port}", key.mark),
                    keys={origin.name: key},
                )
            )
            for key in keys
        ]
        assert [await refused(fetcher, origin) for fetcher in fetchers] == ["http-429", "http-429"]
        kept = {key.decode() async for key in redis_client.scan_iter(f"keys:{origin.port}:*:rate")}
    assert [request.headers["x-key"] for request in origin.requests] == ["one", "other"]
    assert all("x-key" not in request.headers for request in elsewhere.requests)
    names = [elsewhere.name, *(f"{origin.name}#{key.mark}" for key in keys)]
    assert kept == {f"keys:{origin.port}:origin:{{{name}}}:rate" for name in names}


async def test_without_redis_each_goes_on_by_itself() -> None:
    client = open_client("redis://127.0.0.1:1")
    async with LocalOrigin({"/": reply(b"x")}) as origin, two_fetchers(client, origin) as fetchers:
        for _ in range(5):
            fetched = [await fetcher.fetch(origin.url("/"), NOW) for fetcher in fetchers]
            assert [one.content for one in fetched] == [b"x", b"x"]
    await client.aclose()
