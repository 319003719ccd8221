"""What makes an answer to a recipe card right: its form, and what is printed on the card that was sent."""

from __future__ import annotations

import math
import unicodedata
from difflib import SequenceMatcher
from typing import Annotated

import msgspec

from loadtests._exchange import WrongAnswerError
from loadtests._payloads._cards import Card, Line

LIKE = 0.8
"""A name is read right when it is as like the printed one as this (2 M / T of Ratcliff and Obershelp)."""
FOUND = 0.85
"""Of the lines of a card, so many are to be found at least: engines slip here and there."""


class _Amount(msgspec.Struct, frozen=True, gc=False):
    low: float
    high: float


class _Ingredient(msgspec.Struct, frozen=True, gc=False):
    name: str
    confidence: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
    amount: _Amount | None = None
    unit: str | None = None


class _Answer(msgspec.Struct, frozen=True, gc=False):
    language: str
    text: tuple[str, ...]
    title: str | None
    ingredients: tuple[_Ingredient, ...]
    steps: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    engine: str
    reason: str
    rotation: int


_decoder = msgspec.json.Decoder(_Answer)


def check(sent: Card, body: bytes) -> None:
    """Raise `WrongAnswerError` unless ``body`` tells what is printed on ``sent``."""
    try:
        answer = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise WrongAnswerError(str(error)) from error
    if answer.language != sent.language:
        raise WrongAnswerError(f"the language is {sent.language}, and {answer.language} received")
    if answer.rotation:
        raise WrongAnswerError("an upright card is said to be turned")
    found = sum(any(_says(each, line) for each in answer.ingredients) for line in sent.lines)
    if found < FOUND * len(sent.lines):
        raise WrongAnswerError(f"{len(sent.lines)} ingredients are printed, and {found} of them found")


def _says(ingredient: _Ingredient, line: Line) -> bool:
    if ingredient.unit != line.unit or (ingredient.amount is None) != (line.amount is None):
        return False
    if ingredient.amount is not None and not math.isclose(ingredient.amount.low, line.amount or 0.0):
        return False
    return SequenceMatcher(None, _plain(ingredient.name), _plain(line.name)).ratio() >= LIKE


def _plain(text: str) -> str:
    """Without accents and capitals: an accent that is not seen makes no other ingredient."""
    parted = unicodedata.normalize("NFKD", text.casefold())
    return "".join(letter for letter in parted if not unicodedata.combining(letter))
