from __future__ import annotations

import gzip
from typing import Any

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from service.web.answer import LARGE, Answer
from service.web.compression import SMALLEST, Compressor
from service.web.exchange import KEY, Exchange
from service.web.tracing import Trace
from tests.service.conftest import House

ALL = Compressor([("zstd", 3), ("br", 4), ("gzip", 5)])
DECODE = {
    b"zstd": lambda body: zstandard.ZstdDecompressor().decompress(body, max_output_size=10_000_000),
    b"br": brotli.decompress,
    b"gzip": gzip.decompress,
    b"": bytes,
}
LONG = b"loadstone " * 100


@pytest.mark.parametrize(
    ("accepted", "name"),
    [
        (None, None),
        (b"", None),
        (b"gzip, deflate, br, zstd", b"zstd"),
        (b"gzip, br", b"br"),
        (b"GZIP", b"gzip"),
        (b"x-gzip", b"gzip"),
        (b"gzip;q=0.5, br;q=0.4", b"gzip"),
        (b"zstd;q=0, *", b"br"),
        (b"*;q=0", None),
        (b"gzip;q=0.3, identity", None),
        (b"br ; q=1.000 , gzip", b"br"),
        (b"gzip;q=two", None),
        (b"gzip;q=nan", None),
        (b"deflate", None),
        (b"br," * 1000, None),
    ],
)
def test_the_best_liked_coding_is_chosen(accepted: bytes | None, name: bytes | None) -> None:
    coding = ALL.choose(accepted)
    assert (coding.name if coding else None) == name


@given(st.binary(max_size=100))
def test_no_header_breaks_the_choice(accepted: bytes) -> None:
    coding = ALL.choose(accepted)
    assert coding is None or coding.name in DECODE


def test_without_codings_nothing_is_compressed() -> None:
    assert Compressor([]).choose(b"gzip, br, zstd") is None


async def sent(answer: Answer, method: str = "GET", **headers: str) -> tuple[int, dict[bytes, bytes], bytes]:
    """Status, headers and body, as ``answer`` gives them to a request with ``headers``."""
    messages: list[Any] = []

    async def send(message: Any) -> None:
        messages.append(message)

    async def receive() -> Any:
        raise AssertionError("an answer reads nothing")

    asked = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    exchange = Exchange(asked, Trace("id"), 0.0, ALL, send)
    await answer({"method": method, KEY: exchange}, receive, send)
    start, body = messages
    return start["status"], dict(start["headers"]), body["body"]


@pytest.mark.parametrize("coding", ["zstd", "br", "gzip", ""])
@pytest.mark.parametrize("content", [LONG, LONG * (LARGE // len(LONG) + 1)], ids=["in-the-loop", "in-a-thread"])
async def test_an_answer_comes_back_whole_in_every_coding(coding: str, content: bytes) -> None:
    answer = Answer(content)
    for _ in range(2):
        _, headers, body = await sent(answer, accept_encoding=coding)
        assert headers.get(b"content-encoding", b"") == coding.encode()
        assert headers[b"content-length"] == b"%d" % len(body)
        assert headers[b"vary"] == b"accept-encoding"
        assert DECODE[coding.encode()](body) == content


async def test_a_short_answer_is_sent_as_it_is() -> None:
    _, headers, body = await sent(Answer(b"x" * (SMALLEST - 1)), accept_encoding="zstd")
    assert body == b"x" * (SMALLEST - 1)
    assert not {b"content-encoding", b"vary"} & headers.keys()


async def test_who_has_it_already_gets_no_body() -> None:
    answer = Answer(LONG, tagged=True)
    _, headers, _ = await sent(answer, accept_encoding="br")
    tag = headers[b"etag"].decode()
    for condition in (tag, f'"other", {tag}', "*", tag.removeprefix("W/")):
        status, headers, body = await sent(answer, if_none_match=condition, accept_encoding="zstd")
        assert (status, body, headers[b"etag"]) == (304, b"", tag.encode())
        assert not {b"content-type", b"content-length", b"content-encoding"} & headers.keys()
    status, _, body = await sent(answer, if_none_match='"other"')
    assert (status, body) == (200, LONG)


async def test_pages_are_compressed_and_tagged(house: House) -> None:
    answer = await house.client.get("/openapi.json", headers={"accept-encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.json()["openapi"] == "3.1.0"
    again = await house.client.get("/openapi.json", headers={"if-none-match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
