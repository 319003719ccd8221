"""The tier of the cache in PostgreSQL: outlives Redis and every process, and knows what is used most."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from service.adapters import queries
from service.adapters.connection import NAME
from service.adapters.database import Database
from service.core.errors import BusyError
from service.core.ports import Parcel

DROPPED_ROWS = 5_000
SWEPT_ROWS = 1_000
"""Deleted by one statement, at most, so that none is long."""
_SQL = queries.load("cache.sql")
_LIKE = str.maketrans({"*": "%", "?": "_", "%": r"\%", "_": r"\_", "\\": r"\\"})


class CacheTable:
    """Keeps at most about ``rows`` entries; uses ``connections`` of the database's at once, at most."""

    name = NAME

    def __init__(self, database: Database, rows: int, connections: int = 2) -> None:
        self._database = database
        self._rows = rows
        self._free = asyncio.Semaphore(connections)

    async def get_many(self, keys: Sequence[str]) -> Sequence[bytes | None]:
        """The values of ``keys`` in order, None where there is none; BusyError rather than waiting for a connection."""
        if not keys:
            return []
        if self._free.locked() or self._database.is_exhausted:
            raise BusyError(NAME, "all connections are in use")
        async with self._free:
            rows = await self._database.fetch(_SQL["find_cached"], list(keys))
        found: dict[str, bytes] = {row["key"]: row["value"] for row in rows}
        return [found.get(key) for key in keys]

    async def put_many(self, parcels: Sequence[Parcel]) -> None:
        """Keep ``parcels`` by one statement."""
        if parcels:
            keys, values, seconds = map(list, zip(*parcels, strict=True))
            async with self._free:
                await self._database.execute(_SQL["keep_cached"], keys, values, seconds)

    async def drop_many(self, keys: Sequence[str]) -> int:
        """Forget ``keys``; how many there were."""
        async with self._free:
            return int(await self._database.fetch_value(_SQL["drop_cached"], list(keys)))

    async def drop_matching(self, pattern: str) -> int:
        """Forget the keys that match ``pattern``, in batches; how many."""
        like, dropped, last = pattern.translate(_LIKE), 0, ""
        while last is not None:
            async with self._free:
                rows = await self._database.fetch(_SQL["drop_cached_matching"], like, last, DROPPED_ROWS)
            for entries, greatest in rows:
                dropped, last = dropped + entries, greatest
        return dropped

    async def count_uses(self, uses: Mapping[str, int]) -> None:
        """Add ``uses`` to what is known of keys; unknown ones, and those being written just now, are passed over."""
        if uses:
            async with self._free:
                await self._database.execute(_SQL["count_cached_uses"], list(uses), list(uses.values()))

    async def most_used(self, prefix: str, most: int, size: int) -> Sequence[tuple[str, bytes]]:
        """At most ``most`` keys that begin with ``prefix``, the most used first, with ``size`` bytes of values."""
        async with self._free:
            rows = await self._database.fetch(_SQL["find_most_used"], prefix, most, size)
        return [(row["key"], row["value"]) for row in rows]

    async def sweep(self) -> int:
        """Forget a batch of what is over, or else of what is beyond ``rows``; 0 when nothing is left to do."""
        async with self._free:
            over = int(await self._database.fetch_value(_SQL["sweep_cached"], SWEPT_ROWS))
            if over:
                return over
            return int(await self._database.fetch_value(_SQL["trim_cached"], self._rows, SWEPT_ROWS))
