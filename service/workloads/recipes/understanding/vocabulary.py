"""What a language calls the things of a recipe; read once from its file in `vocabularies/`."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache, cached_property
from pathlib import Path
from typing import Literal

import msgspec

Tongue = Literal["es", "en"]
"""A language that is understood."""

TONGUES: dict[Tongue, str] = {"es": "spanish", "en": "english"}


class Foods(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Words that stand in names of ingredients."""

    words: str


class Vocabulary(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True, eq=False, kw_only=True):
    """The words of one language, folded; lists are parted by spaces, phrases by bars or lines."""

    of: str
    articles: str
    and_words: str
    to_words: str
    from_words: str
    times_words: str
    about: str
    vague: str
    """Amounts that are none, as in "a few"."""
    plus: str
    """What joins a second amount to the first."""
    kinds_of_unit: str
    """Words between a number and its unit, as in "2 heaping spoons"."""
    sizes: str
    prepares: str
    """What a cook does first: stems in Spanish, which has four endings, words in English."""
    endings: str = ""
    """Of the stems in `prepares`."""
    prepares_whole: str
    keeps: str
    """Names in which such a word says what to buy, as in "condensed milk"."""
    adverbs: str
    adverbial: str = ""
    """Words that are a preparation after an adverb only, as in "freshly ground"."""
    tails: str
    """Phrases after the name that are no part of it."""
    prepositions: str
    """Words that begin such a phrase after a comma."""
    optional: str
    parts: str
    """As in "juice of 1 lemon"."""
    dozens: str
    halves_after: str
    trailing_units: str = ""
    """Units that may follow the name, as in "2 garlic cloves"."""
    ingredients: str
    steps: str
    asides: str
    table: str
    """Words above the columns of a table."""
    groups: str
    for_words: str
    facts: str
    """What is told of a recipe and is neither ingredient nor step: times, difficulty, nutrition."""
    serves_before: str
    serves_after: str
    pieces: str
    """What a recipe makes some of."""
    verbs: str
    """How steps begin; a star marks the beginning of a word."""
    ambiguous: str
    """Of these verbs, those that are foods or qualities as well."""
    verb_starts: str
    letters: dict[str, str] = {}
    """Units of one letter whose case matters."""
    numbers: dict[str, float]
    units: dict[str, str]
    foods: Foods

    @cached_property
    def unit_codes(self) -> dict[str, str]:
        """The code of each name of a unit."""
        return {name.replace("_", " "): code for code, names in self.units.items() for name in names.split()}

    @cached_property
    def unit_pattern(self) -> re.Pattern[str]:
        """A name of a unit, with its full stop."""
        return re.compile(rf"({either(self.unit_codes)})(?:\.(?!\d))?(?!\w)(?!/[a-z]\b)")

    @cached_property
    def number_pattern(self) -> re.Pattern[str]:
        """A number in words."""
        return re.compile(rf"({either(self.numbers)})(?![\w'-])")

    @cached_property
    def food_words(self) -> frozenset[str]:
        """Words that stand in names of ingredients."""
        return frozenset(self.foods.words.split())

    @cached_property
    def prepared(self) -> re.Pattern[str]:
        """A word for what a cook does first."""
        ending = f"(?:{either(self.endings.split())})" if self.endings else ""
        whole = f"|(?:{either(self.prepares_whole.split())})" if self.prepares_whole else ""
        return re.compile(rf"(?:(?:{either(self.prepares.split())}){ending}{whole})(?![\w-])")

    @cached_property
    def acting(self) -> re.Pattern[str]:
        """The beginning of a step."""
        verbs = self.verbs.split()
        stems = either(verb[:-1] for verb in verbs if verb.endswith("*")) or "(?!)"
        whole = either([verb for verb in verbs if not verb.endswith("*")] + phrases(self.verb_starts))
        return re.compile(rf"(?:{whole}|(?:{stems})[a-z]{{0,8}})(?!\w)")


def phrases(text: str) -> list[str]:
    """The phrases of a list in a vocabulary."""
    return [phrase.strip() for phrase in re.split(r"[|\n]", text) if phrase.strip()]


def either(names: Iterable[str]) -> str:
    """A pattern for any of ``names``, the longest that fits."""
    return "|".join(re.escape(name) for name in sorted(set(names), key=lambda name: (-len(name), name)))


@cache
def vocabulary_of(tongue: Tongue) -> Vocabulary:
    """The words of ``tongue``."""
    path = Path(__file__).parent / "vocabularies" / f"{TONGUES[tongue]}.toml"
    return msgspec.toml.decode(path.read_bytes(), type=Vocabulary)
