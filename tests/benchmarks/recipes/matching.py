"""What was understood of a line against what is printed.

A printed ingredient is found if one of the returned ingredients has its name: the same words, or the words of one
among those of the other ("cebollas" for "cebollas grandes"); accents and capitals aside, and one wrong letter for every
five of the name. Each returned ingredient stands for one printed one at most: those with the very name first, then
those of the same amount. Only a name that has neither words too many nor too few is right.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isclose
from typing import Final, Literal, NamedTuple

from service.workloads.recipes.messages import Amount, Ingredient
from tests.benchmarks.recipes.likeness import folded, is_same, is_within
from tests.benchmarks.recipes.writing import Line

Aspect = Literal["quantity", "unit", "name", "spelling", "preparation", "group"]
ASPECTS: Final[tuple[Aspect, ...]] = ("quantity", "unit", "name", "spelling", "preparation", "group")
"""Of a found ingredient; its spelling is right if its name is, to the accent."""


class Pair(NamedTuple):
    """A printed ingredient, and what was returned for it."""

    line: Line
    ingredient: Ingredient


class Matched(NamedTuple):
    """All ingredients of a card."""

    pairs: list[Pair]
    missing: list[Line]
    """Printed, and not returned."""
    false: list[Ingredient]
    """Returned, and not printed."""


def matched(lines: Sequence[Line], ingredients: Sequence[Ingredient]) -> Matched:
    """Which of the ``ingredients`` stand for which of the ``lines``."""
    left, found = list(ingredients), dict[int, Ingredient]()
    for rank in (_SAME_NAME, _SAME_AMOUNT, _SOME_WORDS):
        for place, line in enumerate(lines):
            fitting = next((number for number, one in enumerate(left) if _rank(line, one) == rank), None)
            if place not in found and fitting is not None:
                found[place] = left.pop(fitting)
    return Matched(
        pairs=[Pair(lines[place], found[place]) for place in sorted(found)],
        missing=[line for place, line in enumerate(lines) if place not in found],
        false=left,
    )


_SAME_NAME, _SAME_AMOUNT, _SOME_WORDS, _NOTHING = 3, 2, 1, 0


def _rank(line: Line, ingredient: Ingredient) -> int:
    true, found = folded(line.name), folded(ingredient.name)
    if is_same(true, found):
        return _SAME_NAME
    if is_within(true, found) or is_within(found, true):
        return _SAME_AMOUNT if _is_amount(line, ingredient.amount) else _SOME_WORDS
    return _NOTHING


def aspects_of(line: Line, ingredient: Ingredient) -> dict[Aspect, bool]:
    """What of ``ingredient`` is as it is printed."""
    return {
        "quantity": _is_amount(line, ingredient.amount),
        "unit": line.unit == ingredient.unit,
        "name": is_same(folded(line.name), folded(ingredient.name)),
        "spelling": line.name.casefold() == ingredient.name.casefold(),
        "preparation": is_same(folded(line.preparation or ""), folded(ingredient.preparation or "")),
        "group": is_same(folded(line.group or ""), folded(ingredient.group or "")),
    }


def _is_amount(line: Line, amount: Amount | None) -> bool:
    if line.low is None or line.high is None or amount is None:
        return line.low is None and amount is None
    return isclose(amount.low, line.low, rel_tol=0.01) and isclose(amount.high, line.high, rel_tol=0.01)
