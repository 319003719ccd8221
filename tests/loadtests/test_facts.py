"""What the load tests take for certain, against the model that the service ships."""

from __future__ import annotations

from collections import Counter

import pytest

from loadtests._payloads._corpus import texts
from loadtests._payloads._facts import facts
from service.workloads.comments.analysis import analysed
from service.workloads.comments.messages import Quality
from service.workloads.comments.model import shipped

KNOWN = facts("comments")


def test_facts_are_about_texts_of_the_corpus_and_most_about_popular_ones() -> None:
    corpus = texts("comments")
    assert set(KNOWN) <= set(corpus)
    labels = Counter(fact["sentiment"] for fact in KNOWN.values())
    assert set(labels) == {"negative", "neutral", "positive"}
    assert min(labels.values()) >= 20
    assert sum(text in KNOWN for text in corpus[:40]) >= 20
    assert {fact.get("language") for fact in KNOWN.values()} >= {"es", "gn", "jopara"}


@pytest.mark.parametrize("quality", ["fast", "good"])
def test_the_shipped_model_knows_them(quality: Quality) -> None:
    answers = analysed(list(KNOWN), quality, model=shipped())
    wrong = [
        (text, answer.sentiment.label, answer.language.code)
        for (text, fact), answer in zip(KNOWN.items(), answers, strict=True)
        if answer.sentiment.label != fact["sentiment"]
        or answer.language.code != fact.get("language", answer.language.code)
    ]
    assert not wrong
    assert min(answer.sentiment.confidence for answer in answers) > 0.7, "by a wide margin"
