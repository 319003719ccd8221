"""The months of batches: their partitions are made ahead, and dropped when all that is in them is old."""

from __future__ import annotations

from service.adapters import queries
from service.adapters.database import Database

MONTHS_AHEAD = 2
SWEPT_AT_ONCE = 10_000
"""Results of deleted batches."""

_SQL = queries.load("partitions.sql")


async def make_partitions(database: Database, ahead: int = MONTHS_AHEAD) -> int:
    """Make what is missing of the months up to ``ahead`` from now; how many partitions that were."""
    return int(await database.fetch_value(_SQL["make_partitions"], ahead))


async def drop_partitions(database: Database, older_than: float) -> int:
    """Drop the months that ended more than so many seconds ago, a day at least, and have nothing at work; how many."""
    return int(await database.fetch_value(_SQL["drop_partitions"], older_than))


async def sweep_remains(database: Database, most: int = SWEPT_AT_ONCE) -> int:
    """Remove some results of deleted batches; how many, 0 when nothing is left."""
    swept = int((await database.execute(_SQL["sweep_remains"], most)).rpartition(" ")[2])
    if not swept:
        await database.execute(_SQL["forget_remains"])
    return swept
