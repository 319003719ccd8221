"""Where a worker can be seen from outside: a few documents over HTTP, for probes, scrapers and operators.

No framework, since a worker answers nobody else: one request a connection, GET and HEAD alone, a bounded head.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus
from typing import Final, NamedTuple, TypeAlias

from service.core.errors import SettingsError

LARGEST_HEAD: Final = 8_192
HEAD_SECONDS: Final = 5.0
"""How long a request's head may take to arrive."""
JSON: Final = "application/json"
TEXT: Final = "text/plain; version=0.0.4; charset=utf-8"


class Document(NamedTuple):
    """What is answered."""

    content: bytes
    media_type: str = JSON
    status: HTTPStatus = HTTPStatus.OK


Writer: TypeAlias = Callable[[], Awaitable[Document]]


@asynccontextmanager
async def open_lookout(host: str, port: int, writers: Mapping[str, Writer]) -> AsyncIterator[int]:
    """Answer at ``host`` and ``port`` by the writer of each path, as long as the block lasts; gives the port.

    SettingsError when nobody can listen there.
    """

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, TimeoutError, asyncio.LimitOverrunError, asyncio.IncompleteReadError):
            async with asyncio.timeout(HEAD_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
            document, has_body = await _answered(head, writers)
            writer.write(_written(document, has_body=has_body))
            await writer.drain()
        writer.close()

    try:
        server = await asyncio.start_server(serve, host, port, limit=LARGEST_HEAD)
    except OSError as error:
        reason = f"port {port} at {host} cannot be used: {error.strerror}; choose another with LOADSTONE_WORKER_PORT"
        raise SettingsError([reason]) from None
    async with server:
        yield server.sockets[0].getsockname()[1]


async def _answered(head: bytes, writers: Mapping[str, Writer]) -> tuple[Document, bool]:
    method, _, rest = head.partition(b"\r\n")[0].decode("latin-1").partition(" ")
    path = rest.partition(" ")[0].partition("?")[0]
    write = writers.get(path)
    if write is None:
        return _problem(HTTPStatus.NOT_FOUND), True
    if method not in ("GET", "HEAD"):
        return _problem(HTTPStatus.METHOD_NOT_ALLOWED), True
    return await write(), method == "GET"


def _problem(status: HTTPStatus) -> Document:
    content = f'{{"type":"about:blank","title":"{status.phrase}","status":{status.value}}}'.encode()
    return Document(content, "application/problem+json", status)


def _written(document: Document, *, has_body: bool) -> bytes:
    status = document.status
    head = (
        f"HTTP/1.1 {status.value} {status.phrase}\r\nContent-Type: {document.media_type}\r\n"
        f"Content-Length: {len(document.content)}\r\nConnection: close\r\n\r\n"
    ).encode()
    return head + document.content if has_body else head
