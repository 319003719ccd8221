"""Lends the connections of a pool: in the order of asking, checked after a pause, counted.

A connection that lay unused for a while is asked whether it still answers before anybody relies on it. One that
does not is ended, and so are all others of its age: what broke it, such as a restart of the server, broke them too.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from time import monotonic, perf_counter

import asyncpg

from service.adapters.connection import (
    CONNECT_SECONDS,
    DRIVER_ERRORS,
    NAME,
    Connection,
    Pool,
    PooledConnection,
)
from service.core.errors import BusyError
from service.core.metrics import CONNECTION_LIMIT, CONNECTION_QUEUE, CONNECTION_WAIT, CONNECTIONS, Metrics

CHECK_AFTER_SECONDS = 5.0
CHECK_SECONDS = 1.0


class Lender:
    """The one who takes connections out of ``pool``, for an event loop.

    ``patience`` is how many seconds a borrower may wait for a connection to come free.
    """

    def __init__(
        self,
        pool: Pool,
        metrics: Metrics,
        *,
        patience: float = CONNECT_SECONDS,
        check_after: float = CHECK_AFTER_SECONDS,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._pool = pool
        self._patience = patience
        self._check_after = check_after
        self._clock = clock
        self._turns = asyncio.Semaphore(pool.get_max_size())
        self._used_at: dict[int, float] = {}
        """When each open connection was last given back, by its process at the server."""
        self._idle = metrics.level(CONNECTIONS, "idle")
        self._used = metrics.level(CONNECTIONS, "used")
        self._pending = metrics.level(CONNECTION_QUEUE)
        self._wait = metrics.distribution(CONNECTION_WAIT)
        metrics.level(CONNECTION_LIMIT).set(pool.get_max_size())

    @property
    def is_exhausted(self) -> bool:
        """Whether all connections are in use."""
        return self._turns.locked()

    async def borrow(self) -> PooledConnection:
        """A connection that answers; `give_back` must follow.

        Raises `BusyError` when none comes free in time, and what the driver raises when none can be opened.
        """
        asked = perf_counter()
        if self._turns.locked():
            await self._wait_for_turn()
        else:
            await self._turns.acquire()
        try:
            connection = await self._working()
        except BaseException:
            self._turns.release()
            raise
        self._idle.move(-1.0)
        self._used.move(1.0)
        self._wait.observe(perf_counter() - asked)
        return connection

    async def give_back(self, connection: PooledConnection) -> None:
        """Take ``connection`` back, in whatever state it is."""
        self._used.move(-1.0)
        self._idle.move(1.0)
        try:
            with suppress(*DRIVER_ERRORS):  # it has ended then, and whoever had it has its answer already
                if not connection.is_closed():
                    self._used_at[connection.get_server_pid()] = self._clock()
                await self._pool.release(connection)
        finally:
            self._turns.release()

    async def _wait_for_turn(self) -> None:
        self._pending.move(1.0)
        try:
            async with asyncio.timeout(self._patience):
                await self._turns.acquire()
        except TimeoutError:
            reason = f"all {self._pool.get_max_size()} connections are in use, none came free in {self._patience:g} s"
            raise BusyError(NAME, reason) from None
        finally:
            self._pending.move(-1.0)

    async def _working(self) -> PooledConnection:
        while True:
            try:
                connection = await self._pool.acquire()
            except ValueError:  # the driver quotes parts of the URL
                raise asyncpg.InterfaceError("the URL is no valid postgresql:// URL") from None
            pid = connection.get_server_pid()
            used_at = self._used_at.get(pid)
            if used_at is None:
                self._opened(connection, pid)
                return connection
            if self._clock() - used_at < self._check_after:
                return connection
            try:
                await connection.fetchval("SELECT 1", timeout=CHECK_SECONDS)
            except DRIVER_ERRORS:
                end(connection)
                await self._pool.expire_connections()
            except BaseException:
                end(connection)
                raise
            else:
                return connection

    def _opened(self, connection: PooledConnection, pid: int) -> None:
        self._used_at[pid] = self._clock()
        self._idle.move(1.0)
        connection.add_termination_listener(partial(self._closed, pid))

    def _closed(self, pid: int, connection: Connection | PooledConnection) -> None:
        self._used_at.pop(pid, None)
        self._idle.move(-1.0)


def end(connection: PooledConnection) -> None:
    """Let nobody use ``connection`` again; give it back all the same."""
    with suppress(asyncpg.InterfaceError):  # it has ended already
        connection.terminate()
