"""What is sent, in which order, and how an answer is checked."""

from __future__ import annotations

import zlib
from itertools import pairwise

import brotli
import msgspec
import pytest
import zstandard

from tests.benchmarks.peers import answers, bodies, measurement
from tests.benchmarks.peers.generator import Kept

BODY = '{"comments":[{"id":"a","text":"Muy lento"},"Excelente atención"],"quality":"fast"}'.encode()


def kept(body: bytes, head: bytes = b"HTTP/1.1 200 OK") -> Kept:
    return Kept(0, head, body)


def right() -> bytes:
    return msgspec.json.encode(answers.expected(BODY))


def test_no_comment_is_ever_sent_twice_where_nothing_may_be_cached() -> None:
    unheard = bodies.Unheard(7, seed=1)
    texts = [text for _ in range(3) for body in unheard.take(50) for text in msgspec.json.decode(body)["comments"]]

    assert len(set(texts)) == len(texts) == 3 * 50 * 7


def test_few_bodies_are_sent_again_and_again_where_all_is_cached() -> None:
    assert len(set(bodies.cached())) == bodies.CACHED_BODIES
    assert bodies.cached() == bodies.cached()


def test_arrivals_are_a_poisson_process_and_the_same_for_equal_seeds() -> None:
    dues = bodies.arrivals(1000.0, 20.0, seed=1)
    gaps = [later - earlier for earlier, later in pairwise(dues)]

    assert dues == bodies.arrivals(1000.0, 20.0, seed=1) != bodies.arrivals(1000.0, 20.0, seed=2)
    assert len(dues) == pytest.approx(20_000, rel=0.04)
    assert sum(gap > 0.001 for gap in gaps) / len(gaps) == pytest.approx(0.368, abs=0.02)


def test_a_request_says_how_long_its_body_is() -> None:
    head, _, body = bodies.request(BODY, "a key").partition(b"\r\n\r\n")

    assert body == BODY
    assert answers.header(head, b"content-length") == b"%d" % len(BODY)
    assert answers.header(head, b"authorization") == b"Bearer a key"


def test_each_form_is_first_as_often_as_it_is_last() -> None:
    orders = [measurement.order(block, ["a", "b", "c"]) for block in range(4)]

    assert orders == [["a", "b", "c"], ["c", "b", "a"]] * 2


@pytest.mark.parametrize(
    ("coding", "compress"),
    [
        ("gzip", lambda body: zlib.compress(body, wbits=31)),
        ("br", brotli.compress),
        ("zstd", zstandard.compress),
        ("identity", bytes),
    ],
)
def test_the_engines_own_answer_is_right_in_every_coding(coding: str, compress: object) -> None:
    assert callable(compress)
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {coding}".encode()

    assert answers.objection(kept(compress(right()), head), BODY, analyses=True) == ""


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'"id":"a"', b'"id":"b"'), (b'"negative"', b'"positive"'), (b'"reliable":true', b'"reliable":false')],
)
def test_an_answer_that_says_something_else_is_wrong(old: bytes, new: bytes) -> None:
    assert old in right()
    assert answers.objection(kept(right().replace(old, new, 1)), BODY, analyses=True)


def test_a_figure_that_was_rounded_the_other_way_is_right() -> None:
    answer = answers.expected(BODY)
    answer["summary"]["mean_score"] += 0.001

    assert answers.same(answer, answers.expected(BODY))


@pytest.mark.parametrize(
    ("body", "head"),
    [
        (b"no json", b"HTTP/1.1 200 OK"),
        (b"no gzip", b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip"),
        (b"{}", b"HTTP/1.1 429 Too Many Requests"),
        (b"{}", b"HTTP/1.1 200 OK"),
    ],
)
def test_what_is_no_answer_is_wrong(body: bytes, head: bytes) -> None:
    assert answers.objection(kept(body, head), BODY, analyses=True)


def test_a_form_that_does_not_analyse_must_answer_json_and_no_more() -> None:
    assert answers.objection(kept(b"{}"), BODY, analyses=False) == ""
    assert answers.objection(kept(b"}"), BODY, analyses=False)
