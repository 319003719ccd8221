from __future__ import annotations

from collections.abc import Callable
from itertools import islice
from random import Random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests._comments import Payloads, exchanges
from loadtests._exchange import Exchange, WrongAnswerError
from loadtests._payloads._facts import facts

KNOWN = facts("comments")


def asked(size: int, seed: int = 0) -> tuple[Exchange, list[str]]:
    """A request of ``size`` comments out of the corpus, and their texts."""
    exchange = next(exchanges(Payloads(unique=0.0, sizes={"fast": {size: 1.0}}), Random(seed)))
    return exchange, [comment["text"] for comment in msgspec.json.decode(exchange.body)["comments"]]


def answer_to(texts: list[str]) -> dict[str, Any]:
    """A right answer."""
    results = [
        {
            "id": str(number),
            "sentiment": {"label": KNOWN.get(text, {}).get("sentiment", "positive"), "score": 0.5, "confidence": 0.9},
            "themes": [{"name": "speed", "confidence": 0.4}],
            "emotion": {"label": "none", "confidence": 0.9},
            "language": {"code": KNOWN.get(text, {}).get("language", "es"), "confidence": 0.9},
            "reliable": True,
        }
        for number, text in enumerate(texts)
    ]
    summary = {"comments": len(texts), "mean_score": 0.5, "sentiment": {"positive": len(texts)}}
    return {"model": {"name": "m", "version": "1"}, "quality": "fast", "results": results, "summary": summary}


@given(st.integers(1, 40), st.integers(0, 1000))
def test_a_right_answer_passes_whatever_else_is_in_it(size: int, seed: int) -> None:
    exchange, texts = asked(size, seed)
    assert exchange.items == size
    exchange.check(msgspec.json.encode(answer_to(texts) | {"more": "whatever"}))


def changed(change: Callable[[dict[str, Any]], Any]) -> Callable[[dict[str, Any]], dict[str, Any]]:
    def made(answer: dict[str, Any]) -> dict[str, Any]:
        change(answer)
        return answer

    return made


WRONG: dict[str, tuple[Callable[[dict[str, Any]], Any], str]] = {
    "one missing": (changed(lambda a: a["results"].pop()), "3 comments sent, 2 results received"),
    "one too many": (changed(lambda a: a["results"].append(a["results"][0])), "3 comments sent, 4 results received"),
    "out of order": (changed(lambda a: a["results"].reverse()), "result 0 carries the id '2'"),
    "no id": (changed(lambda a: a["results"][1].pop("id")), "missing required field `id` - at `\\$.results"),
    "a label of its own": (
        changed(lambda a: a["results"][2]["sentiment"].update(label="purple")),
        "result 2 has the unknown label 'purple'",
    ),
    "no sentiment": (changed(lambda a: a["results"][0].pop("sentiment")), "missing required field `sentiment`"),
    "a score beyond 1": (changed(lambda a: a["results"][0]["sentiment"].update(score=1.5)), "Expected `float` <= 1.0"),
    "no number": (changed(lambda a: a["results"][0]["sentiment"].update(confidence="0.9")), "got `str`"),
    "an unknown theme": (changed(lambda a: a["results"][1]["themes"][0].update(name="cats")), "enum value 'cats'"),
    "an unknown emotion": (changed(lambda a: a["results"][1]["emotion"].update(label="meh")), "enum value 'meh'"),
    "an unknown language": (changed(lambda a: a["results"][1]["language"].update(code="xx")), "enum value 'xx'"),
    "another quality": (changed(lambda a: a.update(quality="good")), "quality 'fast' asked for, 'good' received"),
    "a summary of others": (changed(lambda a: a["summary"].update(comments=9)), "summary does not add up to 3"),
    "a sum that is none": (changed(lambda a: a["summary"]["sentiment"].update(neutral=1)), "does not add up to 3"),
    "no summary": (changed(lambda a: a.pop("summary")), "missing required field `summary`"),
    "a list": (lambda a: a["results"], "Expected `object`"),
}


@pytest.mark.parametrize("fault", WRONG)
def test_a_wrong_answer_is_found_out(fault: str) -> None:
    exchange, texts = asked(3)
    spoil, reason = WRONG[fault]
    with pytest.raises(WrongAnswerError, match=reason):
        exchange.check(msgspec.json.encode(spoil(answer_to(texts))))


@given(st.binary(max_size=60))
def test_no_answer_whatever_raises_anything_else(body: bytes) -> None:
    exchange, _ = asked(1)
    with pytest.raises(WrongAnswerError):
        exchange.check(body)


@pytest.mark.parametrize("label", ["negative", "neutral", "positive"])
def test_a_service_that_always_says_the_same_is_caught(label: str) -> None:
    caught = []
    for exchange in islice(exchanges(Payloads(), Random(2)), 300):
        answer = answer_to([comment["text"] for comment in msgspec.json.decode(exchange.body)["comments"]])
        for result in answer["results"]:
            result["sentiment"]["label"] = label
        try:
            exchange.check(msgspec.json.encode(answer))
        except WrongAnswerError as wrong:
            caught.append(str(wrong))
    assert len(caught) > 300 / 10, "one request in ten at least, where one in a thousand is too many"
    assert all(f"has the sentiment '{label}', and it is" in sentence for sentence in caught)


def test_another_comments_answer_is_caught() -> None:
    exchange, texts = asked(40)
    shifted = answer_to(texts[1:] + texts[:1])
    with pytest.raises(WrongAnswerError, match="and it is"):
        exchange.check(msgspec.json.encode(shifted))


def test_a_wrong_language_is_caught() -> None:
    exchange, texts = asked(40)
    answer = answer_to(texts)
    for result in answer["results"]:
        result["language"]["code"] = "other"
    with pytest.raises(WrongAnswerError, match="has the language 'other', and it is"):
        exchange.check(msgspec.json.encode(answer))
