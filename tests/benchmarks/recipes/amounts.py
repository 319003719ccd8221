"""Amounts, in the ways that recipes write them."""

from __future__ import annotations

from random import Random
from typing import Final, NamedTuple

from tests.benchmarks.recipes.words import Unit, Words

WEIGHED: Final = frozenset({"g", "ml"})
"""Units of which nobody takes three."""
SEVERAL: Final = frozenset({"clove", "slice", "leaf", "sprig"})
"""Units that are counted."""
WHOLE: Final = SEVERAL | {"can", "jar", "package", "sachet", "bunch", "pinch", "splash"}
"""Units of which nobody takes a half."""

_GRAMS: Final = (30, 50, 75, 80, 100, 120, 125, 150, 180, 200, 225, 250, 300, 350, 400, 450, 500, 600, 750)
_OUNCES: Final = (2, 3, 4, 6, 8, 10, 12, 14, 16)
_FRACTIONS: Final = {
    0.5: ("½", "1/2"),
    0.25: ("¼", "1/4"),
    0.75: ("¾", "3/4"),
    1 / 3: ("⅓", "1/3"),
    2 / 3: ("⅔", "2/3"),
}


class Amount(NamedTuple):
    """How much, from ``low`` to ``high``, and how it is written."""

    text: str
    low: float
    high: float


def counted(draw: Random, words: Words) -> Amount:
    """A whole number, seldom a range."""
    if draw.random() < 0.08:
        return _range(draw, words)
    return _exactly(draw.choice((1, 1, 2, 2, 3, 4, 5, 6)))


def measured(draw: Random, words: Words, unit: Unit, *, is_spelled: bool) -> Amount:
    """As much of ``unit`` as one takes: whole numbers, fractions, decimals, ranges, and words if the unit is one."""
    if unit.code in WEIGHED:
        return _exactly(draw.choice(_GRAMS))
    if unit.code == "oz":
        return _exactly(draw.choice(_OUNCES))
    if unit.gender is not None and is_spelled and draw.random() < 0.1:
        return _in_words(draw, words, unit.gender, unit.code in WHOLE)
    if unit.code in SEVERAL:
        return counted(draw, words)
    if unit.code in WHOLE:
        return _exactly(draw.choice((1, 1, 2)))
    if unit.code in ("kg", "l") and draw.random() < 0.3:
        value = draw.choice((1.5, 2.5, 0.5, 0.75))
        return Amount(f"{value:g}".replace(".", words.decimal), value, value)
    return draw.choices((_range, _fraction, _small), (1, 5, 5))[0](draw, words)


def _in_words(draw: Random, words: Words, gender: int, is_whole: bool) -> Amount:
    if is_whole or draw.random() < 0.6:
        return Amount(words.one[gender], 1, 1)
    return Amount(words.half[gender], 0.5, 0.5)


def _small(draw: Random, words: Words) -> Amount:
    return _exactly(draw.choice((1, 1, 2, 2, 3, 4)))


def _exactly(value: int) -> Amount:
    return Amount(str(value), value, value)


def _range(draw: Random, words: Words) -> Amount:
    low = draw.choice((1, 2, 3, 4))
    high = low + draw.choice((1, 1, 2))
    return Amount(draw.choice(words.ranges).format(low, high), low, high)


def _fraction(draw: Random, words: Words) -> Amount:
    """Of one, or one or two and a fraction."""
    part = draw.choice((0.5, 0.5, 0.25, 0.75, 1 / 3, 2 / 3))
    whole = draw.choice((0, 0, 1, 2))
    sign, figures = _FRACTIONS[part]
    if not whole:
        return Amount(draw.choice((sign, figures)), part, part)
    text = draw.choice((f"{whole}{sign}", f"{whole} {sign}", f"{whole} {figures}"))
    return Amount(text, whole + part, whole + part)
