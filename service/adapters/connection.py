"""Connections to PostgreSQL: how they are opened, and how every way of not answering becomes `DependencyError`."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg

from service.core.errors import DependencyError

NAME = "postgres"
CONNECT_SECONDS = 5.0
STATEMENT_SECONDS = 10.0
"""The server ends a statement that takes longer; the client gives up a second later."""
LOCK_SECONDS = 5.0
"""The server ends a statement that waits longer for a lock."""
PAUSE_SECONDS = 30.0
"""The server ends a transaction whose owner says nothing for so long, and gives its locks free."""
UNUSED_SECONDS = 300.0
"""A connection that nobody used for so long is closed."""
SILENCE_SECONDS = 15
"""After so long without an answer from the other machine a TCP connection is taken for dead."""

if TYPE_CHECKING:
    Pool = asyncpg.Pool[asyncpg.Record]
    Connection = asyncpg.Connection[asyncpg.Record]
    PooledConnection = asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
else:  # the driver's classes take their parameter from its stubs alone
    Pool = asyncpg.Pool
    Connection = asyncpg.Connection
    PooledConnection = asyncpg.pool.PoolConnectionProxy


class Fault(StrEnum):
    """Why there is no answer."""

    SATURATED = "saturated"
    """No connection came free in time."""
    UNREACHABLE = "unreachable"
    """No connection could be opened, or it broke."""
    TIMEOUT = "timeout"
    """The answer took too long, or a lock did."""
    REFUSED = "refused"
    """The server, or the driver, says no."""


async def open_pool(
    url: str, *, size: int, application: str, kept: int = 1, tidies: bool = True, role: str | None = None
) -> Pool:
    """A pool of at most ``size`` connections; the server knows them as ``application``.

    ``kept`` of them are open from the start and stay open; with 0 the server need not be there yet. ``tidies`` puts
    a connection's session back to its beginnings after each use, at the price of a round trip; whoever changes
    nothing beyond a transaction can do without. ``role`` is whose rights its connections have in place of the user's.
    """
    with answering(url):
        return await asyncpg.create_pool(
            url,
            min_size=kept,
            max_size=size,
            max_inactive_connection_lifetime=UNUSED_SECONDS,
            connection_class=_WatchedConnection,
            reset=None if tidies else _leave,
            timeout=CONNECT_SECONDS,
            command_timeout=STATEMENT_SECONDS + 1,
            server_settings={
                "application_name": application,
                "statement_timeout": f"{STATEMENT_SECONDS:.0f}s",
                "lock_timeout": f"{LOCK_SECONDS:.0f}s",
                "idle_in_transaction_session_timeout": f"{PAUSE_SECONDS:.0f}s",
                **({"role": role} if role else {}),
            },
        )


async def connect(url: str, *, application: str) -> Connection:
    """One connection of one's own, with no limit on how long a statement takes."""
    with answering(url):
        return await asyncpg.connect(url, timeout=CONNECT_SECONDS, server_settings={"application_name": application})


@contextmanager
def answering(url: str | None = None) -> Iterator[None]:
    """Turn every way of not answering into `DependencyError`; with ``url`` it tells where, without the password."""
    try:
        yield
    except DRIVER_ERRORS as error:
        raise explained(error, url) from (error if isinstance(error, asyncpg.PostgresError) else None)
    except ValueError:
        if url is None:
            raise
        raise DependencyError(NAME, "the URL is no valid postgresql:// URL") from None


DRIVER_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
"""What the driver raises when there is no answer; a TimeoutError is an OSError."""


def explained(error: BaseException, url: str | None = None) -> DependencyError:
    """One of the `DRIVER_ERRORS` as an error of the service."""
    place = f"{_place(url)}: " if url else ""
    if isinstance(error, TimeoutError):
        return DependencyError(NAME, f"{place}did not answer in time")
    if isinstance(error, OSError):
        # A positive number is the system's and has one plain sentence; the others are those of name look-ups.
        number = error.errno or 0
        reason = os.strerror(number) if number > 0 else error.strerror or str(error)
        return DependencyError(NAME, f"{place}cannot be reached ({reason})")
    if isinstance(error, asyncpg.InterfaceError) and url:
        # A refused URL is quoted in parts by the driver's message, so that one is not passed on.
        return DependencyError(NAME, f"{place}the URL is no valid postgresql:// URL")
    return DependencyError(NAME, f"{place}{error}")


def fault_of(error: BaseException) -> Fault:
    """What one of the `DRIVER_ERRORS` comes down to."""
    if isinstance(error, (TimeoutError, asyncpg.QueryCanceledError, asyncpg.LockNotAvailableError)):
        return Fault.TIMEOUT
    return Fault.UNREACHABLE if isinstance(error, _BROKEN) else Fault.REFUSED


_BROKEN = (
    OSError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
)


class _WatchedConnection(Connection):
    """A connection that ends when the other machine is gone, not a quarter of an hour later."""

    def __init__(self, protocol: Any, transport: Any, *rest: Any) -> None:
        super().__init__(protocol, transport, *rest)
        line = transport.get_extra_info("socket")
        if line is not None and line.family in (socket.AF_INET, socket.AF_INET6):
            watch(line)


def watch(line: socket.socket) -> None:
    """Let the kernel ask a silent other end whether it is there, and give up on it after `SILENCE_SECONDS`."""
    interval = SILENCE_SECONDS // 3
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, interval)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, interval)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 2)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENCE_SECONDS * 1000)


async def _leave(connection: Connection) -> None:
    """Leave the session as it is."""


def _place(url: str) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname or parse_qs(parts.query).get("host", ["localhost"])[0]
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "database"
    return f"{unquote(host)}{port}"
