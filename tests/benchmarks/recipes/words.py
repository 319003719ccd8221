"""The words that recipes are written with, in two parts that have no ingredient in common."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final, Literal, TypeVar

import msgspec

Tongue = Literal["es", "en"]
TONGUES: Final[tuple[Tongue, ...]] = ("es", "en")
Part = Literal["tuned", "reported"]
PARTS: Final[tuple[Part, ...]] = ("tuned", "reported")

_FOLDER = Path(__file__).parent / "words"
_FILES: Final[dict[Tongue, str]] = {"es": "spanish.toml", "en": "english.toml"}
_Word = TypeVar("_Word")


class Unit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A unit, in all ways to write it."""

    code: str
    """As the service calls it."""
    forms: tuple[tuple[str, str], ...]
    """Each for one, and for several."""
    gender: Literal[0, 1] | None = None
    """Which of two words for one, and for half a one, goes with it; None where none does."""
    of: str | None = None
    """The word between this unit and the name, where it is another one than usual."""


class Measured(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Ingredients that are measured in the same units."""

    units: tuple[str, ...]
    """Their codes; one that is there twice is drawn twice as often."""
    names: tuple[str, ...]
    tails: tuple[str, ...]
    """What is said behind a comma."""
    shared: bool = False
    """The names are in both parts."""


class Counted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An ingredient that needs no unit."""

    one: str
    several: str


class Counting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is said of counted ingredients."""

    sizes: tuple[tuple[str, str], ...]
    size_first: bool
    tails: tuple[str, ...]
    juices: tuple[str, ...]
    """With a place for the amount and the fruit."""
    juiced: tuple[tuple[str, str], ...]


class Untold(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An ingredient without an amount."""

    name: str
    tail: str


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All words of one language."""

    of: str
    ranges: tuple[str, ...]
    decimal: str
    one: tuple[str, str]
    half: tuple[str, str]
    servings: tuple[str, ...]
    facts: tuple[str, ...]
    ingredients: tuple[str, ...]
    method: tuple[str, ...]
    first_groups: tuple[str, ...]
    second_groups: tuple[str, ...]
    optional: str
    first_column: tuple[str, ...]
    second_column: tuple[str, ...]
    titles: tuple[str, ...]
    endings: tuple[str, ...]
    intros: tuple[str, ...]
    steps: tuple[str, ...]
    units: tuple[Unit, ...]
    measured: tuple[Measured, ...]
    counted: tuple[Counted, ...]
    counting: Counting
    untold: tuple[Untold, ...]


@cache
def words_of(language: Tongue, part: Part) -> Words:
    """Those of one part; the other has other names, remarks, titles and sentences."""
    words = msgspec.toml.decode((_FOLDER / _FILES[language]).read_bytes(), type=Words)
    first = PARTS.index(part)

    def half(these: Sequence[_Word]) -> tuple[_Word, ...]:
        return tuple(these[first::2])

    return msgspec.structs.replace(
        words,
        titles=half(words.titles),
        endings=half(words.endings),
        intros=half(words.intros),
        steps=half(words.steps),
        counted=half(words.counted),
        untold=half(words.untold),
        counting=msgspec.structs.replace(
            words.counting,
            sizes=half(words.counting.sizes),
            tails=half(words.counting.tails),
            juiced=half(words.counting.juiced),
        ),
        measured=tuple(
            msgspec.structs.replace(kind, names=kind.names if kind.shared else half(kind.names), tails=half(kind.tails))
            for kind in words.measured
        ),
    )
