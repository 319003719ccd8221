"""One line of a list of ingredients, taken apart."""

from __future__ import annotations

import re
from functools import cache
from typing import NamedTuple

import msgspec

from service.workloads.recipes.messages import Amount, Ingredient
from service.workloads.recipes.understanding.letters import folded
from service.workloads.recipes.understanding.measures import Measure, measure_at, measure_before_end
from service.workloads.recipes.understanding.plausibility import understanding_of
from service.workloads.recipes.understanding.preparation import named
from service.workloads.recipes.understanding.repairs import mended_ingredient
from service.workloads.recipes.understanding.units import PACKS
from service.workloads.recipes.understanding.vocabulary import Tongue, Vocabulary, either, phrases, vocabulary_of

LONGEST = 400
"""Letters of a line that are looked at: no ingredient is longer."""

_PARENTHESIS = re.compile(r"\s*[(\[]([^()\[\]]*)[)\]]?")


class _Aside(NamedTuple):
    """A line without its parentheses, and what they say."""

    text: str
    remarks: list[str]
    optional: bool


def ingredient_of(text: str, language: Tongue) -> Ingredient:
    """What a line says, as far as its words tell; its confidence is of the understanding alone, not of the reading."""
    vocabulary = vocabulary_of(language)
    line = mended_ingredient(text[:LONGEST], vocabulary)
    aside = _aside(line, vocabulary)
    prefix, start = _part(aside.text, vocabulary)
    measure = _measure(aside.text, start, vocabulary)
    rest = _rest(aside.text, start, measure)
    counted, packed = measure is not None and measure.start == start, measure is not None and measure.unit in PACKS
    name, remarks = named(rest, counted, packed, vocabulary)
    taken = _Taken(name, measure.amount if measure else None, measure.unit if measure else None)
    taken = _trailing_unit(_parenthesised_amount(taken, aside, vocabulary), vocabulary)
    said = [*([prefix] if prefix else []), *(measure.remarks if measure else ()), *remarks, *aside.remarks]
    return Ingredient(
        text=line,
        name=taken.name or line,
        amount=taken.amount,
        unit=taken.unit,
        preparation=", ".join(said) or None,
        optional=aside.optional,
        confidence=understanding_of(line, taken.name, taken.amount is not None, taken.unit, said, vocabulary),
    )


class _Taken(NamedTuple):
    name: str
    amount: Amount | None
    unit: str | None


def _aside(line: str, vocabulary: Vocabulary) -> _Aside:
    remarks = [found[1].strip(" ,.;") for found in _PARENTHESIS.finditer(line)]
    text = _PARENTHESIS.sub("", line)
    text, count = _optional(vocabulary, "text").subn("", text)
    kept = [_optional(vocabulary, "aside").sub("", remark).strip(" ,.;") for remark in remarks]
    optional = count > 0 or kept != remarks
    return _Aside(" ".join(text.split()).strip(" ,;"), [remark for remark in kept if remark], optional)


def _part(text: str, vocabulary: Vocabulary) -> tuple[str, int]:
    """(What is taken of it, where the measure begins) of "juice of 1 lemon"."""
    plain = folded(text)
    found = _parts(vocabulary).match(plain)
    if found and measure_at(text, plain, found.end(), vocabulary):
        return text[: found.end()].strip(), found.end()
    return "", 0


def _measure(text: str, start: int, vocabulary: Vocabulary) -> Measure | None:
    plain = folded(text)
    measure = measure_at(text, plain, start, vocabulary)
    if measure and (measure.amount or measure.unit or measure.remarks):
        return measure
    return measure_before_end(text, plain, vocabulary)


def _rest(text: str, start: int, measure: Measure | None) -> str:
    if measure is None:
        return text
    return text[measure.end :] if measure.start <= start else text[: measure.start]


def _parenthesised_amount(taken: _Taken, aside: _Aside, vocabulary: Vocabulary) -> _Taken:
    """An amount in parentheses counts where there is no other, as in "Flour (500 g)"."""
    if taken.amount or taken.unit or not aside.remarks:
        return taken
    remark = aside.remarks[0]
    measure = measure_at(remark, folded(remark), 0, vocabulary)
    if measure is None or measure.amount is None or remark[measure.end :].strip(" ."):
        return taken
    del aside.remarks[0]
    return taken._replace(amount=measure.amount, unit=measure.unit)


def _trailing_unit(taken: _Taken, vocabulary: Vocabulary) -> _Taken:
    """A unit after the name, as in "2 garlic cloves"."""
    name, _, last = taken.name.rpartition(" ")
    code = vocabulary.unit_codes.get(folded(last))
    if name and taken.unit is None and taken.amount and code in vocabulary.trailing_units.split():
        return taken._replace(name=name, unit=code)
    return taken


def with_confidence(ingredient: Ingredient, confidence: float, group: str | None) -> Ingredient:
    """``ingredient`` as it stands on a page: read with ``confidence``, under the heading ``group``."""
    return msgspec.structs.replace(
        ingredient, confidence=round(min(1.0, ingredient.confidence * confidence), 3), group=group
    )


@cache
def _parts(vocabulary: Vocabulary) -> re.Pattern[str]:
    part = either(vocabulary.parts.split())
    joined = rf"(?:\s(?:{either(vocabulary.and_words.split())})\s(?:{part}))?"
    before = r"(?:(?:the|el|la|fresh|squeezed|finely|freshly|grated|strained)\s){0,3}"
    return re.compile(
        rf"{before}(?:{part}){joined}(?:\s(?:rallada|colado|exprimido))?\s(?:{either(vocabulary.of.split())}|from)\s"
    )


@cache
def _optional(vocabulary: Vocabulary, where: str) -> re.Pattern[str]:
    words = either(phrases(vocabulary.optional))
    start = r"^\s*" if where == "aside" else r"[,;:\s–-]*"
    return re.compile(rf"{start}(?<!\w)(?:{words})(?!\w)[,;:]?", re.IGNORECASE)
