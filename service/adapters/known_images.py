"""Pictures that tenants sent, in PostgreSQL: near ones are found by an index, and none of them is missed.

`bands` tells how. With 11 bands of the fine hash and 3 of the coarse one some 3,600 values are looked up in 14 indexes,
and lead to the few of a tenant's million pictures that are compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from asyncpg import BitString

from service.adapters import queries
from service.adapters.bands import bands_around, bands_of
from service.adapters.database import Database
from service.core.known import Likeness, Nearness, Resemblance

FINE_BANDS, COARSE_BANDS = 11, 3
"""As many as the table has; measured against 16 and 4, and 8 and 3."""
SWEPT_AT_ONCE = 1_000

_SQL = queries.load("known_images.sql")


class PostgresKnownImages:
    """The store of known pictures."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def meet(self, likeness: Likeness, nearness: Nearness, most: int, tenant: str) -> Sequence[Resemblance]:
        """What ``tenant`` has that is near ``likeness``, the nearest first; it is known from now on, too."""
        first = first_value(tenant)
        fine, coarse = BitString.frombytes(likeness.fine), BitString.frombytes(likeness.coarse)
        around = [
            [first + value for value in values]
            for values in (
                *bands_around(likeness.fine, FINE_BANDS, nearness.near),
                *bands_around(likeness.coarse, COARSE_BANDS, nearness.coarse),
            )
        ]
        bands = [
            first + value for value in (*bands_of(likeness.fine, FINE_BANDS), *bands_of(likeness.coarse, COARSE_BANDS))
        ]
        # Remembered for all to see before it looks around: of two that come at once, one meets the other at least.
        async with self._database.transaction(tenant) as statements:
            await statements.execute(_SQL["remember_image"], tenant, likeness.sha256, likeness.url, fine, coarse, bands)
        async with self._database.transaction(tenant) as statements:
            await statements.execute(_SQL["plan_once"])
            rows = await statements.fetch(
                _SQL["find_near_images"], likeness.sha256, fine, coarse, *nearness, most, *around
            )
        return [Resemblance(row["sha256"], row["distance"], row["url"]) for row in rows]

    async def forget(self, sha256: bytes, tenant: str) -> bool:
        """Have ``tenant`` know it no more; whether it was known."""
        async with self._database.transaction(tenant) as statements:
            return await statements.execute(_SQL["forget_image"], sha256) == "DELETE 1"


async def sweep_known_images(database: Database, older_than: float, most: int = SWEPT_AT_ONCE) -> int:
    """Forget some of what nobody sent for so many seconds; how many, 0 when nothing is left."""
    return int((await database.execute(_SQL["sweep_known_images"], older_than, most)).rpartition(" ")[2])


def first_value(tenant: str) -> int:
    """Where a tenant's values begin: those of one tenant lie together in the indexes, apart from nearly all others."""
    return int.from_bytes(blake2b(tenant.encode(), digest_size=4).digest(), "big") >> 1 << 32
