"""Named queries over a pool: every statement is one of our own, and every failure is a `DependencyError`.

    query ──▶ borrow a connection ──▶ send ──▶ answer
                   │ none to be had      │ broken before the answer came
                   ▼                     ▼
              try again               try again, if it only reads

A failure before anything was sent costs nothing to repeat. After that the server may have done what it was asked
without being able to say so, and only what changes nothing is asked a second time.
"""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable, Sequence
from contextlib import asynccontextmanager
from time import perf_counter
from typing import Any, TypeAlias, TypeVar

import asyncpg

from service.adapters import queries
from service.adapters.connection import (
    CONNECT_SECONDS,
    DRIVER_ERRORS,
    NAME,
    STATEMENT_SECONDS,
    Fault,
    Pool,
    PooledConnection,
    explained,
    fault_of,
    open_pool,
)
from service.adapters.lending import Lender, end
from service.adapters.queries import Query
from service.core.errors import BusyError, DependencyError
from service.core.identity import is_tenant_name
from service.core.metrics import DATABASE_DURATION, DATABASE_ERRORS, DATABASE_RETRIES, OTHER, Metrics, layout_of
from service.core.retries import Retries
from service.core.timeline import TIMING

Record: TypeAlias = asyncpg.Record
T = TypeVar("T")
Arguments: TypeAlias = Sequence[Any]
Step: TypeAlias = Callable[[PooledConnection, str, Arguments], Coroutine[Any, Any, T]]

_SQL = queries.load("database.sql")


class Statements(ABC):
    """What runs named queries: the database, each in a transaction of its own, or one transaction."""

    def fetch(self, query: Query, *arguments: object) -> Coroutine[Any, Any, list[Record]]:
        """All rows."""
        return self._run(query, _fetch, arguments)

    def fetch_row(self, query: Query, *arguments: object) -> Coroutine[Any, Any, Record | None]:
        """The first row, if there is one."""
        return self._run(query, _fetch_row, arguments)

    def fetch_value(self, query: Query, *arguments: object) -> Coroutine[Any, Any, Any]:
        """The first row's first value; None without a row."""
        return self._run(query, _fetch_value, arguments)

    def execute(self, query: Query, *arguments: object) -> Coroutine[Any, Any, str]:
        """Run it for its effect; PostgreSQL's word for what it did, such as ``UPDATE 1``."""
        return self._run(query, _execute, arguments)

    def execute_many(self, query: Query, rows: Iterable[Sequence[object]]) -> Coroutine[Any, Any, None]:
        """Run it once for each of ``rows``, all of them or none."""
        return self._run(query, _execute_many, (rows,))

    def copy(
        self, query: Query, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]
    ) -> Coroutine[Any, Any, str]:
        """Send ``rows`` as COPY into ``columns`` of ``table``, all of them or none; ``query`` is what it is called."""
        return self._run(query, _copy, (table, columns, rows))

    @abstractmethod
    def _run(self, query: Query, step: Step[T], arguments: Arguments) -> Coroutine[Any, Any, T]: ...


class Database(Statements):
    """The queries of one event loop over ``pool``, measured in ``metrics``.

    ``patience`` is how many seconds a query may wait for a connection to come free.
    """

    def __init__(
        self,
        pool: Pool,
        metrics: Metrics | None = None,
        *,
        patience: float = CONNECT_SECONDS,
        retries: Retries | None = None,
    ) -> None:
        metrics = metrics or Metrics(layout_of((), (), (), queries.names()))
        self._lender = Lender(pool, metrics, patience=patience)
        self._meters = _Meters(metrics)
        self._retries = retries or Retries()
        self._answered_at = float("-inf")

    @property
    def silence(self) -> float:
        """Seconds since the server last answered."""
        return perf_counter() - self._answered_at

    @property
    def is_exhausted(self) -> bool:
        """Whether all connections are in use."""
        return self._lender.is_exhausted

    @asynccontextmanager
    async def transaction(self, tenant: str | None = None) -> AsyncIterator[Statements]:
        """Statements that take effect together or not at all; with ``tenant``, under its rights and on its rows.

        When it fails at its very end, nobody knows whether they took effect.
        """
        connection = await self._begun(_opening(tenant))
        try:
            statements = _Transaction(connection, self._meters)
            try:
                yield statements
            except BaseException:
                await _roll_back(connection)
                raise
            if await statements.execute(_SQL["commit"]) != "COMMIT":
                raise DependencyError(NAME, "the transaction was undone because a statement in it had failed")
            self._answered_at = perf_counter()
        finally:
            await self._lender.give_back(connection)

    async def _run(self, query: Query, step: Step[T], arguments: Arguments) -> T:
        began = perf_counter()
        meters = self._meters.of(query.name)
        self._retries.begin()
        failures = 0
        try:
            while True:
                connection = await self._connected(meters)
                try:
                    try:
                        answer = await meters.measured(step(connection, query.text, arguments))
                        self._answered_at = perf_counter()
                        return answer
                    finally:
                        await self._lender.give_back(connection)
                except DRIVER_ERRORS as error:
                    failures += 1
                    await self._wait_or_raise(error, failures, meters, repeatable=query.is_read)
        finally:
            _note_time(began)

    async def _begun(self, opening: str) -> PooledConnection:
        """A connection with an open transaction."""
        began = perf_counter()
        meters = self._meters.of("begin")
        self._retries.begin()
        failures = 0
        try:
            while True:
                connection = await self._connected(meters)
                try:
                    await meters.measured(connection.execute(opening))
                except DRIVER_ERRORS as error:
                    await _roll_back(connection)
                    await self._lender.give_back(connection)
                    failures += 1
                    await self._wait_or_raise(error, failures, meters)
                except BaseException:
                    end(connection)  # it may open the transaction after we left
                    await self._lender.give_back(connection)
                    raise
                else:
                    return connection
        finally:
            _note_time(began)

    async def _connected(self, meters: _QueryMeters) -> PooledConnection:
        failures = 0
        while True:
            try:
                return await self._lender.borrow()
            except BusyError:
                meters.faults[Fault.SATURATED].add()
                raise
            except DRIVER_ERRORS as error:
                failures += 1
                await self._wait_or_raise(error, failures, meters)

    async def _wait_or_raise(
        self, error: BaseException, failures: int, meters: _QueryMeters, *, repeatable: bool = True
    ) -> None:
        fault = fault_of(error)
        meters.faults[fault].add()
        delay = self._retries.delay(failures) if repeatable and fault is Fault.UNREACHABLE else None
        if delay is None:
            raise explained(error) from error
        meters.retries.add()
        await asyncio.sleep(delay)


@asynccontextmanager
async def open_database(
    url: str, *, size: int, application: str, metrics: Metrics | None = None, role: str | None = None
) -> AsyncIterator[Database]:
    """The database at ``url``, by a pool as `open_pool` makes it; the server need not be there yet."""
    pool = await open_pool(url, size=size, application=application, kept=0, tidies=False, role=role)
    try:
        yield Database(pool, metrics)
    finally:
        try:
            async with asyncio.timeout(STATEMENT_SECONDS):
                await pool.close()
        except TimeoutError:
            pool.terminate()


class _Transaction(Statements):
    def __init__(self, connection: PooledConnection, meters: _Meters) -> None:
        self._connection = connection
        self._meters = meters

    async def _run(self, query: Query, step: Step[T], arguments: Arguments) -> T:
        began = perf_counter()
        meters = self._meters.of(query.name)
        try:
            return await meters.measured(step(self._connection, query.text, arguments))
        except DRIVER_ERRORS as error:
            meters.faults[fault_of(error)].add()
            raise explained(error) from error
        finally:
            _note_time(began)


class _QueryMeters:
    """What is measured of one query."""

    __slots__ = ("_duration", "faults", "retries")

    def __init__(self, metrics: Metrics, name: str) -> None:
        self._duration = metrics.distribution(DATABASE_DURATION, name)
        self.faults = {fault: metrics.count(DATABASE_ERRORS, name, fault) for fault in Fault}
        self.retries = metrics.count(DATABASE_RETRIES, name)

    async def measured(self, answer: Coroutine[Any, Any, T]) -> T:
        started = perf_counter()
        try:
            return await answer
        finally:
            self._duration.observe(perf_counter() - started)


class _Meters:
    """What is measured of all queries that are known at start, and of the others together."""

    def __init__(self, metrics: Metrics) -> None:
        (*known, _) = (name for (name,) in metrics.layout.series[DATABASE_DURATION])
        self._others = _QueryMeters(metrics, OTHER)
        self._known = {name: _QueryMeters(metrics, name) for name in known}

    def of(self, name: str) -> _QueryMeters:
        return self._known.get(name, self._others)


def _opening(tenant: str | None) -> str:
    """What opens a transaction, in one message: the name is a tenant's, never a caller's text."""
    if tenant is None:
        return _SQL["begin"].text
    if not is_tenant_name(tenant):
        raise ValueError("this is no name of a tenant")
    return _SQL["begin"].text + _SQL["become_tenant"].text.replace("$1", f"'{tenant}'")


async def _roll_back(connection: PooledConnection) -> None:
    """Leave no transaction open, whatever it takes."""
    try:
        if connection.is_in_transaction():
            await connection.execute(_SQL["roll_back"].text)
    except DRIVER_ERRORS:
        end(connection)


def _note_time(began: float) -> None:
    timing = TIMING.get()
    if timing is not None:
        timing.db += perf_counter() - began


def _fetch(connection: PooledConnection, text: str, arguments: Arguments) -> Coroutine[Any, Any, list[Record]]:
    return connection.fetch(text, *arguments)


def _fetch_row(connection: PooledConnection, text: str, arguments: Arguments) -> Coroutine[Any, Any, Record | None]:
    return connection.fetchrow(text, *arguments)


def _fetch_value(connection: PooledConnection, text: str, arguments: Arguments) -> Coroutine[Any, Any, Any]:
    return connection.fetchval(text, *arguments)


def _execute(connection: PooledConnection, text: str, arguments: Arguments) -> Coroutine[Any, Any, str]:
    return connection.execute(text, *arguments)


def _execute_many(connection: PooledConnection, text: str, arguments: Arguments) -> Coroutine[Any, Any, None]:
    return connection.executemany(text, *arguments)


def _copy(connection: PooledConnection, _: str, arguments: Arguments) -> Coroutine[Any, Any, str]:
    table, columns, rows = arguments
    return connection.copy_records_to_table(table, columns=columns, records=rows)
