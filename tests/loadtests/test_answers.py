from __future__ import annotations

import gzip
import zlib
from itertools import pairwise

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from loadtests._http._answers import (
    LONGEST_HEAD_BYTES,
    Answer,
    AnswerCutShortError,
    AnswerParser,
    AnswerTooLargeError,
    NoAnswerError,
    NotHttpError,
    UndecodableAnswerError,
)
from loadtests._http._codings import decoded

BODY = b'{"results": []}' * 3
PLAIN = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\ncontent-length: 45\r\n\r\n" + BODY
CHUNKED = (
    b"HTTP/1.1 503 No\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"1;x=y\r\n{\r\n2c\r\n" + BODY[1:] + b"\r\n0\r\nTrailer: late\r\n\r\n"
)
ANNOUNCED = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" + PLAIN
EMPTY = b"HTTP/1.1 204 No Content\r\nRetry-After: 1\r\n\r\n"
LAST = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 45\r\n\r\n" + BODY
ENDLESS = b"HTTP/1.0 200 OK\r\n\r\n" + BODY

Seen = tuple[int, dict[bytes, bytes], bytes, bool]


def parsed(pieces: list[bytes], *, ended: bool = False) -> list[Seen]:
    parser = AnswerParser()
    found = [(answer, parser.keeps_alive) for answer in map(parser.feed, pieces) if answer is not None]
    if ended:
        found.append((parser.end(), parser.keeps_alive))
    return [(answer.status_code, answer.fields, answer.content, kept) for answer, kept in found]


def test_each_form_of_an_answer_is_understood() -> None:
    assert parsed([PLAIN]) == [(200, {b"content-type": b"application/json", b"content-length": b"45"}, BODY, True)]
    assert parsed([CHUNKED]) == [(503, {b"transfer-encoding": b"chunked"}, BODY, True)]
    assert parsed([ANNOUNCED]) == parsed([PLAIN])
    assert parsed([EMPTY]) == [(204, {b"retry-after": b"1"}, b"", True)]
    assert parsed([LAST])[0][2:] == (BODY, False)
    assert parsed([ENDLESS], ended=True) == [(200, {}, BODY, False)]


@given(st.data())
def test_however_the_bytes_are_split_the_answers_are_the_same(data: st.DataObject) -> None:
    stream = b"".join(data.draw(st.lists(st.sampled_from([PLAIN, CHUNKED, EMPTY, ANNOUNCED]), min_size=1, max_size=3)))
    ends = [len(stream)]
    for whole in (
        PLAIN,
        CHUNKED,
        EMPTY,
        ANNOUNCED,
    ):  # the next request is sent only after an answer: none is split across
        ends += [at + len(whole) for at in range(len(stream)) if stream.startswith(whole, at)]
    cuts = data.draw(st.lists(st.integers(0, len(stream)), max_size=12))
    pieces = [stream[first:last] for first, last in pairwise(sorted({0, *cuts, *ends}))]
    whole_ones = [stream[first:last] for first, last in pairwise(sorted({0, *ends}))]
    assert parsed(pieces) == parsed(whole_ones)


@pytest.mark.parametrize("split", [False, True])
def test_a_connection_is_not_used_again_when_more_came_than_was_asked_for(split: bool) -> None:
    for surplus in (PLAIN, b"noise"):
        parser = AnswerParser()
        answer = parser.feed(PLAIN[:-3] if split else PLAIN + surplus)
        answer = parser.feed(PLAIN[-3:] + surplus) if split else answer
        assert isinstance(answer, Answer)
        assert answer.content == BODY
        assert not parser.keeps_alive


@pytest.mark.parametrize(
    "noise",
    [
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 two hundred\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n",
    ],
)
def test_what_is_no_http_is_said_to_be_none(noise: bytes) -> None:
    with pytest.raises(NotHttpError):
        parsed([noise])


@pytest.mark.parametrize("stream", [PLAIN, CHUNKED, ANNOUNCED])
def test_an_end_too_early_tells_none_from_half_an_answer(stream: bytes) -> None:
    with pytest.raises(NoAnswerError):
        parsed([], ended=True)
    for length in range(1, len(stream)):
        with pytest.raises(AnswerCutShortError):
            parsed([stream[:length]], ended=True)
    with pytest.raises(NoAnswerError):
        parsed([stream], ended=True)


def test_heads_and_bodies_without_end_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    endless_head = [b"HTTP/1.1 200 OK\r\n", *[b"Field: " + b"x" * 993 + b"\r\n"] * (LONGEST_HEAD_BYTES // 1000 + 2)]
    monkeypatch.setattr("loadtests._http._answers.LONGEST_BODY_BYTES", 100_000)
    endless_body = [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", *[b"1\r\nx\r\n"] * 20_000]
    for pieces in (endless_head, endless_body, [ENDLESS, *[BODY] * 10_000]):
        with pytest.raises(AnswerTooLargeError):
            parsed(pieces)


def compressed(name: str, data: bytes) -> bytes:
    if name == "gzip":
        return gzip.compress(data[:7]) + gzip.compress(data[7:])
    if name == "br":
        return bytes(brotli.compress(data))
    if name == "zstd":
        return zstandard.ZstdCompressor().compress(data)
    streaming = zstandard.ZstdCompressor().compressobj()
    return streaming.compress(data) + streaming.flush()


CODINGS = ("gzip", "br", "zstd", "zstd of unknown size")


@pytest.mark.parametrize("name", CODINGS)
@given(data=st.binary(max_size=300))
def test_a_content_coding_is_undone(name: str, data: bytes) -> None:
    assert decoded(compressed(name, data), name.split()[0].encode(), 300) == data


@pytest.mark.parametrize("name", CODINGS)
def test_what_inflates_beyond_its_bound_or_is_cut_short_is_refused(name: str) -> None:
    coding = name.split()[0].encode()
    bomb = compressed(name, bytes(30_000_000))
    assert len(bomb) < 60_000
    with pytest.raises((AnswerTooLargeError, UndecodableAnswerError)):
        decoded(bomb, coding, 1_000_000)
    whole = compressed(name, BODY)
    for cut in (1, 3, len(whole) // 2):
        with pytest.raises(UndecodableAnswerError):
            decoded(whole[:-cut], coding, 1000)


def test_codings_are_undone_from_the_outermost_on_and_unknown_ones_refused() -> None:
    assert decoded(gzip.compress(brotli.compress(BODY)), b"br, GZip", 1000) == BODY
    assert decoded(BODY, b"identity", 1000) == BODY
    for codings in (b"rot13", b"", b"gzip, gzip, gzip, gzip"):
        with pytest.raises(UndecodableAnswerError):
            decoded(zlib.compress(BODY), codings, 1000)
