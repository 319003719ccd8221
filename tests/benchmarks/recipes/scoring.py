"""What an answer to a card is worth, line by line."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from difflib import SequenceMatcher
from typing import Final, NamedTuple

from service.workloads.recipes.messages import Ingredient, Reading
from tests.benchmarks.recipes.cards import Card
from tests.benchmarks.recipes.writing import Line

LINE_LIKE: Final = 0.75
"""A line is found where an ingredient was read that is as like it as this (2 M / T of Ratcliff and Obershelp)."""
NAME_LIKE: Final = 0.9
"""A name is right when it is as like the printed one as this: one slip in ten letters."""


class Score(NamedTuple):
    """One card's."""

    lines: int
    """That are printed."""
    found: int
    extra: int
    """Ingredients that are none of them."""
    quantities: int
    """Right ones, of those found; so the next two."""
    units: int
    names: int
    language: bool
    title: bool
    servings: bool
    rotation: bool
    steps: bool
    """As many as there are, each as like as a line has to be."""


class Missed(NamedTuple):
    """A line that was not found, or not understood."""

    line: Line
    read: Ingredient | None


def score(card: Card, reading: Reading) -> tuple[Score, list[Missed]]:
    """What ``reading`` is worth, and which lines it has wrong."""
    recipe = card.recipe
    pairs, extra = _paired(recipe.lines, reading.ingredients)
    rights = [(_quantity(line, got), line.unit == got.unit, _like(line.name, got.name) >= NAME_LIKE) for line, got in pairs]
    paired = {id(line) for line, _ in pairs}
    missed = [Missed(line, None) for line in recipe.lines if id(line) not in paired]
    missed += [Missed(line, got) for (line, got), right in zip(pairs, rights, strict=True) if not all(right)]
    quantities, units, names = (sum(column) for column in zip(*rights, strict=True)) if rights else (0, 0, 0)
    servings = reading.servings
    return (
        Score(
            lines=len(recipe.lines),
            found=len(pairs),
            extra=extra,
            quantities=quantities,
            units=units,
            names=names,
            language=reading.language == recipe.language,
            title=_like(recipe.title, reading.title or "") >= NAME_LIKE,
            servings=servings is not None and servings.low == recipe.servings,
            rotation=reading.rotation == card.rotation,
            steps=_same_steps(recipe.steps, reading.steps),
        ),
        missed,
    )


def plain(text: str) -> str:
    """Without accents, capitals and marks: ``text`` as somebody would look for it."""
    parted = unicodedata.normalize("NFKD", text.casefold())
    letters = "".join(letter for letter in parted if not unicodedata.combining(letter))
    return " ".join("".join(letter if letter.isalnum() else " " for letter in letters).split())


def _paired(lines: Sequence[Line], read: Sequence[Ingredient]) -> tuple[list[tuple[Line, Ingredient]], int]:
    """Each line with the ingredient most like it, each at most once; how many ingredients are left."""
    likeness = sorted(
        ((_like(line.text, got.text), place, other) for place, line in enumerate(lines) for other, got in enumerate(read)),
        key=lambda each: (-each[0], each[1], each[2]),
    )
    taken: dict[int, int] = {}
    for like, place, other in likeness:
        if like >= LINE_LIKE and place not in taken and other not in taken.values():
            taken[place] = other
    return [(lines[place], read[other]) for place, other in sorted(taken.items())], len(read) - len(taken)


def _quantity(line: Line, read: Ingredient) -> bool:
    if line.low is None or line.high is None or read.amount is None:
        return line.low is None and read.amount is None
    return math.isclose(read.amount.low, line.low, rel_tol=0.01) and math.isclose(
        read.amount.high, line.high, rel_tol=0.01
    )


def _same_steps(written: Sequence[str], read: Sequence[str]) -> bool:
    return len(written) == len(read) and all(
        _like(one, other) >= LINE_LIKE for one, other in zip(written, read, strict=True)
    )


def _like(one: str, other: str) -> float:
    return SequenceMatcher(None, plain(one), plain(other), autojunk=False).ratio()
