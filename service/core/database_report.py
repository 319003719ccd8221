"""What is known of every named query of the database, as an administrator is shown it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import msgspec
import numpy as np

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


def report_of(metrics: Metrics, server: ServerStatistics, descriptions: Iterable[tuple[str, str]]) -> DatabaseReport:
    """The report from what is measured and what the server says, of the queries with these names and descriptions."""
    cells = metrics.layout.totals(metrics.readings())

    def now(instrument: Instrument, *values: str) -> int:
        return int(cells[metrics.layout.offset(instrument, *values)])

    def figures_of(name: str) -> ServiceFigures:
        row = cells[metrics.layout.offset(DATABASE_DURATION, name) :][: DATABASE_DURATION.width]
        calls = int(np.sum(row[:-1]))
        faults = {fault: now(DATABASE_ERRORS, name, fault) for fault in DATABASE_FAULTS}
        return ServiceFigures(
            calls=calls,
            mean_ms=round(float(row[-1]) / calls * 1000, 3) if calls else None,
            errors={fault: count for fault, count in faults.items() if count},
            retries=now(DATABASE_RETRIES, name),
        )

    queries = [
        QueryFigures(name=name, description=text, service=figures_of(name), server=server.queries.get(name))
        for name, text in descriptions
    ]
    return DatabaseReport(
        server_version=server.server_version,
        statistics=server.note,
        connections=ConnectionFigures(
            limit=now(CONNECTION_LIMIT),
            used=now(CONNECTIONS, "used"),
            idle=now(CONNECTIONS, "idle"),
            waiting=now(CONNECTION_QUEUE),
        ),
        queries=sorted(queries, key=lambda query: (query.service.mean_ms or 0.0) * query.service.calls, reverse=True),
    )
