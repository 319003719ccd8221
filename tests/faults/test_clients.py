"""Callers that are slow, idle, rude or gone take nothing from the others, and the service keeps its shape."""

from __future__ import annotations

import asyncio
import resource
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager, contextmanager

import msgspec
import pytest

from service.core.processes import resident_bytes
from service.supervisor import HEADER_MILLISECONDS
from tests.faults.comments import PATH, fresh
from tests.faults.conftest import State
from tests.faults.ground import PATIENCE_SECONDS, wait_until
from tests.faults.stage import Stage
from tests.support.http import Connection, Reply, get, post
from tests.support.load import Load
from tests.support.tally import Tally

BODY_SECONDS = 1
BODY_MEMORY = 16 * 2**20
IDLE = 1_200
USUAL_FILES = 1_024
"""That a process may have open, unless it asks for more."""
GIVEN_UP_SECONDS = HEADER_MILLISECONDS / 1000
"""After which the service closes a connection that says nothing."""
BYTES_A_CONNECTION = 64 * 2**10
"""A connection may cost the service so much memory."""
Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A service of one worker, started with the usual limits."""
    settings = {
        "LOADSTONE_WORKERS": "1",
        "LOADSTONE_BODY_SECONDS": str(BODY_SECONDS),
        "LOADSTONE_BODY_MEMORY_BYTES": str(BODY_MEMORY),
    }
    with open_files(USUAL_FILES), Stage(tmp_path_factory.mktemp("clients"), settings) as opened, open_files(None):
        yield opened


@contextmanager
def open_files(count: int | None) -> Iterator[None]:
    """So many files may be open in this process and in those it starts, None for as many as the system allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (count or hard, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@asynccontextmanager
async def callers(stage: Stage, count: int, *data: bytes) -> AsyncIterator[list[Stream]]:
    """So many connections; each has sent ``data``."""
    streams = [await asyncio.open_connection("127.0.0.1", stage.service.port) for _ in range(count)]
    try:
        for _, writer in streams:
            writer.write(b"".join(data))
        yield streams
    finally:
        for _, writer in streams:
            writer.transport.abort()
        await asyncio.sleep(0)


@asynccontextmanager
async def kept_connections(stage: Stage, count: int) -> AsyncIterator[list[Connection]]:
    """So many connections, which may be used again and again."""
    connections = [await Connection.open(stage.service.port) for _ in range(count)]
    try:
        yield connections
    finally:
        for connection in connections:
            connection.close()
        await asyncio.sleep(0)


async def rest(stream: Stream) -> bytes:
    """What still comes until the service ends the connection; nothing, when it breaks off what is still being sent."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        try:
            return await stream[0].read()
        except ConnectionError:
            return b""


async def others(stage: Stage, seconds: float = 1.0) -> Tally:
    """What becomes of ordinary requests meanwhile."""
    async with Load(stage.service.port) as load:
        return await load.at_rate(fresh(quality="fast"), rate=50, seconds=seconds)


def told(answers: Iterable[bytes]) -> Tally:
    """What became of the requests of which these are the raw answers."""
    tally = Tally()
    for answer in answers:
        tally.sent += 1
        tally.count(int(answer.split(b" ", 2)[1]), 0.0, says_when=b"\r\nretry-after: " in answer)
    return tally


def told_by(replies: Iterable[Reply]) -> Tally:
    """What became of the requests that were answered so."""
    tally = Tally()
    for reply in replies:
        tally.sent += 1
        tally.count(reply.status, 0.0, says_when="retry-after" in reply.headers)
    return tally


def worker_bytes(stage: Stage) -> int:
    """Resident memory of the workers."""
    return sum(resident_bytes(worker.pid) for worker in stage.workers())


async def wait_until_only_we_ask(stage: Stage) -> None:
    """Come back when the service is done with every request but the question itself."""
    done = "the service is done with all requests"
    await asyncio.to_thread(wait_until, lambda: stage.service.metric("http_server_active_requests") == 1, done)


async def test_half_sent_bodies_are_given_up_after_their_time(stage: Stage, state: State) -> None:
    request = next(fresh())
    async with callers(stage, 50, request[:-5]) as streams:
        meanwhile = await others(stage, BODY_SECONDS)
        answers = await asyncio.gather(*map(rest, streams))

    half_sent = told(answers)
    state("half-sent", half_sent.counts)
    state("others", meanwhile)
    assert half_sent.answered == {408: 50}
    assert all(b'"/problems/body-timeout"' in answer for answer in answers)
    assert meanwhile.accepted == meanwhile.sent


async def test_a_body_that_drips_has_no_more_time_than_one_that_stops(stage: Stage) -> None:
    request = next(fresh())
    async with callers(stage, 1, request[:-40]) as [(reader, writer)]:
        head = asyncio.create_task(reader.readuntil(b"\r\n"))
        for place in range(len(request) - 40, len(request)):
            done, _ = await asyncio.wait((head,), timeout=BODY_SECONDS / 10)
            if done:
                break
            writer.write(request[place : place + 1])
        assert head.result() == b"HTTP/1.1 408 Request Timeout\r\n"


async def test_slow_heads_are_given_up(stage: Stage, state: State) -> None:
    async with callers(stage, 50, b"POST /v1/comm") as streams:
        meanwhile = await others(stage)
        answers = await asyncio.gather(*map(rest, streams))

    state("others", meanwhile)
    assert not any(answer.startswith(b"HTTP/1.1 2") for answer in answers)
    assert meanwhile.accepted == meanwhile.sent


async def test_more_than_a_thousand_idle_connections_take_nothing_from_the_others(stage: Stage, state: State) -> None:
    await others(stage)
    before = worker_bytes(stage)
    async with kept_connections(stage, IDLE) as connections:
        async with asyncio.timeout(GIVEN_UP_SECONDS):  # later some would be answered in the place of others
            answers = await asyncio.gather(*(connection.exchange(get("/health/live")) for connection in connections))
        meanwhile = await others(stage)
        grown = worker_bytes(stage) - before

    state("idle", told_by(answers).counts)
    state("others", meanwhile)
    assert told_by(answers).answered == {200: IDLE}
    assert meanwhile.accepted == meanwhile.sent
    assert meanwhile.latency(1.0) < GIVEN_UP_SECONDS, "nobody waits until an idle one is given up"
    assert grown < IDLE * BYTES_A_CONNECTION


@pytest.mark.parametrize("share", [0.1, 0.9, 1.0], ids=["in the head", "in the body", "while it is answered"])
async def test_a_caller_who_leaves_leaves_nothing_behind(stage: Stage, state: State, share: float) -> None:
    for _ in range(5):
        request = next(fresh())
        async with callers(stage, 5, request[: int(len(request) * share)]):
            await asyncio.sleep(0)
    meanwhile = await others(stage)

    state("others", meanwhile)
    assert meanwhile.accepted + meanwhile.refused == meanwhile.sent, "what nobody waits for may still be worked on"
    await wait_until_only_we_ask(stage)


GARBAGE = {
    "noise": bytes(range(256)) * 10,
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 400,
    "a head without end": b"GET / HTTP/1.1\r\n" + b"x: y\r\n" * 100_000,
    "a wrong length": b"POST /v1/comments HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
    "two lengths": b"POST /v1/comments HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n{}",
    "a broken chunk": b"POST /v1/comments HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nnonsense\r\n",
}


@pytest.mark.parametrize("garbage", GARBAGE.values(), ids=GARBAGE)
async def test_garbage_after_a_request_costs_its_sender_the_connection_alone(
    stage: Stage, state: State, garbage: bytes
) -> None:
    async with callers(stage, 5, next(fresh()), garbage) as streams:
        meanwhile = await others(stage)
        answers = await asyncio.gather(*map(rest, streams))

    state("others", meanwhile)
    for answer in answers:
        first, *later = answer.split(b"HTTP/1.1 ")[1:]
        assert first.startswith(b"200 OK"), "the request before it was answered"
        assert not any(status.startswith((b"2", b"5")) for status in later)
    assert meanwhile.accepted == meanwhile.sent
    await wait_until_only_we_ask(stage)


async def test_requests_sent_in_one_go_are_answered_in_order(stage: Stage) -> None:
    texts = [f"bien {number}" for number in range(20)]
    requests = [post(PATH, {"comments": [{"id": text, "text": text}], "quality": "fast"}) for text in texts]
    requests.append(get("/").replace(b"\r\n\r\n", b"\r\nconnection: close\r\n\r\n"))
    async with callers(stage, 1, *requests) as [stream]:
        answers = (await rest(stream)).split(b"HTTP/1.1 200 OK")[1:-1]

    bodies = [msgspec.json.decode(answer.partition(b"\r\n\r\n")[2]) for answer in answers]
    assert [body["results"][0]["id"] for body in bodies] == texts


async def test_many_large_bodies_on_their_way_take_bounded_memory(stage: Stage, state: State) -> None:
    await others(stage)
    before = worker_bytes(stage)
    size = 7 * 2**20
    head = post(PATH, b"", connection="close").replace(b"content-length: 0", b"content-length: %d" % size)
    async with callers(stage, 40, head, b" " * (size // 2)) as streams:
        meanwhile = await others(stage, BODY_SECONDS / 2)
        grown = worker_bytes(stage) - before
        answers = await asyncio.gather(*map(rest, streams))

    state("others", meanwhile)
    assert meanwhile.accepted == meanwhile.sent
    assert grown < BODY_MEMORY + 40 * BYTES_A_CONNECTION * 8
    large = told(filter(None, answers))
    state("large", large.counts)
    assert large.answered[408] <= BODY_MEMORY // size
    assert large.refused
    assert large.answered[408] + large.refused == large.sent, "the others were broken off while they were being sent"
