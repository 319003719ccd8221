"""Asks the server what it measured of every named query, where it keeps statistics: ``pg_stat_statements``.

Its figures are those of all services on the database since they were reset, found by the comment that every query
carries; the service's own are those of its workers since it started.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from time import monotonic

from service.adapters import queries
from service.adapters.database import Database
from service.core.database_report import DatabaseReport, ServerFigures, ServerStatistics, report_of
from service.core.errors import DependencyError
from service.core.metrics import Metrics

REFRESH_SECONDS = 15.0
"""The server is asked no more often for what is scraped."""
_SQL = queries.load("database.sql")


async def ask_server(database: Database) -> ServerStatistics:
    """What the server measured; a server that is away, or keeps nothing, is a note and no error."""
    try:
        found = await database.fetch_row(_SQL["find_statistics"])
    except DependencyError as error:
        return ServerStatistics(note=f"the server cannot be asked: {error.reason}")
    if found is None:
        return ServerStatistics(note="the server says nothing of itself")
    version = found["server_version"]
    if found["relation"] is None:
        note = "pg_stat_statements is not in this database: preload it and CREATE EXTENSION pg_stat_statements"
        return ServerStatistics(note=note, server_version=version)
    if not found["is_timed"]:
        return ServerStatistics(note="pg_stat_statements is older than version 1.8", server_version=version)
    try:
        rows = await database.fetch(_SQL["read_statistics"])
    except DependencyError as error:
        return ServerStatistics(note=f"pg_stat_statements cannot be read: {error.reason}", server_version=version)
    figures = {
        row["name"]: ServerFigures(
            calls=row["calls"],
            total_ms=round(row["total_ms"], 3),
            mean_ms=round(row["total_ms"] / max(1, row["calls"]), 3),
            longest_ms=round(row["longest_ms"], 3),
            rows=row["rows"],
            cached_blocks=row["cached_blocks"],
            read_blocks=row["read_blocks"],
        )
        for row in rows
    }
    note = " ".join(filter(None, (found["relation"], found["version"])))
    return ServerStatistics(note=note, server_version=version, is_available=True, queries=figures)


async def report(database: Database, metrics: Metrics) -> DatabaseReport:
    """All that is known now."""
    server = await ask_server(database)
    return report_of(metrics, server, [(query.name, query.description) for query in queries.every()])


class StatisticsWatch:
    """The server's figures for whoever scrapes them: never waited for, and asked anew no more often than is useful."""

    def __init__(self, database: Database, clock: Callable[[], float] = monotonic) -> None:
        self._database = database
        self._clock = clock
        self._next = float("-inf")
        self._asking: asyncio.Task[None] | None = None
        self._text = b""

    def exposition(self) -> bytes:
        """The figures of the last asking in Prometheus text format, nothing without any; asks anew when it is time."""
        if self._asking is None and self._clock() >= self._next:
            self._asking = asyncio.get_running_loop().create_task(self._ask())
        return self._text

    async def close(self) -> None:
        """Stop asking."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    async def _ask(self) -> None:
        try:
            server = await ask_server(self._database)
            self._text = "".join(f"{line}\n" for line in _lines(server)).encode()
        finally:
            self._next = self._clock() + REFRESH_SECONDS
            self._asking = None


def _lines(server: ServerStatistics) -> Iterator[str]:
    columns: Sequence[tuple[str, str, Callable[[ServerFigures], float]]] = (
        ("calls_total", "Calls of a named query, as the server counts them.", lambda figures: figures.calls),
        ("seconds_total", "Time of a named query at the server.", lambda figures: figures.total_ms / 1000),
        ("rows_total", "Rows of a named query, as the server counts them.", lambda figures: figures.rows),
    )
    yield "# HELP loadstone_database_statistics Whether the server keeps statistics of statements."
    yield "# TYPE loadstone_database_statistics gauge"
    yield f"loadstone_database_statistics {int(server.is_available)}"
    for name, text, value in columns if server.is_available else ():
        yield f"# HELP loadstone_database_server_{name} {text}"
        yield f"# TYPE loadstone_database_server_{name} counter"
        for query, figures in server.queries.items():
            yield f'loadstone_database_server_{name}{{db_operation_name="{query}"}} {value(figures)}'
