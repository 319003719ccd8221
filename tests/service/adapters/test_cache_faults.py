"""The whole cache over real servers, with faults between it and Valkey: answers go on, and at no price of waiting."""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from redis.asyncio import Redis

from service.adapters.cache_table import CacheTable
from service.adapters.database import Database
from service.adapters.postgres import Pool, open_pool
from service.adapters.redis import RedisChannel, RedisTier, open_client
from service.core.breaker import TOLERANCE
from service.core.cache import Cache
from service.core.caretaker import WORKERS, Caretaker
from service.core.far_tier import FarTier
from service.core.invalidation import Invalidation
from service.core.memory import SAMPLED, MemoryTier
from service.core.metrics import (
    CACHE_DROPPED,
    CACHE_FAILURES,
    CACHE_LOOKUPS,
    CACHE_WRITTEN,
    Instrument,
    Metrics,
    layout_of,
)
from service.core.workload import CachePolicy
from tests.service.adapters.conftest import Servers
from tests.service.cache_rig import until, values_of
from tests.support.fault_proxy import Ending, Fault, FaultProxy

POLICY = CachePolicy(ttl=60.0)
KEYS = [f"words:1:good:{number}" for number in range(50)]
QUICK, NEVER = 0.01, 3600.0
"""Seconds that a failed tier is left alone: so few that it soon comes back, or so many that it does not."""


@pytest.fixture
def line(servers: Servers) -> Iterator[FaultProxy]:
    """The way to Valkey."""
    with FaultProxy(Path(unquote(urlsplit(servers.redis).path))) as proxy:
        yield proxy


@pytest.fixture
async def clients(line: FaultProxy) -> AsyncIterator[Callable[[], Redis]]:
    """Makes clients that go that way."""
    made: list[Redis] = []

    def client() -> Redis:
        made.append(open_client(f"redis://127.0.0.1:{line.port}"))
        return made[-1]

    yield client
    for one in made:
        await one.aclose()


class Worker:
    """One process's cache over Valkey and PostgreSQL."""

    def __init__(self, client: Redis, pool: Pool, prefix: str, rest: float) -> None:
        self.metrics = Metrics(layout_of((), (), ("redis", "postgres")))
        table = CacheTable(Database(pool), rows=10_000)
        tiers = RedisTier(client, prefix), table
        self.cache = Cache(
            MemoryTier(10_000_000, self.metrics.memory(), time.monotonic),
            [
                FarTier(tier, self.metrics.tier(tier.name), clock=time.monotonic, wall=time.time, rest=rest)
                for tier in tiers
            ],
        )
        channel = RedisChannel(client, prefix, silence=0.05)
        self.caretaker = Caretaker(
            self.cache, name=os.urandom(4).hex(), prefixes=["words:1:"], uses=table, channel=channel
        )

    @property
    def redis(self) -> FarTier:
        return self.cache.far[0]

    def total(self, instrument: Instrument, *labels: str) -> float:
        layout = self.metrics.layout
        return float(layout.totals(self.metrics.readings())[layout.offset(instrument, *labels)])

    async def fetched(self, keys: list[str]) -> list[object]:
        """What the far tiers answer, memory being empty."""
        self.cache.memory.clear()
        return values_of(await self.cache.fetch_many(keys, POLICY))

    async def keep(self, value: bytes = b"1") -> None:
        self.cache.keep(dict.fromkeys(KEYS, value), POLICY)
        await self.cache.close()


MakeWorker = Callable[[float], Worker]


@pytest.fixture
async def worker(pool: Pool, line: FaultProxy, clients: Callable[[], Redis]) -> AsyncIterator[MakeWorker]:
    """Makes workers that share both tiers."""
    await pool.execute("TRUNCATE cache_entries")
    prefix = os.urandom(8).hex()
    made: list[Worker] = []

    def make(rest: float) -> Worker:
        made.append(Worker(clients(), pool, prefix, rest))
        return made[-1]

    yield make
    line.heal()
    for one in made:
        await one.cache.close()


def hang(line: FaultProxy) -> None:
    line.inflict(to_client=Fault(stalled=True))


def refuse(line: FaultProxy) -> None:
    line.refuse()
    line.sever(Ending.RESET)


@pytest.mark.parametrize("fault", [hang, refuse])
async def test_without_valkey_the_table_answers_and_hardly_anybody_waits(
    fault: Callable[[FaultProxy], None], line: FaultProxy, worker: MakeWorker
) -> None:
    one = worker(NEVER)
    await one.keep()
    fault(line)
    for key in KEYS:
        assert await one.fetched([key]) == [b"1"]

    assert one.total(CACHE_FAILURES, "redis", "read") == TOLERANCE, "so many waited, and nobody after them"
    assert one.total(CACHE_LOOKUPS, "redis", "skipped") == len(KEYS)
    assert one.total(CACHE_LOOKUPS, "postgres", "hit") == len(KEYS)


@pytest.mark.parametrize("fault", [hang, refuse])
async def test_valkey_is_asked_again_when_it_is_back(
    fault: Callable[[FaultProxy], None], line: FaultProxy, worker: MakeWorker
) -> None:
    one = worker(QUICK)
    await one.keep()
    fault(line)
    while not one.redis.is_left_alone:
        assert await one.fetched([KEYS[0]]) == [b"1"]
    line.heal()
    async with asyncio.timeout(10):
        while one.redis.is_left_alone:
            assert await one.fetched([KEYS[0]]) == [b"1"]
            await asyncio.sleep(0.001)
    hits = one.total(CACHE_LOOKUPS, "redis", "hit")
    assert await one.fetched(KEYS) == [b"1"] * len(KEYS)
    assert one.total(CACHE_LOOKUPS, "redis", "hit") == hits + len(KEYS)


async def test_a_slow_valkey_counts_as_away(line: FaultProxy, worker: MakeWorker) -> None:
    one = worker(NEVER)
    await one.keep()
    line.inflict(to_client=Fault(latency=1.0))
    for key in KEYS[:10]:
        assert await one.fetched([key]) == [b"1"]
    assert one.total(CACHE_FAILURES, "redis", "read") == TOLERANCE


@asynccontextmanager
async def full(client: Redis) -> AsyncIterator[None]:
    """Valkey takes nothing more, and drops nothing for it."""
    wanted = {"maxmemory-policy": "noeviction", "maxmemory": "1"}
    before = {name: (await client.config_get(name))[name] or "" for name in wanted}
    try:
        for name, value in wanted.items():
            await client.config_set(name, value)
        yield
    finally:
        for name, value in before.items():
            await client.config_set(name, value)


async def test_a_full_valkey_is_read_though_it_takes_nothing_more(worker: MakeWorker, redis_client: Redis) -> None:
    one = worker(QUICK)
    await one.keep(b"1")
    async with full(redis_client):
        await one.keep(b"2")
        assert await one.fetched(KEYS) == [b"1"] * len(KEYS), "what was there is still read"
        assert one.total(CACHE_FAILURES, "redis", "read") == 0
        assert one.total(CACHE_DROPPED, "redis") == len(KEYS)
        assert one.total(CACHE_WRITTEN, "postgres") == 2 * len(KEYS)
    await one.keep(b"3")
    assert await one.fetched(KEYS) == [b"3"] * len(KEYS)


async def test_a_flushed_valkey_is_filled_again_from_the_table(worker: MakeWorker, redis_client: Redis) -> None:
    one = worker(NEVER)
    await one.keep()
    await redis_client.flushall()
    assert await one.fetched(KEYS) == [b"1"] * len(KEYS)
    await one.cache.close()
    assert await one.fetched(KEYS) == [b"1"] * len(KEYS)
    assert one.total(CACHE_LOOKUPS, "postgres", "hit") == one.total(CACHE_LOOKUPS, "redis", "hit") == len(KEYS)


@pytest.mark.parametrize("fault", [hang, refuse])
async def test_without_the_table_valkey_answers_and_hardly_anybody_waits(
    fault: Callable[[FaultProxy], None], servers: Servers, database: str, clients: Callable[[], Redis]
) -> None:
    sockets = Path(parse_qs(urlsplit(servers.postgres).query)["host"][0])
    with FaultProxy(sockets / ".s.PGSQL.5432") as line:
        url = f"postgresql://postgres@127.0.0.1:{line.port}{urlsplit(database).path}"
        async with await open_pool(url, size=2, application="tests") as pool:
            one = Worker(clients(), pool, os.urandom(8).hex(), NEVER)
            await one.keep()
            fault(line)
            assert await one.fetched(KEYS) == [b"1"] * len(KEYS)
            for key in KEYS:
                assert await one.fetched([f"{key}-unknown"]) == [None]
            assert one.total(CACHE_FAILURES, "postgres", "read") == TOLERANCE
            assert one.total(CACHE_LOOKUPS, "postgres", "skipped") == len(KEYS)
            line.heal()
            await one.cache.close()


async def test_what_was_used_most_is_in_memory_after_a_restart(worker: MakeWorker) -> None:
    before = worker(NEVER)
    async with listening(before):
        await before.keep()
        for _ in range(SAMPLED):
            before.cache.peek(KEYS[7])
    after = worker(NEVER)
    async with listening(after):
        await until(lambda: after.cache.memory.count)
        assert after.cache.memory.count == 1
        assert after.cache.peek(KEYS[7]) is not None


@asynccontextmanager
async def listening(*workers: Worker) -> AsyncIterator[None]:
    """Workers that hear one another."""
    async with asyncio.TaskGroup() as group:
        done = asyncio.Event()

        async def work(worker: Worker, ready: asyncio.Event) -> None:
            async with worker.caretaker.working():
                await worker.caretaker._heard.wait()
                ready.set()
                await done.wait()

        for one in workers:
            ready = asyncio.Event()
            group.create_task(work(one, ready))
            await asyncio.wait_for(ready.wait(), 10)
        yield
        done.set()


async def test_an_invalidation_reaches_the_other_worker(worker: MakeWorker) -> None:
    here, there = worker(NEVER), worker(NEVER)
    async with listening(here, there):
        await here.keep()
        await there.cache.fetch_many(KEYS, POLICY)
        forgotten = await here.caretaker.invalidate(Invalidation(workload="words"))
        assert forgotten.entries == {"memory": len(KEYS), "redis": len(KEYS), "postgres": len(KEYS)}
        assert forgotten.unreached == ()
        await until(lambda: not there.cache.memory.count)
        assert await there.fetched(KEYS) == [None] * len(KEYS)


@pytest.mark.parametrize("fault", [hang, refuse])
async def test_without_valkey_an_invalidation_says_what_it_missed_and_the_others_trust_nothing_they_had(
    fault: Callable[[FaultProxy], None], line: FaultProxy, worker: MakeWorker, caplog: pytest.LogCaptureFixture
) -> None:
    here, there = worker(NEVER), worker(NEVER)
    async with listening(here, there):
        await here.keep()
        await there.cache.fetch_many(KEYS, POLICY)
        caplog.set_level(logging.CRITICAL)
        fault(line)
        forgotten = await here.caretaker.invalidate(Invalidation(workload="words"))
        assert forgotten.entries == {"memory": len(KEYS), "postgres": len(KEYS)}
        assert {place.where for place in forgotten.unreached} == {"redis", WORKERS}
        assert there.cache.memory.count == len(KEYS)

        line.heal()
        await until(lambda: not there.cache.memory.count)


async def test_what_the_channel_carries_is_heard_after_a_broken_connection(
    line: FaultProxy, clients: Callable[[], Redis]
) -> None:
    heard: list[bytes] = []
    resumed = asyncio.Event()
    channel = RedisChannel(clients(), os.urandom(8).hex(), silence=0.05)
    listening = asyncio.create_task(channel.listen(heard.append, resumed.set))
    for number in range(5):
        await asyncio.wait_for(resumed.wait(), 10)
        resumed.clear()
        await channel.publish(b"%d" % number)
        await until(lambda: len(heard) > number)  # noqa: B023
        line.sever(Ending.RESET if number % 2 else Ending.CLOSE)
    listening.cancel()
    await asyncio.gather(listening, return_exceptions=True)
    assert heard == [b"0", b"1", b"2", b"3", b"4"]
