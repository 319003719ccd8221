"""Real servers for the doors' tests: started once, emptied for each test."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import msgspec
import pytest
from redis.asyncio import Redis

from service.adapters import redis
from service.adapters.attempts import WORKER_ROLE, Attempts
from service.adapters.database import Database
from service.adapters.embedded import EmbeddedServers
from service.adapters.jobs import PostgresJobs
from service.adapters.postgres import Pool, migrate, open_pool

_numbers = itertools.count()


class Servers(msgspec.Struct, frozen=True):
    """Where the running servers are."""

    postgres: str
    redis: str

    def database(self, name: str) -> str:
        """The URL of another database of the same server."""
        return self.postgres.replace("/postgres?", f"/{name}?")


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    with EmbeddedServers(tmp_path_factory.mktemp("servers")) as embedded:
        yield Servers(embedded.start_postgres(), embedded.start_valkey())


@pytest.fixture(scope="session")
def migrated(servers: Servers) -> str:
    """The name of a migrated database."""
    asyncio.run(_statement(servers.postgres, "CREATE DATABASE migrated"))
    asyncio.run(migrate(servers.database("migrated")))
    return "migrated"


@pytest.fixture
def empty_database(servers: Servers) -> str:
    """The URL of a new, empty database."""
    name = f"empty_{next(_numbers)}"
    asyncio.run(_statement(servers.postgres, f"CREATE DATABASE {name}"))
    return servers.database(name)


@pytest.fixture
def database(servers: Servers, migrated: str) -> str:
    """The URL of a migrated database without jobs, batches and keys."""
    url = servers.database(migrated)
    batches = "batches, batch_chunks, batch_results, batch_refusals, batch_remains"
    asyncio.run(_statement(url, f"TRUNCATE jobs, pgqueuer, pgqueuer_log, api_keys, {batches}"))
    return url


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with await open_pool(database, size=4, application="tests") as pool:
        yield pool


@pytest.fixture
def jobs(pool: Pool) -> PostgresJobs:
    """The jobs as tenants see them."""
    return PostgresJobs(Database(pool))


@pytest.fixture
async def worker_database(database: str) -> AsyncIterator[Database]:
    """The database with a worker's rights."""
    async with await open_pool(database, size=2, application="tests", role=WORKER_ROLE) as pool:
        yield Database(pool)


@pytest.fixture
def attempts(worker_database: Database) -> Attempts:
    """The jobs as a worker sees them."""
    return Attempts(worker_database)


@pytest.fixture
async def redis_client(servers: Servers) -> AsyncIterator[Redis]:
    client = redis.open_client(servers.redis)
    yield client
    await client.aclose()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A data folder that is not there yet."""
    return tmp_path / "data"


async def _statement(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
