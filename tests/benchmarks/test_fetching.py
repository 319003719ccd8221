"""What politeness and safety cost: a fetch beside what aiohttp itself takes for it, and reading a URL.

The origin answers in the same event loop, so both ways pay for it alike; the difference is the fetcher's own.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from typing import Any, TypeAlias

import aiohttp
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from service.adapters.fetching.bounds import Manners
from service.adapters.fetching.fetcher import open_fetcher
from service.adapters.fetching.urls import Rules
from service.core.call import Priority
from tests.service.adapters.fetching.local_origin import LocalOrigin, reply

PICTURE = bytes(30_000)
ROUND = 20
URL = "https://images.example.com/catalogue/2026/11/shoes/0123456789abcdef.jpg?width=1200&format=jpeg"

Fetch: TypeAlias = Callable[[str], Coroutine[Any, Any, bytes]]
Way: TypeAlias = Callable[[LocalOrigin], AbstractAsyncContextManager[Fetch]]


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as running:
        yield running


@asynccontextmanager
async def plain(_: LocalOrigin) -> AsyncIterator[Fetch]:
    async with aiohttp.ClientSession() as session:

        async def fetch(url: str) -> bytes:
            async with session.get(url) as response:
                return await response.read()

        yield fetch


@asynccontextmanager
async def safe(origin: LocalOrigin) -> AsyncIterator[Fetch]:
    async with open_fetcher(Rules(frozenset({origin.name})), Manners(rate=1e6)) as fetcher:

        async def fetch(url: str) -> bytes:
            return (await fetcher.fetch(url, Priority.BULK)).content

        yield fetch


@pytest.mark.benchmark(group="20 fetches of 30 KB, one after the other")
@pytest.mark.parametrize("way", [plain, safe], ids=["aiohttp", "fetcher"])
def test_fetching(benchmark: BenchmarkFixture, runner: asyncio.Runner, way: Way) -> None:
    stack = AsyncExitStack()

    async def opened() -> tuple[str, Fetch]:
        origin = await stack.enter_async_context(LocalOrigin({"/a": reply(PICTURE, content_type="image/jpeg")}))
        return origin.url("/a"), await stack.enter_async_context(way(origin))

    async def some() -> None:
        for _ in range(ROUND):
            await fetch(url)

    url, fetch = runner.run(opened())
    try:
        assert runner.run(fetch(url)) == PICTURE
        benchmark(lambda: runner.run(some()))
    finally:
        runner.run(stack.aclose())


def test_reading_a_url(benchmark: BenchmarkFixture) -> None:
    assert benchmark(Rules().target, URL).url == URL
