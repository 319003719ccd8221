"""Work on the queue goes on when the database was away, whatever the driver or PgQueuer makes of that."""

from __future__ import annotations

import asyncio
import logging

import asyncpg
import pytest
from pgqueuer.errors import FailingListenerError

from service.adapters import delivery
from service.adapters.delivery import while_connected
from service.adapters.postgres import Pool
from service.core.errors import DependencyError


@pytest.mark.parametrize(
    "error",
    [
        DependencyError("postgres", "away"),
        FailingListenerError(),
        asyncpg.InternalClientError("cannot switch to state 15; another operation (2) is in progress"),
        asyncpg.AdminShutdownError("terminating connection due to administrator command"),
        ConnectionResetError(),
        TimeoutError(),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_it_connects_again(
    database: str, error: Exception, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(delivery, "RECONNECT_SECONDS", 0.01)
    pools: list[Pool] = []
    stop = asyncio.Event()

    async def work(pool: Pool) -> None:
        pools.append(pool)
        assert await pool.fetchval("SELECT current_user") == "loadstone_worker"
        if len(pools) == 1:
            raise error
        stop.set()

    with caplog.at_level(logging.WARNING):
        await while_connected(database, work, stop, connections=1)

    assert len(pools) == 2
    assert pools[0] is not pools[1]
    assert caplog.text.count("the queue is away") == 1


async def test_a_bug_is_not_taken_for_a_database_that_is_away(database: str) -> None:
    async def work(pool: Pool) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await while_connected(database, work, asyncio.Event(), connections=1)
