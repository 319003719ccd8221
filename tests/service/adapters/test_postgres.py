"""Connections to PostgreSQL: every way of failing is one clear error that keeps the password."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest

from service.adapters import postgres
from service.adapters.connection import SILENCE_SECONDS, watch
from service.adapters.embedded import EmbeddedServers
from service.adapters.postgres import Database, Pool, PostgresJobs, PostgresProbe, open_database, open_pool
from service.adapters.queries import Query
from service.core.errors import DependencyError
from tests.support.fault_proxy import FaultProxy


class Servers(Protocol):
    @property
    def postgres(self) -> str: ...

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


@pytest.mark.parametrize(
    "url", ["postgresql://user@host/name?sslmode=secret", "postgresql://user:secret@host:port/name"]
)
async def test_a_url_that_is_read_late_is_named_without_the_password_too(url: str) -> None:
    async with open_database(url, size=1, application="tests") as database:
        with pytest.raises(DependencyError, match="no valid postgresql:// URL") as caught:
            await PostgresProbe(database).check()
    assert "secret" not in str(caught.value)


async def test_the_server_knows_who_is_connected_and_ends_what_takes_too_long(pool: Pool) -> None:
    names = ("application_name", "statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")
    assert [await pool.fetchval("SELECT current_setting($1)", name) for name in names] == ["tests", "10s", "5s", "30s"]


def test_a_silent_other_machine_is_asked_and_given_up() -> None:
    with socket.socket() as line:
        watch(line)
        options = (socket.TCP_KEEPIDLE, socket.TCP_KEEPINTVL, socket.TCP_KEEPCNT, socket.TCP_USER_TIMEOUT)
        idle, interval, count, patience = (line.getsockopt(socket.IPPROTO_TCP, option) for option in options)
        assert line.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    assert idle + interval * count == SILENCE_SECONDS == patience / 1000


async def test_every_connection_over_tcp_is_watched(servers: Servers) -> None:
    with FaultProxy(Path(parse_qs(urlsplit(servers.postgres).query)["host"][0]) / ".s.PGSQL.5432") as proxy:
        url = f"postgresql://postgres@127.0.0.1:{proxy.port}/postgres?sslmode=disable"
        async with await open_pool(url, size=1, application="tests") as pool, pool.acquire() as connection:
            driver: Any = connection
            line = driver._con._transport.get_extra_info("socket")
            patience = line.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT)
    assert patience == SILENCE_SECONDS * 1000


async def test_load_is_no_illness_and_silence_is_one(servers: Servers, monkeypatch: pytest.MonkeyPatch) -> None:
    sleep = Query(name="sleep", description="", text="SELECT pg_sleep(60)", is_read=True)
    async with await open_pool(servers.postgres, size=1, application="tests", kept=0) as pool:
        database = Database(pool, patience=0.01)
        await PostgresProbe(database).check()
        sleeping = asyncio.create_task(database.fetch(sleep))
        await asyncio.sleep(0)
        assert database.is_exhausted
        await PostgresProbe(database).check()
        monkeypatch.setattr(postgres, "RECENT_SECONDS", 0.0)
        with pytest.raises(DependencyError, match="all 1 connections are in use"):
            await PostgresProbe(database).check()
        sleeping.cancel()
        await asyncio.wait([sleeping])


async def test_a_server_that_dies_is_a_dependency_error_until_it_is_back(folder: Path) -> None:
    with EmbeddedServers(folder) as servers:
        async with open_database(servers.start_postgres(), size=2, application="tests") as database:
            probe = PostgresProbe(database)
            await probe.check()
            postmaster = psutil.Process(servers._children[0].pid)
            postmaster.kill()
            postmaster.wait()

            for _ in range(2):
                with pytest.raises(DependencyError):
                    await probe.check()
            with pytest.raises(DependencyError):
                await PostgresJobs(database).submit("comments", b"{}", "public")

            servers.start_postgres()
            await probe.check()
