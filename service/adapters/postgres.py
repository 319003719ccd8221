"""The PostgreSQL door in front of its rooms: pool, database, schema, jobs, probe."""

from __future__ import annotations

from service.adapters import queries
from service.adapters.connection import NAME, Pool, open_pool
from service.adapters.database import Database, open_database
from service.adapters.jobs import PostgresJobs
from service.adapters.migrations import migrate

__all__ = ["Database", "Pool", "PostgresJobs", "PostgresProbe", "migrate", "open_database", "open_pool"]

RECENT_SECONDS = 1.0
_PING = queries.load("database.sql")["ping"]


class PostgresProbe:
    """Tells whether PostgreSQL answers."""

    name = NAME

    def __init__(self, database: Database) -> None:
        self._database = database

    async def check(self) -> None:
        """Raise `DependencyError` when it does not.

        While all connections are in use, the answers that they get speak for the server: load is no illness.
        """
        if self._database.is_exhausted and self._database.silence < RECENT_SECONDS:
            return
        await self._database.fetch_value(_PING)
