"""The load generator against servers that do as they are told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from tests.benchmarks.peers import generator

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"
Reply = Callable[[bytes, Any], None]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


class Listener(asyncio.Protocol):
    """Hands every request, eight bytes each, to ``reply`` with the transport to answer on."""

    def __init__(self, reply: Reply, gone: list[asyncio.Future[None]]) -> None:
        self._reply = reply
        self._gone = asyncio.get_running_loop().create_future()
        gone.append(self._gone)

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        for begin in range(0, len(data), 8):
            self._reply(data[begin : begin + 8], self._transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._gone.set_result(None)


@asynccontextmanager
async def serving(reply: Reply) -> AsyncIterator[int]:
    """The port of a server that answers by ``reply``; ends once all its callers are gone."""
    gone: list[asyncio.Future[None]] = []
    loop = asyncio.get_running_loop()
    async with await loop.create_server(lambda: Listener(reply, gone), "127.0.0.1", 0) as server:
        yield server.sockets[0].getsockname()[1]
        await asyncio.gather(*gone)


def requests(number: int) -> list[bytes]:
    return [b"%08d" % each for each in range(number)]


async def test_a_closed_loop_sends_each_request_once_and_counts_every_answer() -> None:
    seen: list[bytes] = []

    def reply(request: bytes, transport: Any) -> None:
        seen.append(request)
        transport.write(ANSWER)

    async with serving(reply) as port:
        block = await generator.closed_loop(port, requests(50), connections=4, seconds=60.0, repeat=False)

    assert sorted(seen) == requests(50)
    assert (block.sent, block.answered, block.failed) == (50, 50, 0)


async def test_a_closed_loop_ends_when_its_time_is_over() -> None:
    async with serving(lambda _, transport: transport.write(ANSWER)) as port:
        block = await generator.closed_loop(port, requests(3), connections=2, seconds=0.05, repeat=True)

    assert block.sent == block.answered > 3
    assert block.seconds >= 0.05


async def test_an_answer_may_come_in_any_pieces() -> None:
    def reply(_: bytes, transport: Any) -> None:
        loop = asyncio.get_running_loop()
        for place in range(len(ANSWER)):
            loop.call_later(0.0005 * place, transport.write, ANSWER[place : place + 1])

    async with serving(reply) as port:
        block = await generator.closed_loop(port, requests(2), connections=1, seconds=60.0, repeat=False, kept_every=1)

    assert [kept.body for kept in block.kept] == [b"good", b"good"]
    assert [kept.request for kept in block.kept] == [0, 1]


async def test_other_statuses_are_failures_and_kept() -> None:
    answers = iter([ANSWER, b"HTTP/1.1 503 No\r\ncontent-length: 3\r\n\r\nbad", ANSWER])
    async with serving(lambda _, transport: transport.write(next(answers))) as port:
        block = await generator.closed_loop(port, requests(3), connections=1, seconds=60.0, repeat=False)

    assert (block.sent, block.answered, block.failed) == (3, 2, 1)
    assert b"bad" in [kept.body for kept in block.kept]


@pytest.mark.parametrize("loop", ["closed", "open"])
async def test_a_connection_that_is_cut_loses_its_answer_and_no_other(loop: str) -> None:
    def reply(request: bytes, transport: Any) -> None:
        if request == b"00000001":
            transport.close()
        else:
            transport.write(ANSWER)

    async with serving(reply) as port:
        if loop == "closed":
            block = await generator.closed_loop(port, requests(9), connections=2, seconds=60.0, repeat=False)
        else:
            block = await generator.open_loop(port, requests(9), [0.002 * each for each in range(9)], connections=2)

    assert (block.sent, block.answered, block.failed) == (9, 8, 1)


async def test_an_answer_that_does_not_say_how_long_it_is_counts_as_lost() -> None:
    async with serving(lambda _, transport: transport.write(b"HTTP/1.1 200 OK\r\n\r\n")) as port:
        block = await generator.closed_loop(port, requests(1), connections=1, seconds=60.0, repeat=False)

    assert (block.answered, block.failed) == (0, 1)


async def test_an_open_loop_does_not_wait_for_answers() -> None:
    """The first request is answered once all have come; whoever waits for its answer waits for ever."""
    waiting: list[Any] = []

    def reply(_: bytes, transport: Any) -> None:
        waiting.append(transport)
        if len(waiting) == 3:
            for each in waiting:
                each.write(ANSWER)

    async with serving(reply) as port:
        block = await generator.open_loop(port, requests(3), [0.0, 0.01, 0.02], connections=3)

    assert (block.sent, block.answered, block.failed) == (3, 3, 0)
    assert len(block.lateness) == 3


async def test_latency_counts_from_when_a_request_was_due_though_no_connection_was_free() -> None:
    delays = iter([0.1, 0.0])
    loop = asyncio.get_running_loop()

    def reply(_: bytes, transport: Any) -> None:
        loop.call_later(next(delays), transport.write, ANSWER)

    async with serving(reply) as port:
        block = await generator.open_loop(port, requests(2), [0.0, 0.01], connections=1)

    assert block.answered == 2
    assert block.latencies[1] > block.latencies[0] - 0.01
    assert len(block.lateness) == 1


@pytest.mark.parametrize(
    "head", [b"HTTP/1.1 200 OK\r\nCONTENT-LENGTH:12\r\nx: y", b"HTTP/1.1 200 OK\r\ncontent-length: 12"]
)
def test_the_length_is_read_however_it_is_written(head: bytes) -> None:
    assert generator.content_length(head) == 12
