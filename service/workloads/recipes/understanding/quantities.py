"""How much: numbers as recipes write them, with fractions, words and ranges."""

from __future__ import annotations

import re
from functools import cache
from typing import Final, NamedTuple

from service.workloads.recipes.messages import Amount
from service.workloads.recipes.understanding.vocabulary import Vocabulary, either, phrases

VULGAR: Final = {
    "½": 1 / 2, "⅓": 1 / 3, "⅔": 2 / 3, "¼": 1 / 4, "¾": 3 / 4, "⅕": 1 / 5, "⅖": 2 / 5, "⅗": 3 / 5, "⅘": 4 / 5,
    "⅙": 1 / 6, "⅚": 5 / 6, "⅛": 1 / 8, "⅜": 3 / 8, "⅝": 5 / 8, "⅞": 7 / 8,
}  # fmt: skip
"""Fractions that are one character."""
MOST: Final = 100_000.0
"""No recipe takes more of anything."""

_SMALL_UNITS: Final = frozenset({"g", "mg", "ml", None})
_NUMBER = re.compile(
    rf"""(?:
      (?:(?P<before>\d{{1,4}})\s?(?:(?:y|and|&|-)\s?)?)?(?P<vulgar>[{"".join(VULGAR)}])
    | (?:(?P<whole>\d{{1,4}})(?:\s?[-&]\s?|\s(?:y|and|&)\s|\s))?(?P<top>\d{{1,3}})/(?P<bottom>[1-9]\d?)(?!\d)
    | (?P<decimal>\d{{1,6}}(?:[.,]\d{{1,3}})*)
    )(?![\d%/])""",
    re.VERBOSE,
)
_GROUPED = re.compile(r"[1-9]\d{0,2}(?:[.,]\d{3})+")
_SPACES = re.compile(r"\s*")


class Number(NamedTuple):
    """A number and where it ends; ``decimal`` as it was written if its comma or point may part thousands."""

    value: float
    end: int
    decimal: str | None = None


class Quantity(NamedTuple):
    """From ``low`` to ``high``, ending at ``end`` in the text."""

    low: Number
    high: Number
    end: int

    def amount(self, unit: str | None) -> Amount | None:
        """What is meant with this unit; None for nothing and for more than any recipe takes."""
        low, high = sorted((_meant(self.low, unit), _meant(self.high, unit)))
        return Amount(low=round(low, 4), high=round(high, 4)) if low > 0 and high <= MOST else None


def number_at(plain: str, start: int, vocabulary: Vocabulary) -> Number | None:
    """The number that begins at ``start`` of a folded text, in digits or in words."""
    found = _NUMBER.match(plain, start)
    if found:
        return _number(found)
    word = vocabulary.number_pattern.match(plain, start)
    return Number(vocabulary.numbers[word[1]], word.end()) if word else None


def quantity_at(plain: str, start: int, vocabulary: Vocabulary) -> Quantity | None:
    """The number or range that begins at ``start`` of a folded text."""
    opened = _opening(vocabulary).match(plain, start)
    first = number_at(plain, opened.end() if opened else start, vocabulary)
    if first is None:
        return None
    half = half_after(plain, first.end, vocabulary)
    if half:
        first = Number(first.value + half.value, half.end)
    joint = (_between(vocabulary) if opened else _joint(vocabulary)).match(plain, first.end)
    second = number_at(plain, joint.end(), vocabulary) if joint else None
    if second is None and opened and opened[0].strip():
        return None
    if second and (second.value > first.value or opened):
        return _dozens(plain, first, second, vocabulary)
    return _dozens(plain, first, first, vocabulary)


def half_after(plain: str, start: int, vocabulary: Vocabulary) -> Number | None:
    """What "and a half" at ``start``, after a unit, adds to it."""
    found = _halves(vocabulary).match(plain, start)
    if not found:
        return None
    return Number(0.25 if any(sign in found[0] for sign in ("cuarto", "1/4", "¼")) else 0.5, found.end())


def skip_spaces(plain: str, start: int) -> int:
    """Where the spaces at ``start`` end."""
    found = _SPACES.match(plain, start)
    return found.end() if found else start


def _number(found: re.Match[str]) -> Number | None:
    if found["vulgar"]:
        return Number(int(found["before"] or 0) + VULGAR[found["vulgar"]], found.end())
    if found["top"]:
        return Number(int(found["whole"] or 0) + int(found["top"]) / int(found["bottom"]), found.end())
    written: str = found["decimal"]
    whole, _, rest = written.replace(",", ".").partition(".")
    return Number(float(f"{whole}.{rest.replace('.', '') or 0}"), found.end(), written)


def _meant(number: Number, unit: str | None) -> float:
    """1.500 g are fifteen hundred, 1.500 kg one and a half."""
    if number.decimal and unit in _SMALL_UNITS and _GROUPED.fullmatch(number.decimal):
        return float(re.sub(r"[.,]", "", number.decimal))
    return number.value


def _dozens(plain: str, low: Number, high: Number, vocabulary: Vocabulary) -> Quantity:
    found = _dozen(vocabulary).match(plain, high.end)
    if not found or high.value >= 12:
        return Quantity(low, high, high.end)
    return Quantity(Number(low.value * 12, low.end), Number(high.value * 12, found.end()), found.end())


@cache
def _opening(vocabulary: Vocabulary) -> re.Pattern[str]:
    return re.compile(rf"(?:{either(vocabulary.from_words.split())})\s(?=[\dA-Za-z{''.join(VULGAR)}])")


@cache
def _joint(vocabulary: Vocabulary) -> re.Pattern[str]:
    return re.compile(rf"\s?[-~]\s?|\s(?:{either(vocabulary.to_words.split())})\s")


@cache
def _between(vocabulary: Vocabulary) -> re.Pattern[str]:
    words = either([*vocabulary.to_words.split(), *vocabulary.and_words.split()])
    return re.compile(rf"\s?[-~]\s?|\s(?:{words})\s")


@cache
def _dozen(vocabulary: Vocabulary) -> re.Pattern[str]:
    return re.compile(rf"\s(?:{either(vocabulary.dozens.split())})(?!\w)")


@cache
def _halves(vocabulary: Vocabulary) -> re.Pattern[str]:
    return re.compile(rf"\s(?:{either(phrases(vocabulary.halves_after))})(?!\w)")
