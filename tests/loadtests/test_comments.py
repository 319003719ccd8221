from __future__ import annotations

from collections import Counter
from itertools import islice
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from loadtests._comments import CommentsPayloads, exchanges
from loadtests._corpus import Zipf, texts
from loadtests._exchange import WrongAnswerError


def questions(payloads: CommentsPayloads, seed: int, count: int) -> list[dict[str, Any]]:
    return [msgspec.json.decode(exchange.body) for exchange in islice(exchanges(payloads, Random(seed)), count)]


def answer(size: int, *, label: str = "positive") -> dict[str, Any]:
    return {"results": [{"id": str(number), "sentiment": {"label": label, "score": 0.5}} for number in range(size)]}


def test_the_corpus_is_large_varied_and_without_repetition() -> None:
    corpus = texts("comments")
    assert len(corpus) >= 400
    assert len(set(corpus)) == len(corpus)
    assert max(map(len, corpus)) < 500


@given(st.integers(2, 60), st.floats(0.0, 2.0), st.integers(0, 2**32))
def test_ranks_follow_zipfs_law(size: int, exponent: float, seed: int) -> None:
    law = Zipf(size, exponent)
    assert sum(law.probability(rank) for rank in range(size)) == pytest.approx(1.0)
    assert law.probability(0) / law.probability(1) == pytest.approx(2.0**exponent)
    assert 0 <= law.draw(Random(seed)) < size


def test_drawn_ranks_fit_the_law() -> None:
    law, random, draws = Zipf(20, 1.0), Random(3), 20_000
    seen = Counter(law.draw(random) for _ in range(draws))
    expected = [law.probability(rank) * draws for rank in range(20)]
    assert stats.chisquare([seen[rank] for rank in range(20)], expected).pvalue > 0.01


def test_equal_seeds_send_equal_requests() -> None:
    payloads = CommentsPayloads(sizes={"fast": {1: 0.5, 10: 0.5}})
    assert questions(payloads, 1, 50) == questions(payloads, 1, 50)
    assert questions(payloads, 1, 50) != questions(payloads, 2, 50)


def test_sizes_qualities_and_unique_texts_come_as_the_plan_has_them() -> None:
    payloads = CommentsPayloads(
        unique=0.25, quality={"fast": 0.9, "good": 0.1}, sizes={"fast": {1: 0.75, 10: 0.25}, "good": {2: 1.0}}
    )
    sent = questions(payloads, 4, 4000)
    qualities = Counter(question["quality"] for question in sent)
    assert stats.binomtest(qualities["good"], 4000, 0.1).pvalue > 0.01
    sizes = Counter(len(question["comments"]) for question in sent if question["quality"] == "fast")
    assert set(sizes) == {1, 10}
    assert stats.binomtest(sizes[10], qualities["fast"], 0.25).pvalue > 0.01
    assert {len(question["comments"]) for question in sent if question["quality"] == "good"} == {2}
    corpus = set(texts("comments"))
    comments = [comment["text"] for question in sent for comment in question["comments"]]
    own = [text for text in comments if text not in corpus]
    assert stats.binomtest(len(own), len(comments), 0.25).pvalue > 0.01
    assert len(set(own)) == len(own)


@given(st.integers(1, 40))
def test_a_right_answer_passes(size: int) -> None:
    exchange = next(exchanges(CommentsPayloads(sizes={"fast": {size: 1.0}}), Random(0)))
    assert exchange.items == size
    exchange.check(msgspec.json.encode(answer(size) | {"model": "whatever else"}))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (answer(2), "3 comments sent, 2 results received"),
        (answer(4), "3 comments sent, 4 results received"),
        (answer(3, label="purple"), "unknown label 'purple'"),
        ({"results": answer(3)["results"][::-1]}, "result 0 carries the id '2'"),
        ({"results": [{"id": "0"}] * 3}, "missing required field `sentiment`"),
        ([], "Expected `object`"),
    ],
)
def test_a_wrong_answer_is_found_out(body: object, reason: str) -> None:
    exchange = next(exchanges(CommentsPayloads(sizes={"fast": {3: 1.0}}), Random(0)))
    with pytest.raises(WrongAnswerError, match=reason):
        exchange.check(msgspec.json.encode(body))


@given(st.binary(max_size=60))
def test_no_answer_whatever_raises_anything_else(body: bytes) -> None:
    exchange = next(exchanges(CommentsPayloads(), Random(0)))
    with pytest.raises(WrongAnswerError):
        exchange.check(body)
