"""A web server on loopback that does what a test says, down to the bytes."""

from __future__ import annotations

import asyncio
import ssl
import struct
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from socket import SO_LINGER, SOL_SOCKET
from typing import NamedTuple, Self, TypeAlias

Play: TypeAlias = bytes | Callable[[asyncio.StreamWriter], Awaitable[None]]
"""What is sent; or what is done, after which the connection ends."""
Plays: TypeAlias = Mapping[str, Play | Sequence[Play]]
"""By path."""


class Request(NamedTuple):
    path: str
    headers: Mapping[str, str]


class LocalOrigin:
    """Plays what belongs to a path; of several plays each once and the last from then on."""

    def __init__(self, plays: Plays, host: str = "127.0.0.1", port: int = 0, tls: ssl.SSLContext | None = None) -> None:
        self._plays = {
            path: [play] if isinstance(play, bytes) or callable(play) else list(play) for path, play in plays.items()
        }
        self._host = host
        self.port = port
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()
        self.requests: list[Request] = []
        self.accepted = 0
        self.open = 0
        self.most_at_once = 0

    @property
    def name(self) -> str:
        """As it stands in an allow-list."""
        return f"{self._host}:{self.port}"

    def url(self, path: str) -> str:
        return f"{'http' if self._tls is None else 'https'}://{self.name}{path}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._take, self._host, self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        task = asyncio.get_running_loop().create_task(self._serve(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self.most_at_once = max(self.most_at_once, self.open)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                while await self._answer(reader, writer):
                    pass
        finally:
            self.open -= 1
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        first, *lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[:-2]
        path = first.split(" ")[1]
        self.requests.append(
            Request(path, {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)})
        )
        plays = self._plays[path]
        play = plays.pop(0) if len(plays) > 1 else plays[0]
        if not isinstance(play, bytes):
            watch = asyncio.create_task(_until_gone(reader))
            act = asyncio.ensure_future(play(writer))
            try:
                await asyncio.wait({watch, act}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                watch.cancel()
                act.cancel()
                await asyncio.gather(watch, act, return_exceptions=True)
            return False
        writer.write(play)
        await writer.drain()
        return True


async def _until_gone(reader: asyncio.StreamReader) -> None:
    with suppress(ConnectionError):
        while await reader.read(65_536):
            pass


def reply(content: bytes = b"", status: str = "200 OK", **headers: str) -> bytes:
    """A whole answer; of the names of headers each underscore is a hyphen."""
    fields = {"content-length": str(len(content)), **{name.replace("_", "-"): value for name, value in headers.items()}}
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"HTTP/1.1 {status}\r\n{lines}\r\n".encode() + content


def redirect(location: str, status: str = "302 Found") -> bytes:
    return reply(status=status, location=location)


def then_reset(begin: bytes) -> Play:
    """Sends ``begin``, then ends the connection by RST."""

    async def play(writer: asyncio.StreamWriter) -> None:
        writer.write(begin)
        await writer.drain()
        writer.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

    return play


def then_end(begin: bytes) -> Play:
    """Sends ``begin``, then ends the connection politely."""

    async def play(writer: asyncio.StreamWriter) -> None:
        writer.write(begin)
        await writer.drain()

    return play


def then_half_closed(begin: bytes) -> Play:
    """Sends ``begin``, says that no more will come, and goes on listening for as long as the other side stays."""

    async def play(writer: asyncio.StreamWriter) -> None:
        writer.write(begin)
        writer.write_eof()
        await asyncio.Event().wait()

    return play


def then_silence(begin: bytes) -> Play:
    """Sends ``begin`` and no more, for as long as the other side stays."""

    async def play(writer: asyncio.StreamWriter) -> None:
        writer.write(begin)
        await writer.drain()
        await asyncio.Event().wait()

    return play


def drip(begin: bytes, piece: bytes, seconds: float) -> Play:
    """Sends ``begin``, then ``piece`` after ``piece`` for ever."""

    async def play(writer: asyncio.StreamWriter) -> None:
        writer.write(begin)
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(seconds)

    return play
