"""The PostgreSQL door in front of its rooms: pool, schema, jobs, probe."""

from __future__ import annotations

from service.adapters.connection import CONNECT_SECONDS, NAME, Pool, answering, open_pool
from service.adapters.jobs import PostgresJobs
from service.adapters.migrations import migrate

__all__ = ["Pool", "PostgresJobs", "PostgresProbe", "migrate", "open_pool"]


class PostgresProbe:
    """Tells whether PostgreSQL answers."""

    name = NAME

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def check(self) -> None:
        """Raise `DependencyError` when it does not."""
        with answering():
            async with self._pool.acquire(timeout=CONNECT_SECONDS) as connection:
                await connection.fetchval("SELECT 1")
