"""Connections to PostgreSQL: how they are opened, and how every way of not answering becomes `DependencyError`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg

from service.core.errors import DependencyError

NAME = "postgres"
CONNECT_SECONDS = 5.0
STATEMENT_SECONDS = 10.0
"""The server ends a statement that takes longer; the client gives up a second later."""

if TYPE_CHECKING:
    Pool = asyncpg.Pool[asyncpg.Record]
    Connection = asyncpg.Connection[asyncpg.Record]
    PooledConnection = asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
else:  # the driver's classes take their parameter from its stubs alone
    Pool = asyncpg.Pool
    Connection = asyncpg.Connection
    PooledConnection = asyncpg.pool.PoolConnectionProxy


async def open_pool(url: str, *, size: int, application: str, kept: int = 1) -> Pool:
    """A pool of at most ``size`` connections; the server knows them as ``application``.

    ``kept`` of them are open from the start and stay open; with 0 the server need not be there yet.
    """
    with answering(url):
        return await asyncpg.create_pool(
            url,
            min_size=kept,
            max_size=size,
            timeout=CONNECT_SECONDS,
            command_timeout=STATEMENT_SECONDS + 1,
            server_settings={
                "application_name": application,
                "statement_timeout": f"{STATEMENT_SECONDS:.0f}s",
            },
        )


async def connect(url: str, *, application: str) -> Connection:
    """One connection of one's own, with no limit on how long a statement takes."""
    with answering(url):
        return await asyncpg.connect(url, timeout=CONNECT_SECONDS, server_settings={"application_name": application})


@contextmanager
def answering(url: str | None = None) -> Iterator[None]:
    """Turn every way of not answering into `DependencyError`; with ``url`` it tells where, without the password."""
    place = f"{_place(url)}: " if url else ""
    try:
        yield
    except TimeoutError:
        raise DependencyError(NAME, f"{place}did not answer in time") from None
    except asyncpg.PostgresError as error:
        raise DependencyError(NAME, f"{place}{error}") from error
    except OSError as error:
        # A positive number is the system's and has one plain sentence; the others are those of name look-ups.
        number = error.errno or 0
        reason = os.strerror(number) if number > 0 else error.strerror or str(error)
        raise DependencyError(NAME, f"{place}cannot be reached ({reason})") from error
    except asyncpg.InterfaceError as error:
        # A refused URL is quoted in parts by the driver's message, so that one is not passed on.
        reason = "the URL is no valid postgresql:// URL" if url else str(error)
        raise DependencyError(NAME, f"{place}{reason}") from None
    except ValueError:
        if url is None:
            raise
        raise DependencyError(NAME, "the URL is no valid postgresql:// URL") from None


def _place(url: str) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname or parse_qs(parts.query).get("host", ["localhost"])[0]
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "database"
    return f"{unquote(host)}{port}"
