"""Catalogues of products, in PostgreSQL: each tenant sees its own, and every process sees its changes in order."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from asyncpg import Record

from service.adapters import queries
from service.adapters.database import Database, Statements
from service.core.catalogues import EMPTY, CatalogueFullError, CatalogueState, Change, StoredProduct

REMOVED_SECONDS = 86_400.0
"""Who follows a catalogue learns of what was removed for so long; who comes later reads it anew."""
SWEPT_AT_ONCE = 1_000

_SQL = queries.load("catalogues.sql")


class _UnchangedError(Exception):
    """All of it was there before, in this ``revision``: the one that was begun is taken back."""

    def __init__(self, revision: int) -> None:
        super().__init__(revision)
        self.revision = revision


class PostgresCatalogues:
    """The store of catalogues."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def state(self, tenant: str) -> CatalogueState:
        """How far ``tenant``'s is."""
        async with self._database.transaction(tenant) as statements:
            row = await statements.fetch_row(_SQL["catalogue_state"], tenant)
        return EMPTY if row is None else CatalogueState(*row)

    async def lenses(self, tenant: str) -> bytes | None:
        """What was learned of ``tenant``'s."""
        async with self._database.transaction(tenant) as statements:
            found: bytes | None = await statements.fetch_value(_SQL["catalogue_lenses"], tenant)
        return found

    async def put(self, products: Sequence[StoredProduct], most: int, tenant: str) -> int:
        """Keep ``products`` in place of those of the same names, all or none; the catalogue's revision from then on."""
        latest = list({product.id: product for product in products}.values())
        try:
            async with self._database.transaction(tenant) as statements:
                return await _put(statements, latest, most, tenant)
        except _UnchangedError as unchanged:
            return unchanged.revision

    async def remove(self, names: Sequence[str], tenant: str) -> int:
        """Take products out; how many of ``names`` were there."""
        async with self._database.transaction(tenant) as statements:
            revision = await statements.fetch_value(_SQL["next_revision"], tenant)
            removed: int = await statements.fetch_value(_SQL["remove_products"], tenant, revision, names)
        return removed

    async def changes(self, after: int, most: int, tenant: str) -> Sequence[Change]:
        """The next changes after revision ``after``, in order: so many, and what else was changed with the last one."""
        async with self._database.transaction(tenant) as statements:
            return _changes(await statements.fetch(_SQL["product_changes"], tenant, after, most))

    async def page(self, after: int, most: int, tenant: str) -> Sequence[Change]:
        """As `changes`, of products that are there, and without their vectors."""
        async with self._database.transaction(tenant) as statements:
            return _changes(await statements.fetch(_SQL["product_page"], tenant, after, most))

    async def find(self, names: Sequence[str], tenant: str) -> Sequence[StoredProduct]:
        """Those of ``names`` that are there, in any order."""
        async with self._database.transaction(tenant) as statements:
            return [_product(row) for row in await statements.fetch(_SQL["find_products"], tenant, names)]

    async def keep_lenses(self, lenses: bytes, products: int, tenant: str) -> None:
        """Keep what was learned of so many products, for all who follow; it is a change."""
        async with self._database.transaction(tenant) as statements:
            await statements.execute(_SQL["keep_lenses"], tenant, lenses, products)


async def sweep_products(database: Database, older_than: float = REMOVED_SECONDS, most: int = SWEPT_AT_ONCE) -> int:
    """Forget some of what was removed more than so many seconds ago; how many, 0 when nothing is left."""
    return int((await database.execute(_SQL["sweep_products"], older_than, most)).rpartition(" ")[2])


async def _put(statements: Statements, products: Sequence[StoredProduct], most: int, tenant: str) -> int:
    names, facts, pictures, texts = zip(*products, strict=True)
    said = [told.decode("utf-8") for told in facts]
    revision: int = await statements.fetch_value(_SQL["next_revision"], tenant)
    row = await statements.fetch_row(_SQL["put_products"], tenant, revision, names, said, pictures, texts)
    if row is None or not row["changed"]:
        raise _UnchangedError(revision - 1)
    if row["products"] > most:
        raise CatalogueFullError(f"there is no room for {row['products']:,} products")
    return revision


def _changes(rows: Iterable[Record]) -> list[Change]:
    return [Change(row["revision"], row["id"], None if row["is_removed"] else _product(row)) for row in rows]


def _product(row: Record) -> StoredProduct:
    return StoredProduct(row["id"], row["facts"].encode("utf-8"), row["picture"], row["text"])
