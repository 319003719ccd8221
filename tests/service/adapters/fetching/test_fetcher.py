"""The fetcher and origins that behave, misbehave or are not there."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from service.adapters.fetching.answers import Answer
from service.adapters.fetching.bounds import Bounds, Manners
from service.adapters.fetching.fetcher import WebFetcher
from service.adapters.fetching.pace import ANSWERS, LONGEST_PAUSE
from service.adapters.fetching.urls import Rules
from service.core.call import Priority
from service.core.errors import AnalysisError
from tests.service.adapters.fetching.conftest import BOUNDS, OpenFetcher
from tests.service.adapters.fetching.local_origin import (
    LocalOrigin,
    Play,
    Plays,
    drip,
    redirect,
    reply,
    then_end,
    then_half_closed,
    then_reset,
    then_silence,
)
from tests.service.doubles import FakeClock
from tests.service.waiting import comes_true

BULK, INTERACTIVE = Priority.BULK, Priority.INTERACTIVE
MOST = BOUNDS.content
HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKED = HEAD + b"transfer-encoding: chunked\r\n\r\n"
CERTIFICATE = Path(__file__).parents[3] / "loadtests" / "localhost.pem"


async def failure(fetcher: WebFetcher, url: str, priority: Priority = INTERACTIVE) -> AnalysisError:
    with pytest.raises(AnalysisError) as refusal:
        await fetcher.fetch(url, priority)
    return refusal.value


async def test_content_comes_with_its_type_and_its_place(fetching: OpenFetcher) -> None:
    picture = bytes(range(256)) * 3000
    plays = {
        "/a?b=c": reply(picture, content_type="Image/JPEG; q=1", server="x"),
        "/old": redirect("/a?b=c"),
    }
    async with LocalOrigin(plays) as origin, fetching(origin) as fetcher:
        assert await fetcher.fetch(origin.url("/a?b=c#d"), INTERACTIVE) == (picture, "image/jpeg", origin.url("/a?b=c"))
        assert (await fetcher.fetch(origin.url("/old"), BULK)).url == origin.url("/a?b=c")
    first, *others = (request.headers for request in origin.requests)
    assert first.keys() == {"host", "user-agent", "accept", "accept-encoding"}
    assert others == [first, first], "no referrer"
    assert origin.accepted == 1, "the connection is used again"


async def test_no_cookie_is_kept(fetching: OpenFetcher) -> None:
    async with LocalOrigin({"/a": reply(set_cookie="a=b; Path=/")}) as origin:
        name = f"localhost:{origin.port}"  # an address would have none in any case
        async with fetching(rules=Rules(frozenset({name}))) as fetcher:
            for _ in range(2):
                await fetcher.fetch(f"http://{name}/a", BULK)
    assert ["cookie" in request.headers for request in origin.requests] == [False, False]


@pytest.mark.parametrize(
    ("play", "kind", "may_pass"),
    [
        (reply(status="404 Not Found"), "http-404", False),
        (reply(status="410 Gone"), "http-410", False),
        (reply(status="204 No Content"), "http-204", False),
        (reply(status="304 Not Modified"), "http-304", False),
        (reply(status="429 Too Many Requests"), "http-429", True),
        (reply(status="500 Internal Server Error"), "http-500", True),
        (reply(status="503 Service Unavailable"), "http-503", True),
        (reply(status="799 Whatever"), "http-799", False),
        (drip(b"HTTP/1.1 404 Not Found\r\n\r\n", bytes(0x10000), 0.0), "http-404", False),
        (drip(b"HTTP/1.1 404 Not Found\r\n\r\n", b"x", 0.01), "http-404", False),
        (then_silence(b"HTTP/1.1 404 Not Found\r\ncontent-length: 9\r\n\r\n"), "http-404", False),
        (then_reset(b"HTTP/1.1 404 Not Found\r\ncontent-length: 9\r\n\r\n"), "http-404", False),
        (reply(bytes(MOST + 1)), "too-large", False),
        (reply(content_length=str(10**12)), "too-large", False),
        (then_silence(HEAD + b"content-length: %d\r\n\r\n" % (MOST + 1)), "too-large", False),
        (drip(CHUNKED, b"10000\r\n" + bytes(0x10000) + b"\r\n", 0.0), "too-large", False),
        (drip(HEAD + b"\r\n", bytes(0x10000), 0.0), "too-large", False),
        (reply(gzip.compress(bytes(MOST + 1)), content_encoding="gzip"), "too-large", False),
        (reply(b"x", content_encoding="br"), "coding", False),
        (then_end(HEAD + b"content-length: 9\r\n\r\ncut"), "connect", True),
        (then_reset(HEAD + b"content-length: 9\r\n\r\ncut"), "connect", True),
        (then_half_closed(HEAD + b"content-length: 9\r\n\r\ncut"), "connect", True),
        (then_half_closed(b""), "connect", True),
        (then_end(CHUNKED + b"5\r\ncut"), "connect", True),
        (then_end(CHUNKED + b"zz\r\nno number"), "not-http", False),
        (then_end(b""), "connect", True),
        (then_reset(b""), "connect", True),
        (then_end(b"HTTP/1.1 200 OK\r\nX-Cut: "), "connect", True),
        (then_end(b"SSH-2.0-OpenSSH_9.9\r\n\r\n"), "not-http", False),
        (then_end(HEAD + b"X: " + b"x" * 100_000 + b"\r\n\r\n"), "not-http", False),
        (then_end(HEAD + b"content-length: -1\r\n\r\n"), "not-http", False),
        (then_end(HEAD + b"content-length: 1\r\ncontent-length: 2\r\n\r\nxx"), "not-http", False),
        (redirect(""), "redirects", False),
        (redirect("ftp://example.com/a.jpg"), "redirects", False),
        (redirect("/a"), "redirects", False),
        (redirect("http://127.0.0.1/"), "address-refused", False),
        (redirect("http://[::ffff:169.254.169.254]/latest"), "address-refused", False),
    ],
)
async def test_every_failure_has_a_class(fetching: OpenFetcher, play: Play, kind: str, may_pass: bool) -> None:
    async with LocalOrigin({"/a": play}) as origin, fetching(origin) as fetcher:
        error = await failure(fetcher, origin.url("/a"))
        assert (error.kind, error.may_pass) == (kind, may_pass)
        await comes_true(lambda: origin.open <= 1)
        assert fetcher.states()[0].running == 0


@pytest.mark.parametrize(
    "play",
    [
        then_silence(b""),
        then_silence(b"HTTP/1.1 200"),
        then_silence(HEAD + b"content-length: 9\r\n\r\n"),
        drip(HEAD, b"X-Slow: 1\r\n", 0.01),
        drip(HEAD + b"content-length: 999999\r\n\r\n", b"x", 0.01),
        drip(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n", 0.01),
    ],
)
async def test_whoever_is_slow_is_cut_off(fetching: OpenFetcher, play: Play) -> None:
    bounds = Bounds(seconds=0.2)
    async with LocalOrigin({"/a": play}) as origin, fetching(origin, bounds=bounds) as fetcher:
        error = await failure(fetcher, origin.url("/a"))
        assert (error.kind, error.may_pass) == ("timeout", True)
        await comes_true(lambda: origin.open == 0)


async def test_redirects_share_the_time_of_one_fetch(fetching: OpenFetcher) -> None:
    clock = FakeClock()

    async def late(writer: asyncio.StreamWriter) -> None:
        clock.now += BOUNDS.seconds
        writer.write(redirect("/b"))
        await writer.drain()

    async with LocalOrigin({"/a": late, "/b": reply(b"too late")}) as origin, fetching(origin, clock=clock) as fetcher:
        assert (await failure(fetcher, origin.url("/a"), BULK)).kind == "timeout"


async def test_three_redirects_are_followed_and_not_a_fourth(fetching: OpenFetcher) -> None:
    plays = {**{f"/{step}": redirect(f"/{step + 1}") for step in range(4)}, "/4": reply(b"there")}
    async with LocalOrigin(plays) as origin, fetching(origin) as fetcher:
        assert (await fetcher.fetch(origin.url("/1"), BULK)).content == b"there"
        assert (await failure(fetcher, origin.url("/0"), BULK)).kind == "redirects"
        assert [request.path for request in origin.requests[-4:]] == ["/0", "/1", "/2", "/3"]


async def test_compressed_content_is_undone(fetching: OpenFetcher) -> None:
    plays = {"/a": reply(gzip.compress(b"content" * 1000), content_encoding="gzip")}
    async with LocalOrigin(plays) as origin, fetching(origin) as fetcher:
        assert (await fetcher.fetch(origin.url("/a"), BULK)).content == b"content" * 1000


async def test_content_may_end_with_its_connection(fetching: OpenFetcher) -> None:
    plays = {"/a": then_half_closed(HEAD + b"\r\nall of it"), "/b": then_end(HEAD + b"\r\nall of it")}
    async with LocalOrigin(plays) as origin, fetching(origin) as fetcher:
        for path in plays:
            assert (await fetcher.fetch(origin.url(path), BULK)).content == b"all of it"
        await comes_true(lambda: origin.open == 0)


async def test_what_comes_after_the_content_is_not_taken_for_an_answer(fetching: OpenFetcher) -> None:
    plays = {"/a": reply(b"first") + reply(b"planted"), "/b": reply(b"second")}
    async with LocalOrigin(plays) as origin, fetching(origin) as fetcher:
        assert (await fetcher.fetch(origin.url("/a"), BULK)).content == b"first"
        assert (await fetcher.fetch(origin.url("/b"), BULK)).content == b"second"


async def test_all_bodies_together_take_no_more_memory_than_they_may(fetching: OpenFetcher) -> None:
    begin = HEAD + b"content-length: 200000\r\n\r\n" + bytes(100_000)
    bounds = Bounds(seconds=60.0, memory=300_000)
    plays = {"/a": then_silence(begin), "/b": reply(bytes(140_000))}
    async with LocalOrigin(plays) as origin, fetching(origin, bounds=bounds) as fetcher:
        room = fetcher._exchange.room
        begun = asyncio.create_task(fetcher.fetch(origin.url("/a"), BULK))
        await comes_true(lambda: room.taken == 200_000)
        waiting = asyncio.create_task(fetcher.fetch(origin.url("/b"), BULK))
        await comes_true(lambda: len(room._waiting) == 1)
        begun.cancel()
        assert len((await waiting).content) == 140_000
        assert room.taken == 0


async def test_nobody_there_and_nobody_who_is_known(fetching: OpenFetcher) -> None:
    async with LocalOrigin({}) as origin:
        pass
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        last = socket.create_connection(deaf.getsockname())
        unanswering = LocalOrigin({})
        unanswering.port = deaf.getsockname()[1]
        async with fetching(origin, unanswering, bounds=Bounds(connect=0.2)) as fetcher:
            gone = await failure(fetcher, origin.url("/"))
            silent = await failure(fetcher, unanswering.url("/"))
        last.close()
    assert (gone.kind, gone.may_pass) == ("connect", True)
    assert (silent.kind, silent.may_pass) == ("connect", True)
    assert "within 0.2 seconds" in silent.reason


async def test_origins_with_good_certificates_are_believed_and_do_not_lead_back_to_http(fetching: OpenFetcher) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(CERTIFICATE)
    trust = ssl.create_default_context(cafile=CERTIFICATE)
    plain = LocalOrigin({"/": reply(b"plain")})
    async with plain, LocalOrigin({"/": reply(b"x")}, tls=tls) as origin:
        origin._plays["/back"] = [redirect(plain.url("/"))]
        place = f"https://localhost:{origin.port}"
        rules = Rules(frozenset({f"localhost:{origin.port}", origin.name, plain.name}))
        async with fetching(rules=rules, trust=trust) as fetcher:
            assert (await fetcher.fetch(f"{place}/", BULK)).content == b"x"
            assert (await failure(fetcher, f"{place}/back", BULK)).kind == "redirects"
            of_another_host = await failure(fetcher, origin.url("/"))
        async with fetching(rules=rules) as fetcher:
            of_nobody_known = await failure(fetcher, f"{place}/")
    for error in (of_another_host, of_nobody_known):
        assert (error.kind, error.may_pass) == ("connect", False)
    assert (len(origin.requests), plain.accepted) == (2, 0)


async def test_what_may_pass_is_tried_again_where_nobody_waits(fetching: OpenFetcher) -> None:
    broken = reply(status="500 Internal Server Error")
    plays: Plays = {
        "/a": [broken, then_reset(b""), then_end(HEAD + b"content-length: 9\r\n\r\ncut"), reply(b"at last")],
        "/b": [broken, reply(b"at last")],
        "/c": reply(status="404 Not Found"),
        "/d": broken,
    }
    async with LocalOrigin(plays) as origin, fetching(origin) as fetcher:
        assert (await fetcher.fetch(origin.url("/a"), BULK)).content == b"at last"
        assert (await failure(fetcher, origin.url("/b"), INTERACTIVE)).kind == "http-500"
        assert (await failure(fetcher, origin.url("/c"), BULK)).kind == "http-404"
        assert (await failure(fetcher, origin.url("/d"), BULK)).kind == "http-500"
        assert [request.path for request in origin.requests] == ["/a"] * 4 + ["/b", "/c"] + ["/d"] * 4


async def test_tries_are_no_flood_where_everything_fails(fetching: OpenFetcher) -> None:
    async with LocalOrigin({"/a": reply(status="503 Service Unavailable")}) as origin, fetching(origin) as fetcher:
        await asyncio.gather(*(failure(fetcher, origin.url("/a"), BULK) for _ in range(100)))
        assert len(origin.requests) <= 100 * 1.5 + 11


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
async def test_an_origin_that_asks_for_a_pause_gets_it(fetching: OpenFetcher, status: str) -> None:
    plays: Plays = {
        "/a": [reply(status=status, retry_after="1"), reply(b"again")],
        "/b": reply(status=status, retry_after="99"),
    }
    async with LocalOrigin(plays) as origin, fetching(origin) as fetcher:
        loop = asyncio.get_running_loop()
        began = loop.time()
        assert (await fetcher.fetch(origin.url("/a"), BULK)).content == b"again"
        assert loop.time() - began >= 0.95
        assert (await failure(fetcher, origin.url("/b"))).kind == f"http-{status[:3]}"
        assert (await failure(fetcher, origin.url("/a"))).kind == "busy"
        assert len(origin.requests) == 3, "it is left alone"
        assert 0.0 < fetcher.states()[0].paused <= LONGEST_PAUSE


NOW = datetime(2030, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("7", 7.0),
        (format_datetime(NOW + timedelta(seconds=9), usegmt=True), 9.0),
        (format_datetime(NOW - timedelta(seconds=9), usegmt=True), 0.0),
        *((text, 0.0) for text in ("", "soon", "-1", "1.5", "٣", "Mon, 99 Zzz 9999 99:99:99 GMT")),
    ],
)
def test_pauses_are_read_as_seconds_or_as_a_date(text: str, seconds: float) -> None:
    assert Answer(503, retry_after=text).pause(NOW) == seconds
    assert Answer(200, retry_after=text).pause(NOW) == 0.0


async def test_an_origin_sees_no_more_at_once_than_it_may(fetching: OpenFetcher) -> None:
    async def late(writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.002)
        writer.write(reply(b"x", connection="close"))
        await writer.drain()

    manners = Manners(concurrency=4, rate=1e6)
    async with LocalOrigin({"/a": late}) as origin, fetching(origin, manners=manners) as fetcher:
        await asyncio.gather(*(fetcher.fetch(origin.url("/a"), BULK) for _ in range(60)))
    assert len(origin.requests) == 60
    assert origin.most_at_once <= 4 + 1, "one may just be ending"


async def test_an_origin_in_trouble_is_asked_less_often(fetching: OpenFetcher) -> None:
    plays = {"/bad": reply(status="500 Internal Server Error"), "/missing": reply(status="404 Not Found")}
    async with LocalOrigin(plays) as origin, fetching(origin, manners=Manners(rate=100.0)) as fetcher:
        for _ in range(ANSWERS):
            await failure(fetcher, origin.url("/missing"))
        assert fetcher.states()[0].rate == 100.0
        for _ in range(ANSWERS):
            await failure(fetcher, origin.url("/bad"))
        (state,) = fetcher.states()
        assert (state.name, state.success_share) == (origin.name, 0.0)
        assert state.rate == pytest.approx(90.0)


async def test_a_fetch_that_is_cancelled_leaves_nothing_behind(fetching: OpenFetcher) -> None:
    stuck = then_silence(HEAD + b"content-length: 9\r\n\r\nhalf")
    async with LocalOrigin({"/a": stuck}) as origin, fetching(origin, manners=Manners(concurrency=5)) as fetcher:
        tasks = [asyncio.create_task(fetcher.fetch(origin.url("/a"), BULK)) for _ in range(20)]
        await comes_true(lambda: origin.open == 5)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert all(task.cancelled() for task in tasks)
        await comes_true(lambda: origin.open == 0)
        (state,) = fetcher.states()
        assert (state.running, state.waiting, fetcher._exchange.room.taken) == (0, 0, 0)


async def test_the_environment_does_not_choose_the_way(fetching: OpenFetcher, monkeypatch: pytest.MonkeyPatch) -> None:
    async with LocalOrigin({}) as proxy, LocalOrigin({"/a": reply(b"direct")}) as origin:
        for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url(""))
        async with fetching(origin) as fetcher:
            assert (await fetcher.fetch(origin.url("/a"), BULK)).content == b"direct"
    assert proxy.accepted == 0
