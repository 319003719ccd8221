"""What the cache's table does beside keeping entries: it counts uses, stays small and takes no connection from jobs."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

import pytest

from service.adapters import queries
from service.adapters.cache_table import CacheTable
from service.adapters.database import Database
from service.adapters.postgres import Pool
from service.core.errors import BusyError
from service.core.ports import Parcel
from tests.service.cache_rig import until


@pytest.fixture
async def table(pool: Pool) -> CacheTable:
    """An empty table that may have ten rows."""
    await pool.execute("TRUNCATE cache_entries")
    return CacheTable(Database(pool), rows=10)


async def put(table: CacheTable, *keys: str, ttl: float = 60, size: int = 10) -> None:
    await table.put_many([Parcel(key, bytes(size), ttl) for key in keys])


async def most_used(table: CacheTable, prefix: str = "w:", most: int = 100, size: int = 10_000) -> list[str]:
    return [key for key, _ in await table.most_used(prefix, most, size)]


async def test_the_most_used_come_first_and_as_many_as_asked_for(table: CacheTable) -> None:
    await put(table, "w:1:a", "w:1:b", "w:1:c", "w:1:never", "w:2:a", "wx:1:a")
    await table.count_uses({"w:1:a": 1, "w:1:b": 5, "w:1:c": 2, "w:2:a": 9, "wx:1:a": 9, "unknown": 3})
    await table.count_uses({"w:1:a": 2})

    assert await most_used(table) == ["w:2:a", "w:1:b", "w:1:a", "w:1:c"]
    assert await most_used(table, "w:1:") == ["w:1:b", "w:1:a", "w:1:c"]
    assert await most_used(table, "w:1:", most=2) == ["w:1:b", "w:1:a"]
    assert await most_used(table, "w:1:", size=29) == ["w:1:b", "w:1:a"]


async def test_uses_outlive_a_new_value(table: CacheTable) -> None:
    await put(table, "w:a", "w:b")
    await table.count_uses({"w:a": 5, "w:b": 1})
    await put(table, "w:a", size=3)

    assert await table.most_used("w:", 10, 100) == [("w:a", bytes(3)), ("w:b", bytes(10))]


async def test_counting_passes_over_what_somebody_else_is_writing(table: CacheTable, pool: Pool) -> None:
    await put(table, "w:free", "w:locked")
    async with pool.acquire() as other, other.transaction():
        await other.execute("SELECT FROM cache_entries WHERE key = 'w:locked' FOR UPDATE")
        await table.count_uses({"w:free": 2, "w:locked": 2})

    assert await most_used(table) == ["w:free"]


async def test_what_is_over_is_swept_and_what_is_too_much_goes_soonest_over_first(
    table: CacheTable, pool: Pool
) -> None:
    await put(table, "over-1", "over-2", ttl=-1)
    await put(table, "soon", ttl=10)
    await put(table, *(f"later-{number}" for number in range(11)), ttl=60)

    assert [await table.sweep() for _ in range(3)] == [2, 2, 0]
    keys = {row["key"] for row in await pool.fetch("SELECT key FROM cache_entries")}
    assert len(keys) == 10
    assert "soon" not in keys


async def test_lookups_do_not_wait_while_its_connections_are_busy(pool: Pool) -> None:
    table = CacheTable(Database(pool), rows=10, connections=1)
    await put(table, "w:a")
    async with pool.acquire() as other, other.transaction():
        await other.execute("LOCK cache_entries IN ACCESS EXCLUSIVE MODE")
        lookup = asyncio.create_task(table.get_many(["w:a"]))
        await until(table._free.locked)
        with pytest.raises(BusyError):
            await table.get_many(["w:a"])
    assert await lookup == [bytes(10)]


async def test_lookups_leave_a_pool_alone_that_is_exhausted(pool: Pool) -> None:
    database = Database(pool)
    table = CacheTable(database, rows=10)
    await put(table, "w:a")
    async with AsyncExitStack() as jobs:
        for _ in range(pool.get_max_size()):
            await jobs.enter_async_context(database.transaction())
        with pytest.raises(BusyError):
            await table.get_many(["w:a"])
    assert await table.get_many(["w:a"]) == [bytes(10)]


@pytest.mark.parametrize(
    ("name", "arguments", "index"),
    [
        ("find_cached", (["w:1", "w:2"],), "cache_entries_pkey"),
        ("drop_cached", (["w:1", "w:2"],), "cache_entries_pkey"),
        ("sweep_cached", (1000,), "cache_entries_expiry"),
    ],
)
async def test_no_hot_statement_looks_through_the_whole_table(
    pool: Pool, table: CacheTable, name: str, arguments: tuple[object, ...], index: str
) -> None:
    await pool.execute(
        "INSERT INTO cache_entries (key, value, expires_at) "
        "SELECT format('w:%s:%s', number % 50, number), '', now() + interval '1 hour' "
        "FROM generate_series(1, 20000) AS number"
    )
    await pool.execute("ANALYZE cache_entries")
    query = queries.load("cache.sql")[name]
    plan = "\n".join(row[0] for row in await pool.fetch(f"EXPLAIN {query.text}", *arguments))

    assert index in plan
    assert "Seq Scan on cache_entries" not in plan
