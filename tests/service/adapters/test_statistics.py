"""What is told of the named queries, by a server that keeps statistics, keeps none, or keeps others than we know."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from service.adapters import queries
from service.adapters.database import Database, open_database
from service.adapters.queries import Query
from service.adapters.statistics import REFRESH_SECONDS, StatisticsWatch, ask_server, report
from service.core.database_report import ServerFigures
from service.core.errors import DependencyError
from service.core.metrics import Metrics, layout_of
from tests.service.doubles import FakeClock

PING = queries.load("database.sql")["ping"]
FIND_JOB = queries.load("jobs.sql")["find_job"]
COLUMNS = "userid oid, dbid oid, query text, calls bigint, total_exec_time float8, max_exec_time float8, rows bigint"
BLOCKS = "shared_blks_hit bigint, shared_blks_read bigint"
HERE = "(SELECT oid FROM pg_database WHERE datname = current_database())"


def statement(text: str) -> Query:
    return Query(name="any", description="", text=text)


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(layout_of((), (), (), queries.names()))


@pytest.fixture
async def watched(empty_database: str, metrics: Metrics) -> AsyncIterator[Database]:
    async with open_database(empty_database, size=2, application="tests", metrics=metrics) as database:
        yield database


async def test_a_server_without_statistics_is_said_so_and_our_own_figures_are_told(
    watched: Database, metrics: Metrics
) -> None:
    for _ in range(3):
        await watched.fetch_value(PING)
    with pytest.raises(DependencyError):
        await watched.fetch_row(FIND_JOB, None)  # there is no such table
    told = await report(watched, metrics)
    assert told.statistics.startswith("pg_stat_statements is not in this database")
    assert told.server_version is not None
    assert told.server_version.startswith("18.")
    assert (told.connections.limit, told.connections.used, told.connections.idle) == (2, 0, 1)
    figures = {query.name: query for query in told.queries}
    assert set(figures) == set(queries.names())
    ping, find_job = figures["ping"], figures["find_job"]
    assert (ping.service.calls, ping.service.errors, ping.server) == (3, {}, None)
    assert ping.service.mean_ms
    assert ping.description == "Whether the server answers."
    assert find_job.service.errors == {"refused": 1}
    assert figures["commit"].service.mean_ms is None


async def test_the_servers_figures_are_found_by_the_mark_of_the_query(watched: Database, metrics: Metrics) -> None:
    await watched.execute(statement(f"CREATE TABLE pg_stat_statements ({COLUMNS}, {BLOCKS})"))
    insert = f"INSERT INTO pg_stat_statements SELECT $1, {HERE}, $2, $3, $4, $5, $6, 7, 1"
    for user, text, calls, total, longest, rows in (
        (1, FIND_JOB.text, 10, 30.0, 9.0, 10),
        (2, FIND_JOB.text, 30, 10.0, 2.0, 5),
        (1, "SELECT 'loadstone.find_job'", 1000, 1000.0, 1000.0, 1000),
    ):
        await watched.execute(statement(insert), user, text, calls, total, longest, rows)
    elsewhere = "INSERT INTO pg_stat_statements SELECT 1, 1, $1, 5, 5, 5, 5, 5, 5"
    await watched.execute(statement(elsewhere), FIND_JOB.text)

    told = await report(watched, metrics)

    assert told.statistics == "pg_stat_statements"
    assert {query.name: query.server for query in told.queries if query.server} == {
        "find_job": ServerFigures(
            calls=40, total_ms=40.0, mean_ms=1.0, longest_ms=9.0, rows=15, cached_blocks=14, read_blocks=2
        )
    }


@pytest.mark.parametrize(
    ("relation", "reason"),
    [
        ("TABLE pg_stat_statements (query text, calls bigint, total_time float8)", "is older than version 1.8"),
        (
            "VIEW pg_stat_statements AS SELECT 0::oid AS dbid, ''::text AS query, 1 / 0 AS total_exec_time",
            "cannot be read: ",
        ),
    ],
)
async def test_statistics_that_cannot_be_read_are_a_note(watched: Database, relation: str, reason: str) -> None:
    await watched.execute(statement(f"CREATE {relation}"))
    told = await ask_server(watched)
    assert not told.is_available
    assert reason in told.note


async def test_a_server_that_is_away_is_a_note() -> None:
    async with open_database("postgresql://user@127.0.0.1:1/name", size=1, application="tests") as database:
        told = await ask_server(database)
    assert told.note == "the server cannot be asked: cannot be reached (Connection refused)"


async def test_scrapes_do_not_wait_for_the_server_and_ask_it_seldom(watched: Database, metrics: Metrics) -> None:
    await watched.execute(statement(f"CREATE TABLE pg_stat_statements ({COLUMNS}, {BLOCKS})"))
    note = f"INSERT INTO pg_stat_statements SELECT 1, {HERE}, $1, $2, 1500.5, 2, 3, 4, 5"
    await watched.execute(statement(note), PING.text, 12_345_678)
    clock = FakeClock()
    watch = StatisticsWatch(watched, clock)

    async def scraped() -> dict[str, float]:
        watch.exposition()
        if watch._asking is not None:
            await asyncio.wait([watch._asking])
        lines = [line for line in watch.exposition().decode().splitlines() if line[0] != "#"]
        return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}

    assert watch.exposition() == b""
    assert await scraped() == {
        "loadstone_database_statistics": 1,
        'loadstone_database_server_calls_total{db_operation_name="ping"}': 12_345_678,
        'loadstone_database_server_seconds_total{db_operation_name="ping"}': 1.5005,
        'loadstone_database_server_rows_total{db_operation_name="ping"}': 3,
    }
    await watched.execute(statement("DROP TABLE pg_stat_statements"))
    clock.now += REFRESH_SECONDS / 2
    assert (await scraped())["loadstone_database_statistics"] == 1
    clock.now += REFRESH_SECONDS
    assert await scraped() == {"loadstone_database_statistics": 0}
    await watch.close()
