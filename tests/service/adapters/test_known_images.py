"""Known pictures in a real PostgreSQL: none that is near is missed, none is another tenant's."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence

import pytest

from service.adapters import queries
from service.adapters.database import Database
from service.adapters.known_images import PostgresKnownImages, sweep_known_images
from service.adapters.maintenance import maintain_once
from service.adapters.postgres import Pool
from service.core.known import Likeness, Nearness, Resemblance

RULE = Nearness(near=31, far=48, coarse=8)
BANDS = 14
YEAR = 365 * 86_400.0


@pytest.fixture
async def known(pool: Pool) -> PostgresKnownImages:
    """A store that knows nothing."""
    await pool.execute("TRUNCATE known_images")
    return PostgresKnownImages(Database(pool))


def drawn(chance: random.Random, origin: Likeness | None = None, *, fine: int = 0, coarse: int = 0) -> Likeness:
    """A picture, or one that differs from ``origin`` in so many bits of both hashes."""
    name = chance.randbytes(32)
    if origin is None:
        return Likeness(name, chance.randbytes(32), chance.randbytes(8))
    return Likeness(name, flipped(chance, origin.fine, fine), flipped(chance, origin.coarse, coarse))


def flipped(chance: random.Random, digest: bytes, count: int) -> bytes:
    bits = sum(1 << bit for bit in chance.sample(range(8 * len(digest)), count))
    return (int.from_bytes(digest, "big") ^ bits).to_bytes(len(digest), "big")


def distance(one: bytes, other: bytes) -> int:
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_count()


def nearest(likeness: Likeness, stock: Sequence[Likeness]) -> list[Resemblance]:
    """The same by looking at each."""
    found = []
    for other in stock:
        fine, coarse = distance(likeness.fine, other.fine), distance(likeness.coarse, other.coarse)
        is_near = fine <= RULE.near or (fine <= RULE.far and coarse <= RULE.coarse)
        if is_near and other.sha256 != likeness.sha256:
            found.append(Resemblance(other.sha256, fine, other.url))
    return sorted(found, key=lambda each: (each.distance, each.sha256))


@pytest.mark.parametrize("seed", range(3))
async def test_what_is_found_is_what_looking_at_each_finds(known: PostgresKnownImages, seed: int) -> None:
    chance = random.Random(seed)
    stock: list[Likeness] = []
    for _ in range(60):
        origin = chance.choice(stock) if stock and chance.random() < 0.8 else None
        # Most differ by as much as just counts, or just does not.
        fine, coarse = chance.choice([0, 30, 31, 32, 47, 48, 49]), chance.choice([0, 7, 8, 9])
        likeness = drawn(chance, origin, fine=fine, coarse=coarse)
        assert list(await known.meet(likeness, RULE, 200, "acme")) == nearest(likeness, stock)
        stock.append(likeness)
    assert sum(bool(nearest(each, stock)) for each in stock) > 30, "the stock has copies in it"


async def test_the_nearest_come_first_and_no_more_than_wanted(known: PostgresKnownImages) -> None:
    chance = random.Random(4)
    origin = drawn(chance)
    copies = [drawn(chance, origin, fine=bits) for bits in (9, 3, 6)]
    for copy in copies:
        await known.meet(copy, RULE, 9, "acme")
    assert [each.distance for each in await known.meet(origin, RULE, 2, "acme")] == [3, 6]


async def test_a_picture_is_known_once_and_by_where_it_was_last(known: PostgresKnownImages) -> None:
    chance = random.Random(5)
    one = drawn(chance)
    for url in ("https://a/", "https://b/", None):
        assert await known.meet(one._replace(url=url), RULE, 9, "acme") == []
    assert await known.meet(drawn(chance, one, fine=2), RULE, 9, "acme") == [Resemblance(one.sha256, 2, "https://b/")]


async def test_no_tenant_meets_anothers_and_what_is_forgotten_is_met_no_more(known: PostgresKnownImages) -> None:
    chance = random.Random(6)
    one = drawn(chance)
    await known.meet(one, RULE, 9, "acme")
    copy = drawn(chance, one, fine=1)
    assert await known.meet(copy, RULE, 9, "bolt") == []
    assert await known.forget(one.sha256, "bolt") is False
    assert await known.forget(one.sha256, "acme") is True
    assert await known.forget(one.sha256, "acme") is False
    assert await known.meet(copy, RULE, 9, "acme") == []


async def test_of_two_that_come_at_once_one_meets_the_other(known: PostgresKnownImages) -> None:
    chance = random.Random(8)
    origin = drawn(chance)
    copies = [drawn(chance, origin, fine=bits) for bits in range(12)]
    met = await asyncio.gather(*(known.meet(copy, RULE, 20, "acme") for copy in copies))
    pairs = {frozenset((copy.sha256, each.sha256)) for copy, found in zip(copies, met, strict=True) for each in found}
    assert len(pairs) == len(copies) * (len(copies) - 1) // 2


async def test_what_nobody_sent_for_long_is_forgotten(known: PostgresKnownImages, worker_database: Database) -> None:
    chance = random.Random(7)
    one = drawn(chance)
    await known.meet(one, RULE, 9, "acme")
    assert await sweep_known_images(worker_database, older_than=3_600) == 0
    assert await maintain_once(worker_database, YEAR)
    assert len(await known.meet(drawn(chance, one), RULE, 9, "acme")) == 1
    assert await maintain_once(worker_database, YEAR, known=-1)
    assert await known.meet(drawn(chance, one), RULE, 9, "acme") == []


async def test_row_level_security_lets_the_search_have_its_indexes(known: PostgresKnownImages, pool: Pool) -> None:
    """Asked for as a tenant, for any values: every band by its index, and no row but theirs."""
    text = queries.load("known_images.sql")["find_near_images"].text
    await fill(pool, 4_000)
    values = ["''", "repeat('0', 256)::bit(256)", "repeat('0', 64)::bit(64)", "31", "48", "8", "20"]
    arguments = ", ".join(values + ["'{1,2}'"] * BANDS)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
        await connection.execute("SET LOCAL ROLE loadstone_tenant; SET LOCAL loadstone.tenant = 'acme'")
        await connection.execute(f"PREPARE search AS {text}")
        rows = await connection.fetch(f"EXPLAIN EXECUTE search({arguments})")
    plan = "\n".join(row[0] for row in rows)
    assert [f"Index Scan on known_images_band_{band + 1} " in plan for band in range(BANDS)] == [True] * BANDS
    assert "Seq Scan" not in plan
    assert "(tenant = (InitPlan" in plan, "the policy is there"


async def fill(pool: Pool, rows: int) -> None:
    """Have two tenants know so many pictures, all of them different."""
    columns = ", ".join(f"band_{band + 1}" for band in range(BANDS))
    await pool.execute(
        f"INSERT INTO known_images (tenant, sha256, fine, coarse, {columns}) "
        "SELECT CASE WHEN number % 2 = 0 THEN 'acme' ELSE 'bolt' END, sha256(number::text::bytea), "
        f"repeat('01', 128)::bit(256), repeat('01', 32)::bit(64){', number' * BANDS} "
        f"FROM generate_series(1, {rows}) AS number"
    )
    await pool.execute("ANALYZE known_images")
