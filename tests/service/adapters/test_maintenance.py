"""The upkeep of batches: by one worker at a time, with a worker's rights."""

from __future__ import annotations

import pytest

from service.adapters import queries
from service.adapters.database import Database
from service.adapters.jobs import time_ordered_id
from service.adapters.maintenance import LONGEST_SECONDS, maintain_once
from service.adapters.postgres import Pool
from tests.service.doubles import FakeClock

YEAR = 366 * 86_400.0
_SQL = queries.load("maintenance.sql")


@pytest.fixture(autouse=True)
async def _empty(pool: Pool) -> None:
    await pool.execute("TRUNCATE batches, batch_chunks, batch_results, batch_refusals, batch_remains")


async def leave_results(pool: Pool, rows: int) -> None:
    """Those of a batch that was deleted."""
    batch = time_ordered_id()
    await pool.execute("INSERT INTO batch_remains (batch_id, tenant) VALUES ($1, 'acme')", batch)
    await pool.execute(
        "INSERT INTO batch_results (batch_id, line, tenant, subject, error, attempts, seconds) "
        "SELECT $1, line, 'acme', '', 'dns', 1, 0 FROM generate_series(1, $2) AS line",
        batch,
        rows,
    )


async def remains(pool: Pool) -> tuple[int, int]:
    """Results, and batches that they are of."""
    count = "SELECT (SELECT count(*) FROM batch_results) AS results, (SELECT count(*) FROM batch_remains) AS batches"
    row = await pool.fetchrow(count)
    assert row is not None
    return row["results"], row["batches"]


async def test_it_is_done_by_one_at_a_time(worker_database: Database, pool: Pool) -> None:
    await leave_results(pool, 3)
    async with pool.acquire() as connection, connection.transaction():
        assert await connection.fetchval(_SQL["take_maintenance"].text)
        assert not await maintain_once(worker_database, YEAR)
        assert await remains(pool) == (3, 1)

    assert await maintain_once(worker_database, YEAR)
    assert await remains(pool) == (0, 0)


async def test_it_makes_the_partitions_that_are_missing(worker_database: Database, pool: Pool) -> None:
    query = "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'batch_results'::regclass ORDER BY 1"
    before = [name for (name,) in await pool.fetch(query)]
    await pool.execute(f"DROP TABLE {before[-1]}")

    assert await maintain_once(worker_database, YEAR)

    assert [name for (name,) in await pool.fetch(query)] == before


async def test_it_leaves_the_rest_for_the_next_time(worker_database: Database, pool: Pool) -> None:
    await leave_results(pool, 3)
    clock = FakeClock()

    def late() -> float:
        clock.now += LONGEST_SECONDS
        return clock.now

    assert await maintain_once(worker_database, YEAR, late)
    assert await remains(pool) == (3, 1)
