"""Recipes that nobody cooked, so that everything about them is known."""

from __future__ import annotations

from random import Random
from typing import NamedTuple

from tests.benchmarks.recipes import amounts
from tests.benchmarks.recipes.amounts import Amount
from tests.benchmarks.recipes.words import Measured, Part, Tongue, Words, words_of

_ABBREVIATED = 3
"""Letters of a unit that nobody writes a word for a number with."""


class Line(NamedTuple):
    """An ingredient as it is printed, and what it says."""

    said: str
    """The amount and its unit; empty for none."""
    named: str
    """What it is of, with all that is said about it."""
    joint: str
    """Between the two, where they stand on one line."""
    low: float | None
    high: float | None
    unit: str | None
    name: str
    preparation: str | None
    group: str | None

    @property
    def text(self) -> str:
        """The whole line."""
        return f"{self.said}{self.joint}{self.named}"


class Written(NamedTuple):
    """A recipe."""

    language: Tongue
    title: str
    intro: str
    """A sentence below the title; empty for none."""
    servings: int
    servings_text: str
    fact: str
    """A line about something else than the recipe; empty for none."""
    headings: tuple[str, str]
    """Above the ingredients and above the steps."""
    columns: tuple[str, str]
    """Headings of a table."""
    lines: tuple[Line, ...]
    steps: tuple[str, ...]


def written(language: Tongue, part: Part, seed: str) -> Written:
    """A recipe, always the same for a ``seed``."""
    draw, words = Random(f"recipe {language} {part} {seed}"), words_of(language, part)
    lines = _lines(draw, words)
    servings = draw.choice((2, 4, 6, 8, 10, 12))
    return Written(
        language=language,
        title=f"{draw.choice(words.titles)} {draw.choice(words.endings)}",
        intro=draw.choice(words.intros) if draw.random() < 0.25 else "",
        servings=servings,
        servings_text=draw.choice(words.servings).format(servings),
        fact=draw.choice(words.facts) if draw.random() < 0.4 else "",
        headings=(draw.choice(words.ingredients), draw.choice(words.method)),
        columns=(draw.choice(words.first_column), draw.choice(words.second_column)),
        lines=lines,
        steps=_steps(draw, words, [line.name.lower() for line in lines]),
    )


def _steps(draw: Random, words: Words, names: list[str]) -> tuple[str, ...]:
    sentences = [step.format(*draw.sample(names, 2)) for step in draw.sample(words.steps, draw.randint(4, 6))]
    return tuple(sentence[:1].upper() + sentence[1:] for sentence in sentences)


def _lines(draw: Random, words: Words) -> tuple[Line, ...]:
    """From five to ten ingredients, each once; one time out of four in two groups."""
    count = draw.randint(5, 9)
    known: dict[str, Line] = {}
    while len(known) < count:
        line = _line(draw, words)
        known.setdefault(line.name.casefold().split()[0], line)
    lines = [*known.values()]
    if draw.random() < 0.6:
        line = _untold(draw, words)
        if line.name.casefold().split()[0] not in known:
            lines.append(line)
    if draw.random() < 0.25:
        first = draw.choice((None, draw.choice(words.first_groups)))
        second, begin = draw.choice(words.second_groups), draw.randint(2, len(lines) - 2)
        return tuple(line._replace(group=first if place < begin else second) for place, line in enumerate(lines))
    return tuple(lines)


def _line(draw: Random, words: Words) -> Line:
    chance = draw.random()
    if chance < 0.04:
        return _juice(draw, words)
    if chance < 0.28:
        return _counted(draw, words)
    return _measured(draw, words, draw.choices(words.measured, [len(kind.names) for kind in words.measured])[0])


def _measured(draw: Random, words: Words, kind: Measured) -> Line:
    code = draw.choice(kind.units)
    unit = next(unit for unit in words.units if unit.code == code)
    one, several = draw.choice(unit.forms)
    amount = amounts.measured(draw, words, unit, is_spelled=len(one) > _ABBREVIATED)
    said, size = _said(draw, amount, one if amount.high <= 1 else several), ""
    if code == "can" and draw.random() < 0.25:
        size = f"{draw.choice((170, 200, 340, 400))} g"
        said = f"{said} ({size})"
    of = words.of if unit.of is None else unit.of
    name = draw.choice(kind.names)
    named, remarks = _remarked(draw, words, name, kind.tails)
    return Line(
        said=said,
        named=named,
        joint=f" {of} " if of else " ",
        low=amount.low,
        high=amount.high,
        unit=code,
        name=name,
        preparation=_joined(size, *remarks),
        group=None,
    )


def _said(draw: Random, amount: Amount, form: str) -> str:
    closed = form in ("g", "ml", "kg") and amount.text[-1].isdigit() and draw.random() < 0.3
    return f"{amount.text}{form}" if closed else f"{amount.text} {form}"


def _counted(draw: Random, words: Words) -> Line:
    amount, food = amounts.counted(draw, words), draw.choice(words.counted)
    name = food.one if amount.high <= 1 else food.several
    size = draw.choice(words.counting.sizes)[amount.high > 1] if draw.random() < 0.3 else ""
    sized = " ".join(filter(None, (size, name) if words.counting.size_first else (name, size)))
    named, remarks = _remarked(draw, words, sized, words.counting.tails)
    return Line(amount.text, named, " ", amount.low, amount.high, None, name, _joined(size, *remarks), None)


def _juice(draw: Random, words: Words) -> Line:
    amount, (one, several) = amounts.counted(draw, words), draw.choice(words.counting.juiced)
    name = one if amount.high <= 1 else several
    shape = draw.choice(words.counting.juices)
    named = shape.format(f"{amount.text} {name}")
    return Line("", named, "", amount.low, amount.high, None, name, shape.format("").strip(), None)


def _untold(draw: Random, words: Words) -> Line:
    untold = draw.choice(words.untold)
    named = f"{untold.name}{draw.choice((' ', ', '))}{untold.tail}"
    return Line("", named, "", None, None, None, untold.name, untold.tail, None)


def _remarked(draw: Random, words: Words, name: str, tails: tuple[str, ...]) -> tuple[str, tuple[str, ...]]:
    """``name`` with what is said behind it, and that alone."""
    chance = draw.random()
    if chance < 0.25:
        tail = draw.choice(tails)
        return f"{name}, {tail}", (tail,)
    return (f"{name} {words.optional}" if chance < 0.29 else name), ()


def _joined(*remarks: str) -> str | None:
    return ", ".join(filter(None, remarks)) or None
