"""One HTTP/1.1 connection, as near to the wire as a test needs: bytes out, an answer or a reason back."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer; the names of its headers are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def closes(self) -> bool:
        """Whether the connection ends with it."""
        return self.headers.get("connection", "").lower() == "close"


class BrokenOffError(Exception):
    """The connection ended before the answer did; ``begun`` is whether any of it had come."""

    def __init__(self, reason: str, *, begun: bool) -> None:
        super().__init__(reason)
        self.begun = begun


def post(path: str, content: Any, **headers: str) -> bytes:
    """A POST request with ``content`` as JSON; underscores in names of headers are hyphens."""
    body = content if isinstance(content, bytes) else msgspec.json.encode(content)
    lines = [f"POST {path} HTTP/1.1", "host: test", "content-type: application/json", f"content-length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join((*lines, "", "")).encode() + body


def get(path: str) -> bytes:
    """A GET request."""
    return f"GET {path} HTTP/1.1\r\nhost: test\r\n\r\n".encode()


class Connection(asyncio.Protocol):
    """A kept connection, for one request at a time; answers must say how long they are."""

    def __init__(self) -> None:
        self.used = False
        """Whether a request was answered on it."""
        self._transport: asyncio.Transport | None = None
        self._received = bytearray()
        self._reply: asyncio.Future[Reply] | None = None
        self._over = "it was never opened"

    @classmethod
    async def open(cls, port: int) -> Connection:
        """To ``port`` on loopback; OSError when nobody takes it."""
        _, connection = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return connection

    @property
    def is_open(self) -> bool:
        """Whether the other side has not ended it, as far as is known here."""
        return not self._over

    async def exchange(self, request: bytes) -> Reply:
        """The answer to ``request``; BrokenOffError when there is none."""
        if self._over or self._transport is None:
            raise BrokenOffError(self._over, begun=False)
        self._reply = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        reply = await self._reply
        self._reply = None
        self.used = True
        return reply

    def close(self) -> None:
        """End it at once."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by asyncio."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._over = ""

    def data_received(self, data: bytes) -> None:
        """Called by asyncio."""
        self._received += data
        reply = self._parsed()
        if reply is None:
            return
        if self._reply is None or self._reply.done():
            self._break_off("an answer came that nobody had asked for")
        else:
            self._reply.set_result(reply)
            if reply.closes:
                self._break_off("the answer before was the last")

    def eof_received(self) -> None:
        """Called by asyncio."""
        self._break_off("the other side closed it")

    def connection_lost(self, error: Exception | None) -> None:
        """Called by asyncio."""
        self._break_off(str(error) if error else "it was closed")

    def _break_off(self, reason: str) -> None:
        self._over = self._over or reason
        if self._reply is not None and not self._reply.done():
            self._reply.set_exception(BrokenOffError(reason, begun=bool(self._received)))
        self.close()

    def _parsed(self) -> Reply | None:
        """The answer that has been received, once it is whole."""
        head, end, rest = self._received.partition(b"\r\n\r\n")
        if not end:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        assert "transfer-encoding" not in headers
        length = int(headers.get("content-length", 0))
        if len(rest) < length:
            return None
        self._received = rest[length:]
        return Reply(int(first.split(" ", 2)[1]), headers, bytes(rest[:length]))
