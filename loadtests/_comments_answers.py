"""What makes an answer to comments right: its form, that it answers what was asked, and what is known of the texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal, NamedTuple

import msgspec

from loadtests._exchange import WrongAnswerError

LABELS = frozenset({"negative", "neutral", "positive"})
"""Every sentiment label that the service may answer."""

Confidence = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Score = Annotated[float, msgspec.Meta(ge=-1.0, le=1.0)]
EmotionLabel = Literal["joy", "anger", "sadness", "fear", "surprise", "disgust", "none"]
LanguageCode = Literal["es", "gn", "jopara", "other", "und"]
ThemeName = Literal[
    "service",
    "speed",
    "outages",
    "billing",
    "price",
    "support",
    "installation",
    "coverage",
    "equipment",
    "cancellation",
]


class Asked(NamedTuple):
    """What a request asked, as far as its answer can be held against it."""

    quality: str
    size: int
    """Comments, with the ids 0, 1, 2 …"""
    known: Mapping[int, Mapping[str, str]]
    """Places of texts of which something is known, to what (`_facts.facts`)."""


class _Sentiment(msgspec.Struct, frozen=True, gc=False):
    label: str
    score: Score
    confidence: Confidence


class _Theme(msgspec.Struct, frozen=True, gc=False):
    name: ThemeName
    confidence: Confidence


class _Emotion(msgspec.Struct, frozen=True, gc=False):
    label: EmotionLabel
    confidence: Confidence


class _Language(msgspec.Struct, frozen=True, gc=False):
    code: LanguageCode
    confidence: Confidence


class _Result(msgspec.Struct, frozen=True, gc=False):
    id: str
    sentiment: _Sentiment
    themes: tuple[_Theme, ...]
    emotion: _Emotion
    language: _Language
    reliable: bool


class _Model(msgspec.Struct, frozen=True, gc=False):
    name: str
    version: str


class _Summary(msgspec.Struct, frozen=True, gc=False):
    comments: int
    mean_score: Score
    sentiment: dict[str, int]


class _Answer(msgspec.Struct, frozen=True, gc=False):
    model: _Model
    quality: str
    results: list[_Result]
    summary: _Summary


_decoder = msgspec.json.Decoder(_Answer)


def check(asked: Asked, body: bytes) -> None:
    """Raise `WrongAnswerError` unless ``body`` is a right answer to what was ``asked``."""
    try:
        answer = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise WrongAnswerError(str(error)) from error
    results = answer.results
    if len(results) != asked.size:
        raise WrongAnswerError(f"{asked.size} comments sent, {len(results)} results received")
    if answer.quality != asked.quality:
        raise WrongAnswerError(f"quality {asked.quality!r} asked for, {answer.quality!r} received")
    for number, result in enumerate(results):
        if result.id != str(number):
            raise WrongAnswerError(f"result {number} carries the id {result.id!r}")
        if result.sentiment.label not in LABELS:
            raise WrongAnswerError(f"result {number} has the unknown label {result.sentiment.label!r}")
    for number, fact in asked.known.items():
        _check_fact(number, results[number], fact)
    summary = answer.summary
    if summary.comments != asked.size or sum(summary.sentiment.values()) != asked.size:
        raise WrongAnswerError(f"the summary does not add up to {asked.size} comments")


def _check_fact(number: int, result: _Result, fact: Mapping[str, str]) -> None:
    for what, found in (("sentiment", result.sentiment.label), ("language", result.language.code)):
        if what in fact and found != fact[what]:
            raise WrongAnswerError(f"result {number} has the {what} {found!r}, and it is {fact[what]!r}")
