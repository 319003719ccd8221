"""The server itself: pictures by number, and the faults of real origins, as often as it is told.

GET /small/17.jpg    200, 404 or 429 with ``Retry-After``; perhaps after a while
GET /                200: who this is
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Annotated, Final, cast

import msgspec

from loadtests._payloads._pictures import EDGES, HIGHEST_NUMBER, Size, picture

HELLO: Final = b"pictures of the load tests\n"
RETRY_AFTER = 1
"""Seconds."""
_PATH: Final = re.compile(rf"/({'|'.join(EDGES)})/([0-9]{{1,{len(str(HIGHEST_NUMBER))}}})\.jpg")
_IDLE_SECONDS = 60.0
_MOST_HEAD = 16_384

Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]


class Manners(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the origin treats who comes."""

    missing: Share = 0.0
    """The share of pictures that are not there: always the same ones."""
    busy: Share = 0.0
    """The share of requests that are told to come later."""
    delay: Annotated[float, msgspec.Meta(ge=0.0, le=60.0)] = 0.0
    """Seconds before each answer, on average, exponentially distributed."""


class PictureServer:
    """Answers connections, for ``asyncio.start_server``; the ``seed`` draws who is treated how."""

    def __init__(self, manners: Manners, seed: int = 1) -> None:
        self._manners = manners
        self._seed = seed
        self._draw = Random(seed)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """All requests of one connection."""
        with suppress(asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, TimeoutError):
            while True:
                async with asyncio.timeout(_IDLE_SECONDS):
                    head = await reader.readuntil(b"\r\n\r\n")
                if self._manners.delay:
                    await asyncio.sleep(self._draw.expovariate(1.0 / self._manners.delay))
                writer.write(self._answer(head))
                await writer.drain()
        writer.close()

    def _answer(self, head: bytes) -> bytes:
        method, _, rest = head.partition(b" ")
        path = rest.partition(b" ")[0].partition(b"?")[0].decode("latin-1")
        if method != b"GET":
            return _response("405 Method Not Allowed", b"", "Allow: GET\r\n")
        if path == "/":
            return _response("200 OK", HELLO, "Content-Type: text/plain\r\n")
        found = _PATH.fullmatch(path)
        if found is None or self._is_missing(path):
            return _response("404 Not Found", b"")
        if self._manners.busy and self._draw.random() < self._manners.busy:
            return _response("429 Too Many Requests", b"", f"Retry-After: {RETRY_AFTER}\r\n")
        content = picture(cast("Size", found[1]), int(found[2])).content
        return _response("200 OK", content, "Content-Type: image/jpeg\r\n")

    def _is_missing(self, path: str) -> bool:
        return self._manners.missing > 0.0 and Random(f"{self._seed} {path}").random() < self._manners.missing


def _response(status: str, content: bytes, fields: str = "") -> bytes:
    return f"HTTP/1.1 {status}\r\n{fields}Content-Length: {len(content)}\r\n\r\n".encode() + content


async def serve(host: str, port: int, manners: Manners, tell: Callable[[str], None]) -> None:
    """Until cancelled; tells where, once it answers. OSError when the port is taken."""
    server = await asyncio.start_server(PictureServer(manners).serve, host, port, limit=_MOST_HEAD, backlog=1_024)
    async with server:
        where = server.sockets[0].getsockname()
        tell(f"pictures at http://{where[0]}:{where[1]}")
        await server.serve_forever()
