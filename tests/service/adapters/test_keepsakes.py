"""Files that analyses make, in a real PostgreSQL: the tenant's own, and gone after a while."""

from __future__ import annotations

import pytest

from service.adapters.database import Database
from service.adapters.keepsakes import PostgresKeepsakes, sweep_keepsakes
from service.adapters.postgres import Pool
from service.core.keepsakes import Keepsake

SMALL, LARGE = Keepsake("a", "image/jpeg", b"\xff\xd8\0"), Keepsake("b", "image/webp", b"x" * 300_000)


@pytest.fixture
def keepsakes(pool: Pool) -> PostgresKeepsakes:
    return PostgresKeepsakes(Database(pool))


async def test_a_file_is_its_tenants(keepsakes: PostgresKeepsakes) -> None:
    await keepsakes.keep([SMALL, LARGE, SMALL], "acme")
    await keepsakes.keep([SMALL], "acme")
    assert [await keepsakes.find(name, "acme") for name in ("a", "b")] == [SMALL, LARGE]
    assert await keepsakes.find("a", "bolt") is None
    assert await keepsakes.find("a\0", "acme") is None


async def test_what_is_old_is_forgotten(keepsakes: PostgresKeepsakes, worker_database: Database) -> None:
    await keepsakes.keep([SMALL], "acme")
    assert await sweep_keepsakes(worker_database, older_than=3_600) == 0
    assert await sweep_keepsakes(worker_database, older_than=-1) >= 1
    assert await keepsakes.find("a", "acme") is None
