"""What is known of each character: how it is folded, of what kind it is, and what it brings to a hash.

The code points below `LETTERS` have a line each in two tables; all others share the last one and are symbols.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]
Marks = npt.NDArray[np.uint16]
Codes = npt.NDArray[np.uint32]
Flags = npt.NDArray[np.bool_]

LETTERS: Final = 0x3000
END: Final = 0
"""The code point that stands before every comment, and nowhere else."""
DROPPED: Final = 0xFFFFFFFF
"""What a code point is folded to that leaves nothing."""

# Of the folded character, which is part of a word, a symbol, or space when it is neither:
WORD: Final = 1 << 0
BORDER: Final = 1 << 1
SYMBOL: Final = 1 << 2
DIGIT: Final = 1 << 3
EXCLAMATION: Final = 1 << 4
QUESTION: Final = 1 << 5
STOP: Final = 1 << 6
SPACE: Final = 1 << 7
# Of the character as it was written:
UPPER: Final = 1 << 8
NASAL: Final = 1 << 9
BLANK: Final = 1 << 10
"""Folded to a space without being one."""
GONE: Final = 1 << 11
"""Leaves nothing."""
BEYOND: Final = 1 << 12
"""Not below `LETTERS`."""

_NASAL = "ãẽĩõũỹÃẼĨÕŨỸ\u0303ʼ"
_SCATTER = np.uint64(0x9FB21C651E98DF25)
_HALF = np.uint64(32)
_SELECTOR, _LIGHTEST, _DARKEST = 0xFE0F, 0x1F3FB, 0x1F3FF
"""What only changes the look of the symbol before it: the choice of a picture, and skin tones."""


@dataclass(frozen=True, slots=True)
class Alphabet:
    """One line per code point below `LETTERS`, and one for the rest."""

    marks: Marks
    scattered: Hashes


@lru_cache(maxsize=1)
def alphabet() -> Alphabet:
    """The tables, made when they are first needed."""
    folded = [END, *(fold(code) for code in range(END + 1, LETTERS))]
    marks = [_marks(chr(code), image) for code, image in enumerate(folded)]
    return Alphabet(
        marks=np.array([*marks, BEYOND | SYMBOL], dtype=np.uint16),
        scattered=scattered(np.array([*folded, DROPPED])),
    )


def fold(code: int) -> int:
    """The code point that stands for ``code``: lower case, without accent."""
    character = chr(code)
    if character in "ñÑ":
        return ord("ñ")
    if unicodedata.combining(character) or character in "\u200d\u200b\u200c\u2060\u00ad":
        return DROPPED
    if character.isspace() or unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp"}:
        return ord(" ")
    if character in "’ʼ´`ꞌ‘":
        return ord("'")
    lowered = unicodedata.normalize("NFD", character.lower())
    return ord(lowered[0])


def scattered(folded: npt.NDArray[Any]) -> Hashes:
    """What each folded code point is in the polynomial of the hashes; no two are the same."""
    hashes: Hashes = (folded.astype(np.uint64) + np.uint64(1)) * _SCATTER
    hashes ^= hashes >> _HALF
    return hashes


def vanishing(codes: Codes) -> Flags:
    """Which of ``codes``, none of them below `LETTERS`, leave nothing."""
    vanish: Flags = (codes == _SELECTOR) | ((codes >= _LIGHTEST) & (codes <= _DARKEST))
    return vanish


def _marks(written: str, folded: int) -> int:
    marks = (UPPER if written.isupper() else 0) | (NASAL if written in _NASAL else 0)
    if folded == DROPPED:
        return marks | GONE
    if folded == END:
        return marks | SYMBOL | BORDER
    character = chr(folded)
    if character == " ":
        return marks | SPACE | (0 if written == " " else BLANK)
    if folded < LETTERS and (character.isalnum() or character == "'"):
        return marks | WORD | (DIGIT if character in "0123456789" else 0)
    return marks | SYMBOL | {"!": EXCLAMATION, "?": QUESTION, ".": STOP}.get(character, 0)
