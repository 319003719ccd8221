"""Connections to PostgreSQL: every way of failing is one clear error that keeps the password."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import psutil
import pytest

from service.adapters.embedded import EmbeddedServers
from service.adapters.jobs import PostgresJobs
from service.adapters.postgres import Pool, PostgresProbe, open_pool
from service.core.errors import DependencyError


class Servers(Protocol):
    def database(self, name: str) -> str: ...


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("postgresql://user:secret@127.0.0.1:1/name", "127.0.0.1:1: cannot be reached .Connection refused."),
        ("postgresql://user:secret@localhost:1/name", "localhost:1: cannot be reached"),
        ("postgresql:///name?host=/no/such/folder&password=secret", "/no/such/folder: cannot be reached"),
        ("postgresql://user:se/cret@host:port/name", "no valid postgresql:// URL"),
        ("mysql://user:secret@host/name", "no valid postgresql:// URL"),
    ],
)
async def test_what_cannot_be_connected_to_is_named_without_the_password(url: str, reason: str) -> None:
    with pytest.raises(DependencyError, match=reason) as caught:
        await open_pool(url, size=1, application="tests")
    assert "cret" not in str(caught.value)


async def test_a_database_that_is_not_there_is_an_error_of_the_server(servers: Servers) -> None:
    with pytest.raises(DependencyError, match='database "nowhere" does not exist'):
        await open_pool(servers.database("nowhere"), size=1, application="tests")


async def test_the_server_knows_who_is_connected_and_ends_long_statements(pool: Pool) -> None:
    assert await pool.fetchval("SHOW application_name") == "tests"
    assert await pool.fetchval("SHOW statement_timeout") == "10s"


async def test_a_server_that_dies_is_a_dependency_error(folder: Path) -> None:
    with EmbeddedServers(folder) as servers:
        async with await open_pool(servers.start_postgres(), size=2, application="tests") as pool:
            await PostgresProbe(pool).check()
            postmaster = psutil.Process(servers._children[0].pid)
            postmaster.kill()
            postmaster.wait()

            for _ in range(2):
                with pytest.raises(DependencyError):
                    await PostgresProbe(pool).check()
            with pytest.raises(DependencyError):
                await PostgresJobs(pool).submit("comments", b"{}")
