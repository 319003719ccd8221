"""Catalogues in a real PostgreSQL: revisions in order, exact counts, nobody else's products."""

from __future__ import annotations

import asyncio
import random

import pytest

from service.adapters import queries
from service.adapters.catalogues import PostgresCatalogues, sweep_products
from service.adapters.database import Database
from service.adapters.maintenance import maintain_once
from service.adapters.postgres import Pool
from service.core.catalogues import EMPTY, CatalogueFullError, CatalogueStore, StoredProduct
from service.core.errors import DependencyError
from tests.service.memory_catalogues import MemoryCatalogues

MANY = 1_000_000
SQL = queries.load("catalogues.sql")


@pytest.fixture
async def catalogues(pool: Pool) -> PostgresCatalogues:
    """A store without products."""
    await pool.execute("TRUNCATE catalogues, products")
    return PostgresCatalogues(Database(pool))


@pytest.fixture(params=["postgres", "memory"])
async def store(request: pytest.FixtureRequest, catalogues: PostgresCatalogues) -> CatalogueStore:
    """The store, and what stands for it in tests, which has to behave the same."""
    return catalogues if request.param == "postgres" else MemoryCatalogues()


def product(name: str, number: int = 0, *, seen: bool = True) -> StoredProduct:
    """The product ``name`` as it was said the ``number``-th time."""
    chance = random.Random(f"{name} {number}")
    picture = chance.randbytes(1_024) if seen else None
    return StoredProduct(name, b'{"title": "%d"}' % number, picture, chance.randbytes(768))


async def followed(store: CatalogueStore, tenant: str, most: int = 2) -> dict[str, StoredProduct]:
    """What somebody knows who reads all changes from the first on."""
    known: dict[str, StoredProduct] = {}
    revision = 0
    while changes := await store.changes(revision, most, tenant):
        assert [change.revision for change in changes] == sorted(change.revision for change in changes)
        assert changes[0].revision > revision
        for change in changes:
            if change.product is None:
                known.pop(change.id, None)
            else:
                known[change.id] = change.product
        revision = changes[-1].revision
    return known


async def test_who_follows_knows_what_is_there(store: CatalogueStore) -> None:
    assert await store.state("acme") == EMPTY
    assert await store.put([product("a"), product("b", seen=False)], MANY, "acme") == 1
    assert await store.put([product("b", 2), product("c"), product("c", 3)], MANY, "acme") == 2
    assert await store.remove(["a", "nobody"], "acme") == 1
    assert await followed(store, "acme") == {"b": product("b", 2), "c": product("c", 3)}
    state = await store.state("acme")
    assert (state.revision, state.products) == (3, 2)
    assert await store.put([product("a", 4)], MANY, "acme") == 4
    assert (await followed(store, "acme"))["a"] == product("a", 4)


async def test_what_is_said_again_keeps_its_revision(store: CatalogueStore) -> None:
    await store.put([product("a"), product("b")], MANY, "acme")
    assert await store.put([product("b"), product("a")], MANY, "acme") == 1
    assert await store.put([product("a"), product("b", 1)], MANY, "acme") == 2
    assert [(change.id, change.revision) for change in await store.changes(0, 9, "acme")] == [("a", 1), ("b", 2)]
    assert (await store.state("acme")).revision == 2


async def test_changes_of_one_revision_are_never_parted(store: CatalogueStore) -> None:
    await store.put([product(f"p{number}") for number in range(5)], MANY, "acme")
    await store.put([product("q")], MANY, "acme")
    assert len(await store.changes(0, 2, "acme")) == 5
    assert len(await store.page(0, 2, "acme")) == 5
    assert [change.id for change in await store.page(1, 2, "acme")] == ["q"]


async def test_products_are_found_by_name_and_listed_without_vectors(store: CatalogueStore) -> None:
    await store.put([product("a"), product("b")], MANY, "acme")
    await store.remove(["b"], "acme")
    assert await store.find(["b", "a", "c"], "acme") == [product("a")]
    (listed,) = await store.page(0, 9, "acme")
    assert listed.product == product("a")._replace(picture=None, text=None)
    assert listed.revision == 1


async def test_no_tenant_sees_anothers(store: CatalogueStore) -> None:
    await store.put([product("a")], MANY, "acme")
    await store.put([product("a", 1)], MANY, "bolt")
    assert await store.remove(["a"], "bolt") == 1
    assert await store.find(["a"], "bolt") == []
    assert await followed(store, "acme") == {"a": product("a")}
    assert await store.lenses("bolt") is None


async def test_a_full_catalogue_keeps_none_of_what_is_too_much(store: CatalogueStore) -> None:
    await store.put([product("a"), product("b")], 3, "acme")
    with pytest.raises(CatalogueFullError):
        await store.put([product("c"), product("d")], 3, "acme")
    assert await store.put([product("a", 1), product("c")], 3, "acme") == 2
    assert sorted(await followed(store, "acme")) == ["a", "b", "c"]
    assert (await store.state("acme")).products == 3


async def test_what_was_learned_is_a_change_of_its_own(store: CatalogueStore) -> None:
    await store.put([product("a")], MANY, "acme")
    await store.keep_lenses(b"lenses", 1, "acme")
    state = await store.state("acme")
    assert (state.revision, state.lenses_at, state.lenses_of) == (2, 2, 1)
    assert await store.lenses("acme") == b"lenses"
    assert await store.changes(1, 9, "acme") == []


async def test_who_follows_eight_writers_misses_nothing(catalogues: PostgresCatalogues) -> None:
    written: dict[str, set[StoredProduct]] = {}

    async def write(seed: int) -> None:
        chance = random.Random(seed)
        for step in range(12):
            names = chance.sample([f"p{number}" for number in range(30)], 4)
            if chance.random() < 0.2:
                await catalogues.remove(names, "acme")
                continue
            told = [product(name, 1_000 * seed + step) for name in names]
            for each in told:
                written.setdefault(each.id, set()).add(each)
            await catalogues.put(told, MANY, "acme")

    known: dict[str, StoredProduct | None] = {}
    revision = 0
    writers = asyncio.gather(*(write(seed) for seed in range(8)))
    while True:
        is_over = writers.done()
        changes = await catalogues.changes(revision, 3, "acme")
        known.update((change.id, change.product) for change in changes)
        revision = max([revision, *(change.revision for change in changes)])
        if is_over and not changes:
            break
    await writers
    there = {name: told for name, told in known.items() if told is not None}
    assert there == await followed(catalogues, "acme", 1_000)
    assert all(told in written[name] for name, told in there.items())
    state = await catalogues.state("acme")
    assert (state.products, state.revision) == (len(there), revision)


async def test_what_was_removed_is_forgotten_in_time_and_who_missed_it_is_told(
    catalogues: PostgresCatalogues, worker_database: Database, pool: Pool
) -> None:
    await catalogues.put([product("a"), product("b"), product("c")], MANY, "acme")
    await catalogues.remove(["a", "b"], "acme")
    assert await sweep_products(worker_database, 3_600.0) == 0
    await pool.execute("UPDATE products SET removed_at = now() - interval '2 days' WHERE id = 'a'")
    assert await maintain_once(worker_database, 1e9)
    assert await pool.fetchval("SELECT array_agg(id ORDER BY id) FROM products") == ["b", "c"]
    state = await catalogues.state("acme")
    assert (state.purged, state.revision, state.products) == (2, 2, 1)


async def test_vectors_of_another_length_are_refused(pool: Pool, catalogues: PostgresCatalogues) -> None:
    with pytest.raises(DependencyError, match="products_picture_check"):
        await catalogues.put([product("a")._replace(picture=b"short")], MANY, "acme")
    assert await catalogues.state("acme") == EMPTY


async def test_a_catalogue_among_many_is_read_by_index(catalogues: PostgresCatalogues, pool: Pool) -> None:
    await pool.execute(
        "INSERT INTO products (tenant, id, revision, facts) "
        "SELECT 't' || number % 50, 'p' || number, number, '{}' FROM generate_series(1, 20000) AS number"
    )
    await pool.execute("VACUUM ANALYZE products")
    for name, arguments in (
        ("product_changes", "'t1', 10000, 100"),
        ("product_page", "'t1', 10000, 100"),
        ("find_products", "'t1', '{p1,p2}'"),
    ):
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute("SET LOCAL ROLE loadstone_tenant; SET LOCAL loadstone.tenant = 't1'")
            await connection.execute(f"PREPARE asked_{name} AS {SQL[name].text}")
            rows = await connection.fetch(f"EXPLAIN EXECUTE asked_{name}({arguments})")
        plan = "\n".join(row[0] for row in rows)
        assert "Seq Scan" not in plan, plan
        assert "products_changes" in plan or "products_pkey" in plan, plan
    await pool.execute("TRUNCATE products")
