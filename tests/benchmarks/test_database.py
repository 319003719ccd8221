"""What a named query costs, against the driver alone and against its pool as it comes."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AsyncExitStack

import asyncpg
import pytest
import uvloop
from pytest_benchmark.fixture import BenchmarkFixture

from service.adapters import queries
from service.adapters.database import Database, open_database
from service.adapters.embedded import EmbeddedServers

PING = queries.load("database.sql")["ping"]


class Bench:
    """An event loop with a connection, a pool and a database of ours to the same server."""

    def __init__(self, loop: asyncio.AbstractEventLoop, url: str) -> None:
        self._loop = loop
        self._url = url
        self._stack = AsyncExitStack()
        self.connection: asyncpg.Connection[asyncpg.Record]
        self.pool: asyncpg.Pool[asyncpg.Record]
        self.database: Database

    async def open(self) -> None:
        self.connection = await asyncpg.connect(self._url)
        self._stack.push_async_callback(self.connection.close)
        self.pool = await self._stack.enter_async_context(asyncpg.create_pool(self._url, min_size=1, max_size=4))
        self.database = await self._stack.enter_async_context(open_database(self._url, size=4, application="bench"))

    async def close(self) -> None:
        await self._stack.aclose()

    def run(self, benchmark: BenchmarkFixture, act: Callable[[], Awaitable[object]], times: int = 100) -> None:
        """Measure ``times`` of ``act`` in one go, so that starting the loop does not count."""

        async def many() -> None:
            for _ in range(times):
                await act()

        benchmark(lambda: self._loop.run_until_complete(many()))
        benchmark.extra_info["queries"] = times


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    loop = uvloop.new_event_loop()
    with EmbeddedServers(tmp_path_factory.mktemp("servers")) as servers:
        bench = Bench(loop, servers.start_postgres())
        loop.run_until_complete(bench.open())
        yield bench
        loop.run_until_complete(bench.close())
    loop.close()


def test_a_hundred_queries_by_the_driver_alone(benchmark: BenchmarkFixture, bench: Bench) -> None:
    bench.run(benchmark, lambda: bench.connection.fetchrow(PING.text))


def test_a_hundred_queries_by_its_pool(benchmark: BenchmarkFixture, bench: Bench) -> None:
    bench.run(benchmark, lambda: bench.pool.fetchrow(PING.text))


def test_a_hundred_named_queries(benchmark: BenchmarkFixture, bench: Bench) -> None:
    bench.run(benchmark, lambda: bench.database.fetch_row(PING))


def test_a_hundred_transactions(benchmark: BenchmarkFixture, bench: Bench) -> None:
    async def transact() -> None:
        async with bench.database.transaction() as statements:
            await statements.fetch_row(PING)

    bench.run(benchmark, transact)
