"""The embedded servers: they start anywhere, end with their owner, keep their data and share it with nobody."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import psutil
import pytest

from service.adapters import redis
from service.adapters.embedded import EmbeddedServers
from service.core.errors import DependencyError, SettingsError

OWNER = Path(__file__).with_name("embedded_owner.py")


async def query(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


@contextmanager
def owner(folder: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that owns servers on ``folder``, and PostgreSQL's URL."""
    with subprocess.Popen([sys.executable, OWNER, folder], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        postgres, valkey = process.stdout.readline().strip(), process.stdout.readline().strip()
        assert postgres
        assert valkey
        try:
            yield process, postgres
        finally:
            process.kill()


async def test_a_restart_finds_the_data_of_postgres_and_an_empty_valkey(folder: Path) -> None:
    with EmbeddedServers(folder) as servers:
        await query(servers.start_postgres(), "CREATE TABLE kept AS SELECT 42 AS answer")
        client = redis.open_client(servers.start_valkey())
        await client.set("key", "value")
        await client.aclose()
    with EmbeddedServers(folder) as servers:
        assert await query(servers.start_postgres(), "SELECT answer FROM kept") == 42
        client = redis.open_client(servers.start_valkey())
        assert await client.dbsize() == 0
        await client.aclose()


@pytest.mark.parametrize("end", [signal.SIGTERM, signal.SIGKILL])
async def test_the_servers_end_with_their_owner_and_the_folder_is_free_again(folder: Path, end: signal.Signals) -> None:
    with owner(folder) as (process, url):
        await query(url, "CREATE TABLE kept AS SELECT 42 AS answer")
        children = psutil.Process(process.pid).children()
        assert sorted(child.name() for child in children) == ["postgres", "valkey-server"]
        process.send_signal(end)
        process.wait()
        with EmbeddedServers(folder) as servers:
            assert await query(servers.start_postgres(), "SELECT answer FROM kept") == 42
        _, alive = psutil.wait_procs(children, timeout=30)
        assert not alive


async def test_a_server_that_a_dead_owner_left_behind_gives_way(folder: Path) -> None:
    orphans = EmbeddedServers(folder)
    with orphans:
        await query(orphans.start_postgres(), "CREATE TABLE kept AS SELECT 42 AS answer")
        orphans._folder.release()  # as the death of its process would
        with EmbeddedServers(folder) as servers:
            assert await query(servers.start_postgres(), "SELECT answer FROM kept") == 42


async def test_two_folders_are_two_worlds(tmp_path: Path) -> None:
    with EmbeddedServers(tmp_path / "one") as one, EmbeddedServers(tmp_path / "two") as two:
        first, second = one.start_postgres(), two.start_postgres()
        await query(first, "CREATE TABLE here AS SELECT 1")
        assert await query(first, "SELECT to_regclass('here')::text") == "here"
        assert await query(second, "SELECT to_regclass('here')::text") is None
        assert one.start_valkey() != two.start_valkey()


def test_a_second_service_on_the_folder_is_refused_with_one_sentence(folder: Path) -> None:
    with (
        owner(folder) as (process, _),
        pytest.raises(SettingsError, match=f"in use by process {process.pid}$"),
        EmbeddedServers(folder),
    ):
        pass


@pytest.mark.parametrize("name", ["long" * 40, "with space, comma % and #"])
async def test_any_folder_name_works(tmp_path: Path, name: str) -> None:
    with EmbeddedServers(tmp_path / name) as servers:
        assert await query(servers.start_postgres(), "SELECT 42") == 42
        client = redis.open_client(servers.start_valkey())
        assert await client.ping()
        await client.aclose()


async def test_a_folder_inside_a_closed_one_works_and_stays_closed(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    with EmbeddedServers(closed / "data") as servers:
        assert await query(servers.start_postgres(), "SELECT 42") == 42
    assert closed.stat().st_mode & 0o777 == 0o700


async def test_a_cluster_that_was_only_half_made_is_made_again(folder: Path) -> None:
    unfinished = folder / "postgres.unfinished"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("18\n")
    with EmbeddedServers(folder) as servers:
        assert await query(servers.start_postgres(), "SELECT 42") == 42


def test_a_start_that_fails_quotes_the_last_line_of_the_log(folder: Path) -> None:
    with EmbeddedServers(folder) as servers:
        servers.start_postgres()
    with (folder / "postgres" / "postgresql.conf").open("a") as configuration:
        configuration.write("no_such_option = 1\n")
    with (
        EmbeddedServers(folder) as servers,
        pytest.raises(DependencyError, match=r"did not start: .*postgresql\.conf.* contains errors"),
    ):
        servers.start_postgres()


def test_a_cluster_of_another_version_is_refused(folder: Path) -> None:
    (folder / "postgres").mkdir(parents=True)
    (folder / "postgres" / "PG_VERSION").write_text("12\n")
    with EmbeddedServers(folder) as servers, pytest.raises(SettingsError, match="PostgreSQL 12, this is PostgreSQL 18"):
        servers.start_postgres()


def test_a_file_is_no_data_folder(folder: Path) -> None:
    folder.write_text("")
    with pytest.raises(SettingsError, match="cannot be used"), EmbeddedServers(folder):
        pass
