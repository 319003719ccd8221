"""The words of products, by which those that are called by their name, or by a number, are found without fail.

A product keeps a few words as numbers; a search compares them all with each word it looks for. So there is nothing to
build here either, and a product's words are removed, filtered and replaced as its vectors are.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from service.workloads.products.matrix import GROWTH, ROOM, extend
from service.workloads.products.network import Floats

MOST: Final = 40
"""Of one product: those with a digit, as numbers of models are, and then the first ones."""
MOST_WANTED: Final = 16
"""Of one search."""
READ_CHARACTERS: Final = 1_000
"""So much of a text is read."""
LEAST: Final = 3
"""Letters of a word that counts, unless there is a digit in it."""
STEM: Final = 3
"""Letters that are left of a word at least when an s at its end, and then an e, are taken off: so its plural is the
same, in English and in Spanish."""
NONE: Final = 0

Codes = NDArray[np.uint32]

_WORD: Final = re.compile(r"\w+(?:[-./]\w+)*")
_PART: Final = re.compile(r"\w+")
_DIGIT: Final = re.compile(r"\d")


def words_of(text: str) -> list[str]:
    """The words of ``text``, each once, without case, accents and plurals; compounds also in their parts.

    First those with a digit, then the others, in order.
    """
    found: dict[str, None] = {}
    for compound in _WORD.findall(_plain(text[:READ_CHARACTERS].casefold())):
        found[_stem(compound)] = None
        if not compound.isalnum():
            found.update(dict.fromkeys(map(_stem, _PART.findall(compound))))
    numbers = [word for word in found if _DIGIT.search(word)]
    return numbers + [word for word in found if len(word) >= LEAST and not _DIGIT.search(word)]


class Words:
    """Rows of words; they are removed as rows of a `Matrix` are."""

    def __init__(self) -> None:
        self.count = 0
        self._codes: Codes = np.zeros((ROOM, MOST), np.uint32)

    @property
    def resident_bytes(self) -> int:
        """Memory of what is kept."""
        return int(self._codes[: self.count].nbytes)

    def append(self, text: str) -> None:
        """Put the words of ``text`` behind the last row."""
        if self.count == len(self._codes):
            extend(self._codes, max(self.count + ROOM, int(self.count * GROWTH)))
        self.count += 1
        self.put(self.count - 1, text)

    def put(self, row: int, text: str) -> None:
        """The words of another text into ``row``."""
        codes = _codes(words_of(text)[:MOST])
        self._codes[row] = NONE
        self._codes[row, : len(codes)] = codes

    def remove(self, row: int) -> None:
        """Take ``row`` out; the last row takes its place."""
        self.count -= 1
        self._codes[row] = self._codes[self.count]

    def shares(self, text: str) -> Floats | None:
        """How much of what ``text`` says each row says, too (count,), 0 to 1; None where no row says any of it.

        A word weighs the more, the fewer rows have it (inverse document frequency as in BM25: Robertson and Zaragoza,
        2009).
        """
        codes = _codes(words_of(text)[:MOST_WANTED])
        kept = self._codes[: self.count].reshape(-1)
        said = [np.flatnonzero(kept == code) // MOST for code in codes]
        weights = [np.log1p((self.count - len(rows) + 0.5) / (len(rows) + 0.5)) for rows in said]
        if not any(len(rows) for rows in said):
            return None
        found = np.zeros(self.count, np.float32)
        for rows, weight in zip(said, weights, strict=True):
            found[rows] += weight / sum(weights)
        return found


def _plain(text: str) -> str:
    if text.isascii():
        return text
    return "".join(letter for letter in unicodedata.normalize("NFKD", text) if not unicodedata.combining(letter))


def _codes(words: Iterable[str]) -> Codes:
    """A number for each word, the same in every process; of four billion pairs of words one shares its number."""
    return np.array([crc32(word.encode("utf-8", "replace")) or 1 for word in words], np.uint32)


def _stem(word: str) -> str:
    for letter in "se":
        word = word[:-1] if len(word) > STEM and word[-1] == letter else word
    return word
