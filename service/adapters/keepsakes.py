"""Files that analyses make, such as thumbnails, in PostgreSQL: each tenant sees its own."""

from __future__ import annotations

from collections.abc import Sequence

from service.adapters import queries
from service.adapters.database import Database
from service.core.keepsakes import Keepsake

KEPT_SECONDS = 30 * 86_400.0
"""After so long without being made again a file is forgotten."""
SWEPT_AT_ONCE = 1_000

_SQL = queries.load("keepsakes.sql")


class PostgresKeepsakes:
    """The store of keepsakes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, keepsakes: Sequence[Keepsake], tenant: str) -> None:
        """Have them for ``tenant``; those that are there already stay for as long again."""
        names, media_types, contents = zip(*keepsakes, strict=True)
        async with self._database.transaction(tenant) as statements:
            await statements.execute(_SQL["keep_keepsakes"], tenant, names, media_types, contents)

    async def find(self, identifier: str, tenant: str) -> Keepsake | None:
        """The one that ``tenant`` has by this name."""
        if "\0" in identifier:
            return None
        async with self._database.transaction(tenant) as statements:
            row = await statements.fetch_row(_SQL["find_keepsake"], identifier)
        return None if row is None else Keepsake(identifier, row["media_type"], row["content"])


async def sweep_keepsakes(database: Database, older_than: float = KEPT_SECONDS, most: int = SWEPT_AT_ONCE) -> int:
    """Forget some of what was kept more than so many seconds ago; how many, 0 when nothing is left."""
    return int((await database.execute(_SQL["sweep_keepsakes"], older_than, most)).rpartition(" ")[2])
