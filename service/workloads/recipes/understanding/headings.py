"""Headings: what part of the recipe follows."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import Final, Literal, NamedTuple

from service.workloads.recipes.understanding.letters import folded
from service.workloads.recipes.understanding.vocabulary import TONGUES, Vocabulary, either, phrases, vocabulary_of

Part = Literal["ingredients", "steps", "aside"]

LONGEST: Final = 60
"""Letters of a heading."""

_EDGES = " \t:.-–—*_#•=~|"
_TIME = re.compile(r"\W*\d+\s*(?:-\s*\d+\s*)?(?:min|h|hs|hrs?|hora|hour|seg|sec|dia|day)")


class Heading(NamedTuple):
    """What part follows, and what else stands on the line."""

    part: Part
    rest: str = ""


def heading_of(text: str, vocabulary: Vocabulary) -> Heading | None:
    """The heading that ``text`` is, or begins with when a colon or parenthesis ends it."""
    plain = folded(text)
    start = len(plain) - len(plain.lstrip(_EDGES + "0123456789"))
    found = _pattern(vocabulary).match(plain, start)
    if found is None:
        return _table_head(plain, vocabulary)
    part: Part = "ingredients" if found["ingredients"] else "steps" if found["steps"] else "aside"
    rest = text[found.end() :].lstrip(_EDGES)
    if part == "steps" and _TIME.match(folded(rest)):
        return None
    follows = plain[found.end() :].lstrip(" ")
    if rest and follows[0] not in ":(.-" and not (part == "ingredients" and _for(vocabulary).match(follows)):
        return None
    return Heading(part, rest)


@lru_cache(maxsize=1024)
def is_section(text: str) -> bool:
    """Whether ``text`` is a heading of ingredients or steps in any language that is understood."""
    if len(text) > LONGEST:
        return False
    return any((found := heading_of(text, vocabulary_of(tongue))) and found.part != "aside" for tongue in TONGUES)


@lru_cache(maxsize=1024)
def is_group(text: str) -> bool:
    """Whether ``text`` is a heading of a group of ingredients in any language that is understood."""
    return any(group_of(text, False, vocabulary_of(tongue)) for tongue in TONGUES)


def group_of(text: str, counted: bool, vocabulary: Vocabulary) -> str | None:
    """The name of the group of ingredients that ``text`` opens, if it does; ``counted`` where an amount begins it."""
    name = text.strip(_EDGES)
    plain = folded(name)
    if not name or len(name) > LONGEST or counted or any(character.isdigit() for character in name):
        return None
    words = plain.split()
    is_known = words[-1] in vocabulary.groups.split() and len(words) <= 3
    opened = _for_the(vocabulary).match(plain) is not None
    if (
        text.rstrip().endswith(":")
        or (opened and len(words) <= 6)
        or (is_known and (len(words) == 1 or name.isupper()))
    ):
        return name
    return None


def _table_head(plain: str, vocabulary: Vocabulary) -> Heading | None:
    words = re.findall(r"[^\W\d_]+", plain)
    known = vocabulary.table.split()
    return Heading("ingredients") if len(words) > 1 and all(word in known for word in words) else None


@cache
def _pattern(vocabulary: Vocabulary) -> re.Pattern[str]:
    ingredients, steps, aside = (
        either(phrases(part)) for part in (vocabulary.ingredients, vocabulary.steps, vocabulary.asides)
    )
    return re.compile(rf"(?:(?P<ingredients>{ingredients})|(?P<steps>{steps})|(?P<aside>{aside}))(?!\w)")


@cache
def _for(vocabulary: Vocabulary) -> re.Pattern[str]:
    return re.compile(rf"(?:{either(vocabulary.for_words.split())})\s")


@cache
def _for_the(vocabulary: Vocabulary) -> re.Pattern[str]:
    return re.compile(rf"(?:{either(vocabulary.for_words.split())})\s(?:{either(vocabulary.articles.split())})\s\w")
