"""A proxy between a service and a server behind it, whose connections can be made as bad as a network makes them.

It takes connections at a TCP port or a unix socket and passes them on to another, in a thread of its own: a test
switches faults on and off while its service runs, whether the test itself is asynchronous or not.
"""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path
from typing import Self, TypeAlias

from tests.support.loop_thread import LoopThread

Address: TypeAlias = tuple[str, int] | Path
"""A TCP host and port, or the path of a unix socket."""

_CHUNK_BYTES = 65_536
_CHUNKS_UNDER_WAY = 64
_PIECES_PER_SECOND = 50
"""A stream of limited width is passed on in so many pieces a second."""
_LINGER_FOR_NOTHING = struct.pack("ii", 1, 0)


class Ending(Enum):
    """How a connection ends."""

    CLOSE = auto()
    """Politely, both ways: what was passed on still arrives."""
    RESET = auto()
    """By RST, both ways. A unix socket knows none and is closed at once."""
    HALF_CLOSE = auto()
    """One way: its receiver sees the end and may go on sending."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What happens to the bytes that go one way; by default nothing. Durations are in seconds."""

    latency: float = 0.0
    jitter: float = 0.0
    """Up to so much more latency, drawn for each chunk; the order stays."""
    bytes_per_second: float | None = None
    cut_after: int | None = None
    """Each connection passes on so many bytes more, then ends; 0 ends it at once."""
    ending: Ending = Ending.CLOSE
    """How it ends then."""
    stalled: bool = False
    """Nothing is passed on until the fault is over; then everything is."""


NONE = Fault()


class FaultProxy:
    """Passes connections on to ``server``, for the length of a ``with`` block.

    Without ``listen`` it takes a free port on loopback. ``seed`` is for the jitter.
    """

    def __init__(self, server: Address, listen: Address = ("127.0.0.1", 0), *, seed: int = 0) -> None:
        self.address = listen
        """Where it listens."""
        self.accepted = 0
        """Connections taken so far."""
        self._server = server
        draw = random.Random(seed).random
        self._ways = _Way(draw), _Way(draw)
        self._links: set[_Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._closing = False
        self._listener: socket.socket | None = None
        self._thread = LoopThread("fault-proxy")

    @property
    def port(self) -> int:
        """The TCP port where it listens."""
        assert not isinstance(self.address, Path)
        return self.address[1]

    @property
    def open_connections(self) -> int:
        """Connections that have not ended."""
        return len(self._links)

    def inflict(self, to_server: Fault = NONE, to_client: Fault = NONE) -> None:
        """From now on this happens to the bytes of all connections, old and new; no fault but these."""
        self._thread.do(self._inflict(to_server, to_client))

    def refuse(self) -> None:
        """Stop listening: new connections are refused, old ones go on."""
        self._thread.do(self._close_listener())

    def sever(self, ending: Ending = Ending.CLOSE) -> None:
        """End every present connection so; new ones are taken."""
        self._thread.do(self._sever(ending))

    def heal(self) -> None:
        """End every fault, and listen: a connection that has not ended is as good as new."""
        self._thread.do(self._inflict(NONE, NONE))
        self._thread.do(self._open_listener())

    def __enter__(self) -> Self:
        self._thread.start()
        self._thread.do(self._open_listener())
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.do(self._close())
        self._thread.stop()

    async def _inflict(self, to_server: Fault, to_client: Fault) -> None:
        for way, fault in zip(self._ways, (to_server, to_client), strict=True):
            way.change(fault)
        for link in list(self._links):
            link.obey()

    async def _sever(self, ending: Ending) -> None:
        for link in list(self._links):
            link.end(ending)

    async def _open_listener(self) -> None:
        if self._listener is not None:
            return
        self._listener = _listening(self.address)
        if not isinstance(self.address, Path):
            self.address = self._listener.getsockname()[:2]
        # Not asyncio's own server: when it is closed while it takes a connection, it forgets to end that one.
        self._thread.loop.add_reader(self._listener, self._accept, self._listener)

    async def _close_listener(self) -> None:
        if self._listener is not None:
            self._thread.loop.remove_reader(self._listener)
            self._listener.close()
            self._listener = None

    def _accept(self, listener: socket.socket) -> None:
        with suppress(BlockingIOError, ConnectionError):  # a caller may be gone again
            connection, _ = listener.accept()
            self.accepted += 1
            task = self._thread.loop.create_task(self._take(connection))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _take(self, connection: socket.socket) -> None:
        client = await asyncio.open_connection(sock=connection)
        try:
            server = await _connected(self._server)
        except OSError:
            await _finish(client[1], Ending.RESET)
            return
        link = _Link(_Pump(client, server, self._ways[0]), _Pump(server, client, self._ways[1]))
        self._links.add(link)
        if self._closing:
            link.end(Ending.RESET)
        try:
            await link.run()
        finally:
            self._links.discard(link)

    async def _close(self) -> None:
        await self._close_listener()
        self._closing = True
        await self._sever(Ending.RESET)
        await asyncio.gather(*self._tasks)


_Stream: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def _listening(address: Address) -> socket.socket:
    if isinstance(address, Path):
        address.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(address))
        listener.listen()
    else:
        listener = socket.create_server(address)
    listener.setblocking(False)
    return listener


async def _connected(address: Address) -> _Stream:
    if isinstance(address, Path):
        return await asyncio.open_unix_connection(address)
    return await asyncio.open_connection(*address)


async def _finish(writer: asyncio.StreamWriter, ending: Ending) -> None:
    """End a whole connection, and come back when it has ended."""
    with suppress(OSError):
        if ending is Ending.RESET:
            connection: socket.socket = writer.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_FOR_NOTHING)
            writer.transport.abort()
        writer.close()
        await writer.wait_closed()


class _Way:
    """The fault of one direction, for all connections; ``draw`` gives numbers from 0 to 1."""

    def __init__(self, draw: Callable[[], float]) -> None:
        self.fault = NONE
        self._draw = draw
        self._clear = asyncio.Event()
        self._clear.set()

    def change(self, fault: Fault) -> None:
        self.fault = fault
        if fault.stalled:
            self._clear.clear()
        else:
            self._clear.set()

    async def passable(self) -> Fault:
        """The fault, as soon as it lets anything through."""
        await self._clear.wait()
        return self.fault

    def delay(self) -> float:
        """Of the next chunk."""
        return self.fault.latency + self.fault.jitter * self._draw()


class _Pump:
    """One direction of one connection: a line in which chunks wait for their time, between reader and writer."""

    def __init__(self, source: _Stream, target: _Stream, way: _Way) -> None:
        self.writer = target[1]
        self._reader = source[0]
        self._way = way
        self._line: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(_CHUNKS_UNDER_WAY)
        self._passed = 0
        self._ended = False

    async def read(self) -> None:
        """Put into the line what comes; an empty chunk is its end."""
        due = 0.0
        chunk = b"begin"
        while chunk:
            chunk = await self._reader.read(_CHUNK_BYTES)
            due = max(due, asyncio.get_running_loop().time() + self._way.delay())
            await self._line.put((due, chunk))

    async def write(self) -> None:
        """Pass on what has waited long enough; _CutError when the fault ends the connection."""
        chunk = b"begin"
        while chunk:
            due, chunk = await self._line.get()
            await asyncio.sleep(due - asyncio.get_running_loop().time())
            await self._pass(chunk)
        await self._way.passable()
        self.end()

    def count_anew(self) -> None:
        """From here a fault counts what is passed on."""
        self._passed = 0

    def cut(self) -> Ending | None:
        """How the connection is to end by now, if it is."""
        fault = self._way.fault
        return None if fault.cut_after is None or self._passed < fault.cut_after else fault.ending

    def end(self) -> None:
        """End this direction; what still comes is dropped."""
        if not self._ended:
            self._ended = True
            if not self.writer.is_closing():
                self.writer.write_eof()

    async def _pass(self, chunk: bytes) -> None:
        while chunk and not self._ended:
            fault = await self._way.passable()
            width = len(chunk)
            if fault.bytes_per_second is not None:
                width = max(1, int(fault.bytes_per_second / _PIECES_PER_SECOND))
            if fault.cut_after is not None:
                width = min(width, fault.cut_after - self._passed)
            piece, chunk = chunk[:width], chunk[width:]
            self.writer.write(piece)
            await self.writer.drain()
            self._passed += len(piece)
            if (ending := self.cut()) is Ending.HALF_CLOSE:
                self.end()
            elif ending is not None:
                raise _CutError(ending)
            if fault.bytes_per_second is not None:
                await asyncio.sleep(len(piece) / fault.bytes_per_second)


class _Link:
    """A connection that is passed on, both ways."""

    def __init__(self, to_server: _Pump, to_client: _Pump) -> None:
        self._pumps = to_server, to_client
        self._over: asyncio.Future[Ending] = asyncio.get_running_loop().create_future()

    async def run(self) -> None:
        """Until both sides have ended, one of them broke off, or it was to end."""
        tasks = [asyncio.ensure_future(half) for pump in self._pumps for half in (pump.read(), pump.write())]
        whole = asyncio.gather(*tasks)
        self.obey()
        await asyncio.wait((whole, self._over), return_when=asyncio.FIRST_COMPLETED)
        if not self._over.done():
            error = whole.exception()
            self.end(error.ending if isinstance(error, _CutError) else Ending.RESET if error else Ending.CLOSE)
        for task in tasks:
            task.cancel()
        await asyncio.gather(whole, *tasks, return_exceptions=True)
        for pump in self._pumps:
            await _finish(pump.writer, self._over.result())

    def end(self, ending: Ending) -> None:
        """End it, unless it is ending already; a reset ends that too."""
        if ending is Ending.HALF_CLOSE:
            for pump in self._pumps:
                pump.end()
        elif not self._over.done():
            self._over.set_result(ending)
        elif ending is Ending.RESET:
            for pump in self._pumps:
                pump.writer.transport.abort()

    def obey(self) -> None:
        """Faults have changed: they count from here, and may end this at once."""
        for pump in self._pumps:
            pump.count_anew()
            if (ending := pump.cut()) is Ending.HALF_CLOSE:
                pump.end()
            elif ending is not None:
                self.end(ending)


class _CutError(Exception):
    """The fault ends the connection so."""

    def __init__(self, ending: Ending) -> None:
        super().__init__(ending.name)
        self.ending = ending
