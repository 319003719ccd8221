"""How well a card was understood, and what was not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import msgspec

from service.workloads.recipes.messages import Ingredient, Recipe
from service.workloads.recipes.page import EngineName, Rotation
from tests.benchmarks.recipes.cards import Card, Kind
from tests.benchmarks.recipes.likeness import distance, folded, is_same
from tests.benchmarks.recipes.matching import ASPECTS, Aspect, Matched, aspects_of, matched
from tests.benchmarks.recipes.printing import Layout
from tests.benchmarks.recipes.words import Tongue
from tests.benchmarks.recipes.writing import Line

LETTERS_A_SLIP: int = 10
"""One wrong letter is forgiven for every so many of a title or a step."""


class Failure(msgspec.Struct, frozen=True):
    """Something that was not understood."""

    trouble: str
    true: str
    read: str
    """The line that it was understood from, or the one that is most like it."""
    understood: str


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """What was right of one card."""

    card: int
    kind: Kind
    layout: Layout
    language: Tongue
    megapixels: float
    engine: EngineName | None
    """None if the card could not be read at all."""
    cpu_seconds: float
    lines: int
    found: int
    right: dict[Aspect, int]
    """Of the found lines."""
    false: int
    """Ingredients that are not on the card."""
    steps: int
    steps_found: int
    whole: dict[str, bool]
    """What is told once of a card: its title, its servings, its language, and how it lies."""
    failures: tuple[Failure, ...]


class Answer(NamedTuple):
    """What the service made of a card."""

    recipe: Recipe
    engine: EngineName
    rotation: Rotation
    cpu_seconds: float


class _Fact(NamedTuple):
    name: str
    is_right: bool
    true: object
    found: object


def scored(card: Card, answer: Answer) -> Score:
    """What was right of ``card``."""
    found = matched(card.recipe.lines, answer.recipe.ingredients)
    aspects = [aspects_of(*pair) for pair in found.pairs]
    lost = [step for step in card.recipe.steps if not _is_there(step, answer.recipe.steps)]
    facts = _facts(card, answer)
    return Score(
        card=card.number,
        kind=card.kind,
        layout=card.layout,
        language=card.recipe.language,
        megapixels=card.megapixels,
        engine=answer.engine,
        cpu_seconds=answer.cpu_seconds,
        lines=len(card.recipe.lines),
        found=len(found.pairs),
        right={aspect: sum(right[aspect] for right in aspects) for aspect in ASPECTS},
        false=len(found.false),
        steps=len(card.recipe.steps),
        steps_found=len(card.recipe.steps) - len(lost),
        whole={fact.name: fact.is_right for fact in facts},
        failures=(
            *(Failure(fact.name, str(fact.true), "", str(fact.found)) for fact in facts if not fact.is_right),
            *_line_failures(found, aspects, answer.recipe),
            *(Failure("step", step, "", _nearest(step, answer.recipe.steps)) for step in lost),
        ),
    )


def unreadable(card: Card, reason: str, cpu_seconds: float) -> Score:
    """Of a card that was refused."""
    return Score(
        card=card.number,
        kind=card.kind,
        layout=card.layout,
        language=card.recipe.language,
        megapixels=card.megapixels,
        engine=None,
        cpu_seconds=cpu_seconds,
        lines=len(card.recipe.lines),
        found=0,
        right=dict.fromkeys(ASPECTS, 0),
        false=0,
        steps=len(card.recipe.steps),
        steps_found=0,
        whole=dict.fromkeys(("title", "servings", "language", "orientation"), False),
        failures=(Failure("unreadable", card.recipe.title, "", reason),),
    )


def _facts(card: Card, answer: Answer) -> tuple[_Fact, ...]:
    true, found = card.recipe, answer.recipe
    title = is_same(folded(true.title), folded(found.title or ""), LETTERS_A_SLIP)
    servings = found.servings is not None and found.servings.low == found.servings.high == true.servings
    return (
        _Fact("title", title, true.title, found.title),
        _Fact("servings", servings, true.servings_text, found.servings),
        _Fact("language", found.language == true.language, true.language, found.language),
        _Fact("orientation", answer.rotation == card.rotation, card.rotation, answer.rotation),
    )


def _line_failures(found: Matched, aspects: Sequence[dict[Aspect, bool]], recipe: Recipe) -> Iterator[Failure]:
    for line in found.missing:
        yield Failure("missing line", _meant(line), _nearest(line.text, recipe.text), "")
    for ingredient in found.false:
        yield Failure("false line", "", ingredient.text, _understood(ingredient))
    for (line, ingredient), right in zip(found.pairs, aspects, strict=True):
        for aspect in ASPECTS:
            if not right[aspect]:
                yield Failure(aspect, _meant(line), ingredient.text, _understood(ingredient))


def _meant(line: Line) -> str:
    return f"{line.text} = {line.low}–{line.high} {line.unit} | {line.name} | {line.preparation} | {line.group}"


def _understood(one: Ingredient) -> str:
    amount = f"{one.amount.low:g}–{one.amount.high:g}" if one.amount else None
    return f"{amount} {one.unit} | {one.name} | {one.preparation} | {one.group}"


def _is_there(step: str, steps: Sequence[str]) -> bool:
    true = folded(step)
    return any(is_same(true, folded(found), LETTERS_A_SLIP) for found in steps)


def _nearest(text: str, lines: Sequence[str]) -> str:
    return min(lines, key=lambda line: distance(folded(text), folded(line)), default="")
