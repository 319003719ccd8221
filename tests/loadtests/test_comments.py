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

from loadtests._comments import Payloads, exchanges, hit_ratio, known
from loadtests._payloads._corpus import Zipf, texts
from loadtests._payloads._sizes import Lognormal


def questions(payloads: Payloads, seed: int, count: int) -> list[dict[str, Any]]:
    return [msgspec.json.decode(exchange.body) for exchange in islice(exchanges(payloads, Random(seed)), count)]


def test_the_corpus_is_large_varied_and_without_repetition() -> None:
    corpus = texts("comments")
    assert len(corpus) >= 400
    assert len(set(corpus)) == len(corpus)
    lengths = sorted(map(len, corpus))
    assert lengths[0] <= 2
    assert 4 * lengths[len(lengths) // 4] < lengths[-1] < 500, "from a word to a long sentence"


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


tables = st.builds(
    Payloads,
    zipf=st.floats(0.0, 4.0),
    unique=st.floats(0.0, 1.0),
    quality=st.sampled_from([{"fast": 1.0}, {"fast": 0.5, "good": 0.5}]),
    sizes=st.sampled_from([{}, {"fast": {1: 0.5, 10: 0.5}}]),
    lognormal=st.sampled_from([{}, {"good": Lognormal(median=3, sigma=1.0)}]),
    jobs=st.floats(0.0, 1.0),
)


@given(tables, st.integers(0, 2**32))
def test_equal_seeds_send_equal_bytes(payloads: Payloads, seed: int) -> None:
    first, second = (list(islice(exchanges(payloads, Random(seed)), 20)) for _ in range(2))
    assert [exchange.body for exchange in first] == [exchange.body for exchange in second]
    assert [exchange.follow for exchange in first] == [exchange.follow for exchange in second]


def test_another_seed_sends_something_else() -> None:
    assert questions(Payloads(), 1, 50) != questions(Payloads(), 2, 50)


def test_sizes_qualities_and_unique_texts_come_as_the_plan_has_them() -> None:
    payloads = Payloads(
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


def test_a_share_of_the_requests_asks_for_its_answer_later() -> None:
    payloads = Payloads(jobs=0.5, lognormal={"fast": Lognormal(median=200, sigma=1.0)})
    sent = list(islice(exchanges(payloads, Random(6)), 400))
    assert stats.binomtest(sum(exchange.follow is not None for exchange in sent), 400, 0.5).pvalue > 0.01
    assert max(exchange.items for exchange in sent) == 1000
    assert not any(exchange.follow for exchange in islice(exchanges(Payloads(), Random(6)), 50))


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ({"quality": {"fast": 0}}, "the weights of `quality` add up to nothing"),
        ({"sizes": {"fast": {"1": 0}}}, "the weights of `sizes.fast` add up to nothing"),
        ({"sizes": {"fast": {"1001": 1}}}, "Expected `int` <= 1000"),
        (
            {"sizes": {"good": {"1": 1}}, "lognormal": {"good": {"median": 2, "sigma": 1}}},
            "`sizes.good` and `lognormal.good` exclude one another",
        ),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(table: dict[str, Any], reason: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=reason):
        msgspec.convert(table, Payloads, str_keys=True)


def test_what_is_known_is_every_text_once_in_each_quality_that_is_sent() -> None:
    sent = list(known(Payloads(quality={"fast": 0.5, "good": 0.5})))
    texts_sent = Counter(
        (question["quality"], comment["text"])
        for question in (msgspec.json.decode(exchange.body) for exchange in sent)
        for comment in question["comments"]
    )
    assert texts_sent == {(quality, text): 1 for quality in ("fast", "good") for text in texts("comments")}
    assert all(exchange.items <= 100 and exchange.follow is None for exchange in sent)
    assert len(list(known(Payloads(quality={"fast": 1.0, "good": 0.0})))) == len(sent) / 2


def test_the_expected_hit_ratio_of_a_plan_is_what_its_comments_show() -> None:
    payloads = Payloads(
        zipf=0.9, unique=0.2, quality={"fast": 0.8, "good": 0.2}, lognormal={"fast": Lognormal(median=5, sigma=1.0)}
    )
    seen, hits, comments = set(), 0, 0
    for question in questions(payloads, 8, 1500):
        for comment in question["comments"]:
            key = (question["quality"], comment["text"])
            comments += 1
            hits += key in seen
            seen.add(key)
    assert hit_ratio(payloads, 1500) == pytest.approx(hits / comments, abs=0.02)
    assert hit_ratio(payloads, 1500, entries=100) < hit_ratio(payloads, 1500) < 0.8
    assert hit_ratio(payloads, 0) == 0.0
