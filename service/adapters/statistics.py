"""What is known of every named query: what the service measured, and what the server did, where it keeps statistics.

The server's side is ``pg_stat_statements``. Its figures are those of all services on the database since it was reset,
found by the comment that every query carries; ours are those of this service since it started.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from time import monotonic

import msgspec
import numpy as np

from service.adapters import queries
from service.adapters.database import Database
from service.core.errors import DependencyError
from service.core.metrics import (
    CONNECTION_LIMIT,
    CONNECTION_QUEUE,
    CONNECTIONS,
    DATABASE_DURATION,
    DATABASE_ERRORS,
    DATABASE_FAULTS,
    DATABASE_RETRIES,
    Instrument,
    Metrics,
)

REFRESH_SECONDS = 15.0
"""The server is asked no more often for what is scraped."""
_SQL = queries.load("database.sql")


class ServerFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What the server measured of one query."""

    calls: int
    total_ms: float
    mean_ms: float
    longest_ms: float
    rows: int
    cached_blocks: int
    read_blocks: int
    """Blocks that were not in the server's cache."""


class ServiceFigures(msgspec.Struct, frozen=True, kw_only=True):
    """What this service measured of one query, over all its workers."""

    calls: int
    mean_ms: float | None
    errors: Mapping[str, int]
    retries: int


class QueryFigures(msgspec.Struct, frozen=True, kw_only=True):
    """One named query."""

    name: str
    description: str
    service: ServiceFigures
    server: ServerFigures | None


class ConnectionFigures(msgspec.Struct, frozen=True, kw_only=True):
    """The connections of all workers now."""

    limit: int
    used: int
    idle: int
    waiting: int
    """Queries that wait for one."""


class ServerStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the server keeps statistics, and what they say."""

    note: str
    """Where they come from, or why there are none."""
    server_version: str | None = None
    is_available: bool = False
    queries: Mapping[str, ServerFigures] = {}


class DatabaseReport(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of the database's work."""

    server_version: str | None
    statistics: str
    """Where the server's figures come from, or why there are none."""
    connections: ConnectionFigures
    queries: Sequence[QueryFigures]
    """The one that took the service the most time first."""


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
    cells = metrics.layout.totals(metrics.readings())

    def now(instrument: Instrument, *values: str) -> int:
        return int(cells[metrics.layout.offset(instrument, *values)])

    def of(query: queries.Query) -> QueryFigures:
        row = cells[metrics.layout.offset(DATABASE_DURATION, query.name) :][: DATABASE_DURATION.width]
        calls = int(np.sum(row[:-1]))
        faults = {fault: now(DATABASE_ERRORS, query.name, fault) for fault in DATABASE_FAULTS}
        service = ServiceFigures(
            calls=calls,
            mean_ms=round(float(row[-1]) / calls * 1000, 3) if calls else None,
            errors={fault: count for fault, count in faults.items() if count},
            retries=now(DATABASE_RETRIES, query.name),
        )
        return QueryFigures(
            name=query.name,
            description=query.description,
            service=service,
            server=server.queries.get(query.name),
        )

    figures = [of(query) for query in queries.every()]
    return DatabaseReport(
        server_version=server.server_version,
        statistics=server.note,
        connections=ConnectionFigures(
            limit=now(CONNECTION_LIMIT),
            used=now(CONNECTIONS, "used"),
            idle=now(CONNECTIONS, "idle"),
            waiting=now(CONNECTION_QUEUE),
        ),
        queries=sorted(figures, key=lambda one: (one.service.mean_ms or 0.0) * one.service.calls, reverse=True),
    )


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
