"""A load generator that costs little: prepared requests, one protocol object per connection, no HTTP library.

It understands what an answer needs to be told from the next one, status and length, and keeps some answers whole
so that they can be checked when the block is over.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Any

import msgspec

KEPT_EVERY = 61
"""One answer in so many is kept for a closer look; a prime, so that no round of bodies hides behind it."""
KEPT_MOST = 64
PATIENCE = 10.0
"""Seconds after the end of a block until answers that are still missing count as lost."""
_HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


class Kept(msgspec.Struct, frozen=True):
    """An answer as it came, and the number of the request it answers."""

    request: int
    head: bytes
    body: bytes


class Block(msgspec.Struct, kw_only=True):
    """What the generator saw in one block."""

    sent: int = 0
    answered: int = 0
    """With status 200."""
    failed: int = 0
    """With another status, or not at all."""
    seconds: float = 0.0
    generator_cpu_seconds: float = 0.0
    received_bytes: int = 0
    latencies: list[float] = []
    """Seconds from the moment a request was due to the end of its answer; empty for a closed loop."""
    lateness: list[float] = []
    """Seconds by which the generator itself was late, with a connection free."""
    kept: list[Kept] = []


class Connection(asyncio.Protocol):
    """One keep-alive connection with at most one request under way."""

    def __init__(
        self, answered: Callable[[Connection, int, bytes, bytes], None], lost: Callable[[Connection], None]
    ) -> None:
        self._answered = answered
        self._lost = lost
        self._buffer = b""
        self._transport: Any = None
        self.request = -1
        """The number of the request under way, -1 for none."""
        self.due = 0.0
        self.is_open = True

    def connection_made(self, transport: Any) -> None:
        """Take the transport."""
        self._transport = transport

    def send(self, number: int, request: bytes) -> None:
        """Write ``request``."""
        self.request = number
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Tell of an answer once it is whole."""
        if self._buffer:
            data = self._buffer + data
        end = data.find(_HEAD_END)
        if end >= 0:
            length = content_length(data[:end])
            if length < 0:
                self._transport.abort()  # nobody can tell where its answer ends
                return
            whole = end + 4 + length
            if len(data) >= whole:
                self._buffer = b""
                number, self.request = self.request, -1
                self._answered(self, number, data[:end], data[end + 4 : whole])
                return
        self._buffer = data

    def connection_lost(self, error: Exception | None) -> None:
        """Tell of it, unless it was closed on purpose."""
        if self.is_open:
            self.is_open = False
            self._lost(self)

    def close(self) -> None:
        """End it."""
        self.is_open = False
        self._transport.close()


def content_length(head: bytes) -> int:
    """The length that the answer's ``head`` announces, -1 when it does not."""
    lowered = head.lower()
    begin = lowered.find(_LENGTH)
    if begin < 0:
        return -1
    begin += len(_LENGTH)
    end = lowered.find(b"\r\n", begin)
    return int(lowered[begin:end] if end >= 0 else lowered[begin:])


class _Run:
    """The connections of one block and what comes back over them."""

    def __init__(self, requests: Sequence[bytes], every: int = KEPT_EVERY, *, paced: bool) -> None:
        self.requests = requests
        self._every = every
        self._paced = paced
        self.block = Block()
        self.connections: list[Connection] = []
        self.under_way = 0
        self.finished = asyncio.Event()

    async def __aenter__(self) -> _Run:
        return self

    async def connect(
        self, port: int, connections: int, answered: Callable[[Connection, int, bytes, bytes], None]
    ) -> None:
        """Open the connections."""
        loop = asyncio.get_running_loop()
        for _ in range(connections):
            _, connection = await loop.create_connection(lambda: Connection(answered, self.lose), "127.0.0.1", port)
            self.connections.append(connection)

    async def __aexit__(self, *_: object) -> None:
        for connection in self.connections:
            connection.close()
        await asyncio.sleep(0)  # the loop closes them in its next turn

    def start(self, connection: Connection, number: int) -> None:
        """Send the request ``number``."""
        self.block.sent += 1
        self.under_way += 1
        connection.send(number, self.requests[number % len(self.requests)])

    def end(self, number: int, head: bytes, body: bytes) -> None:
        """Count an answer."""
        block = self.block
        self.under_way -= 1
        block.received_bytes += len(head) + len(body)
        is_good = head[9:12] == b"200"
        if is_good:
            block.answered += 1
        else:
            block.failed += 1
        if (number % self._every == 0 or not is_good) and len(block.kept) < KEPT_MOST:
            block.kept.append(Kept(number % len(self.requests), head, body))

    def lose(self, connection: Connection) -> None:
        """Count an answer that will never come, if there is one."""
        self.connections.remove(connection)
        if connection.request >= 0:
            self.under_way -= 1
            self.block.failed += 1
        if not self.connections or not (self._paced or self.under_way):
            self.finished.set()

    async def until_finished(self, seconds: float) -> None:
        """Wait for the end, which should come within ``seconds``; what is under way long after that is lost."""
        try:
            async with asyncio.timeout(seconds + PATIENCE):
                await self.finished.wait()
        except TimeoutError:
            self.block.failed += self.under_way
            self.finished.set()


async def closed_loop(
    port: int,
    requests: Sequence[bytes],
    *,
    connections: int,
    seconds: float,
    repeat: bool,
    kept_every: int = KEPT_EVERY,
) -> Block:
    """Send ``requests`` in order, each connection its next one as soon as it has its answer.

    Ends after ``seconds``, or with the last request unless they ``repeat``.
    """
    async with _Run(requests, kept_every, paced=False) as run:
        numbers = iter(range(2**62 if repeat else len(requests)))
        deadline = float("inf")

        def answered(connection: Connection, number: int, head: bytes, body: bytes) -> None:
            run.end(number, head, body)
            following = next(numbers, -1) if time.perf_counter() < deadline else -1
            if following >= 0:
                run.start(connection, following)
            elif not run.under_way:
                run.finished.set()

        await run.connect(port, connections, answered)
        cpu, started = time.process_time(), time.perf_counter()
        deadline = started + seconds
        for connection, number in zip(run.connections, islice(numbers, connections), strict=False):
            run.start(connection, number)
        await run.until_finished(seconds)
        run.block.seconds = time.perf_counter() - started
        run.block.generator_cpu_seconds = time.process_time() - cpu
        return run.block


async def open_loop(port: int, requests: Sequence[bytes], dues: Sequence[float], *, connections: int) -> Block:
    """Send the requests at the moments ``dues``, whether earlier ones are answered or not.

    A request that finds no connection free waits for one; its latency counts from the moment it was due. The
    generator spins between arrivals: sleeping would start requests some 100 µs late.
    """
    async with _Run(requests, paced=True) as run:
        free: deque[Connection] = deque()
        waiting: deque[tuple[int, float]] = deque()
        pending: Iterator[tuple[int, float]] = iter(enumerate(dues))
        loop = asyncio.get_running_loop()
        block = run.block

        def answered(connection: Connection, number: int, head: bytes, body: bytes) -> None:
            block.latencies.append(time.perf_counter() - connection.due)
            run.end(number, head, body)
            if waiting:
                following, connection.due = waiting.popleft()
                run.start(connection, following)
            else:
                free.append(connection)

        await run.connect(port, connections, answered)
        free.extend(run.connections)
        cpu, started = time.process_time(), time.perf_counter()
        upcoming = next(pending, None)

        def tick() -> None:
            nonlocal upcoming
            now = time.perf_counter() - started
            while upcoming is not None and upcoming[1] <= now:
                number, due = upcoming
                while free and not free[0].is_open:
                    free.popleft()
                if free:
                    connection = free.popleft()
                    connection.due = started + due
                    block.lateness.append(now - due)
                    run.start(connection, number)
                else:
                    waiting.append((number, started + due))
                upcoming = next(pending, None)
            if not (upcoming is not None or waiting or run.under_way):
                run.finished.set()
            if not run.finished.is_set():
                loop.call_soon(tick)

        tick()
        await run.until_finished(dues[-1] if dues else 0.0)
        block.seconds = time.perf_counter() - started
        block.generator_cpu_seconds = time.process_time() - cpu
        return block
