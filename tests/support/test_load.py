"""The books are right: every request is counted once, by what became of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import repeat

from tests.support.http import get
from tests.support.load import Load, Traffic
from tests.support.tally import Tally

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
LAST = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok"
COME_BACK = b"HTTP/1.1 503 Busy\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n"
GO_AWAY = b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n"
NOTHING = b""
HALF = OK[:-1]


@asynccontextmanager
async def server(*connections: list[bytes]) -> AsyncIterator[int]:
    """A server that gives each connection its own answers, one to a request, and then closes it; its port."""
    scripts = iter(connections)
    open_ = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_.add(asyncio.current_task())
        with suppress(asyncio.IncompleteReadError, ConnectionError):  # the driver may be done first
            for answer in next(scripts):
                await reader.readuntil(b"\r\n\r\n")
                writer.write(answer)
        with suppress(ConnectionError):
            writer.close()
            await writer.wait_closed()

    listener = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield listener.sockets[0].getsockname()[1]
    await asyncio.gather(*filter(None, open_))
    listener.close()


async def tally_of(requests: int, *connections: list[bytes], insistent: bool = False) -> Tally:
    """What the driver says of so many requests, one after the other."""
    async with server(*connections) as port, Load(port, insistent=insistent) as load:
        for _ in range(requests):
            await load.send(get("/"))
    return load.tally


async def test_answers_count_by_status_and_refusals_only_with_a_time_to_come_back() -> None:
    tally = await tally_of(4, [OK, COME_BACK, GO_AWAY, OK])

    assert (tally.sent, tally.answered, tally.refused, tally.failed) == (4, {200: 2, 503: 2}, 1, 1)
    assert (tally.accepted, tally.lost, tally.reconnected) == (2, 0, 0)


async def test_a_request_without_a_whole_answer_is_lost() -> None:
    for answer in (NOTHING, HALF):
        tally = await tally_of(1, [answer])
        assert (tally.sent, tally.answered.total(), tally.lost) == (1, 0, 1)


async def test_half_an_answer_is_lost_even_on_a_connection_that_had_served() -> None:
    tally = await tally_of(2, [OK, HALF])

    assert (tally.sent, tally.answered, tally.lost, tally.reconnected) == (2, {200: 1}, 1, 0)


async def test_a_connection_that_is_closed_between_requests_costs_none() -> None:
    for script in ([OK], [OK, NOTHING]):
        tally = await tally_of(2, script, [OK])
        assert (tally.sent, tally.answered, tally.lost, tally.reconnected) == (2, {200: 2}, 0, 1)


async def test_who_insists_is_heard_the_second_time_but_no_third() -> None:
    tally = await tally_of(3, [NOTHING], [LAST], [NOTHING], [NOTHING], [HALF], insistent=True)

    assert (tally.sent, tally.answered, tally.lost) == (3, {200: 1}, 2)
    assert (tally.unheard, tally.reconnected) == (2, 0)


async def test_an_end_that_was_announced_is_no_surprise() -> None:
    tally = await tally_of(2, [LAST], [OK])

    assert (tally.sent, tally.answered, tally.lost, tally.reconnected) == (2, {200: 2}, 0, 0)


async def test_nobody_there_is_not_sent() -> None:
    async with server() as port:
        pass
    load = Load(port)
    await load.send(get("/"))

    assert (load.tally.sent, load.tally.unreached, load.tally.lost) == (0, 1, 0)


async def test_a_rate_is_kept_whatever_becomes_of_the_requests() -> None:
    async with server(*([OK] * 50 for _ in range(50))) as port, Load(port) as load:
        tally = await load.at_rate(repeat(get("/")), rate=200, seconds=0.2)

    assert (tally.sent, tally.answered) == (40, {200: 40})


async def test_traffic_goes_on_in_phases() -> None:
    def two_phases(port: int) -> Traffic:
        with Traffic(port, repeat(get("/")), rate=500) as traffic:
            traffic.wait_until(lambda tally: tally.ended >= 20)
            traffic.phase("after")
            traffic.wait_until(lambda tally: tally.ended >= 10)
        return traffic

    async with server(*([OK] * 1000 for _ in range(50))) as port:
        traffic = await asyncio.to_thread(two_phases, port)

    assert traffic.phases["before"].sent >= 20
    assert traffic.phases["after"].sent >= 10
    assert traffic.whole.sent == traffic.whole.answered[200] == sum(tally.sent for tally in traffic.phases.values())
    assert str(traffic).startswith(f"sent {traffic.whole.sent} · answered {traffic.whole.sent} (200: ")


def test_a_tally_tells_itself_in_one_line() -> None:
    tally = Tally(sent=1_003, lost=1, reconnected=2)
    for _ in range(1_000):
        tally.count(200, 0.004, says_when=False)
    tally.count(503, 0.001, says_when=True)
    tally.count(200, 0.5, says_when=False)

    told = "sent 1,003 · answered 1,002 (200: 1,001, 503: 1) · refused 1 · lost 1 · reconnected 2"
    assert str(tally) == f"{told} · p50 4.0 ms, p99 4.0 ms"
