"""The words that carry a meaning known beforehand, as a sorted array of hashes with a set of categories each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from service.workloads.comments.heads import THEMES

CATEGORIES = (
    "praise",
    "acclaim",
    "blame",
    "outrage",
    "negator",
    "intensifier",
    "contrast",
    "joy",
    "anger",
    "sadness",
    "fear",
    "surprise",
    "disgust",
    "spanish",
    "guarani",
    "foreign",
    *THEMES,
)
POLAR = CATEGORIES[:4]
"""Praise and its strong form, blame and its strong form."""
NEGATOR = 1 << CATEGORIES.index("negator")
CONTRAST = 1 << CATEGORIES.index("contrast")

_STEM = np.array(0xC2B2AE3D27D4EB4F, dtype=np.uint64)
"""Tells the hash of a stem from that of a word with the same letters."""
_SLOT = np.array(0xFFFF, dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Hashes of words and word beginnings in ascending order; ``categories[i]`` has one bit per category.

    For the look-up there are both in one: ``keys`` is ascending, the stems told from the words, and ends with a
    number for what is in neither; ``meanings`` are the categories of each.
    """

    SHORTEST: ClassVar[int] = 3
    LONGEST: ClassVar[int] = 10
    """Lengths of the word beginnings that are looked up."""

    words: npt.NDArray[np.uint64]
    word_categories: npt.NDArray[np.uint64]
    stems: npt.NDArray[np.uint64]
    stem_categories: npt.NDArray[np.uint64]
    keys: npt.NDArray[np.uint64] = field(init=False, repr=False)
    meanings: npt.NDArray[np.uint64] = field(init=False, repr=False)
    likely: npt.NDArray[np.bool_] = field(init=False, repr=False)
    """By the last bits of a hash, whether it may be among the keys; a search costs more than most words are worth."""
    columns: npt.NDArray[np.float32] = field(init=False, repr=False)
    """(4 times the keys, categories and twice the polar ones): what a token adds to the sums of its comment.

    Line k is for key k, the further quarters are for tokens that are negated, closing, and both.
    """

    def __post_init__(self) -> None:
        keys = np.concatenate([self.words, self.stems ^ _STEM])
        meanings = np.concatenate([self.word_categories, self.stem_categories])
        order = keys.argsort()
        object.__setattr__(self, "keys", np.append(keys[order], np.iinfo(np.uint64).max))
        object.__setattr__(self, "meanings", np.append(meanings[order], np.uint64(0)))
        likely = np.zeros(int(_SLOT) + 1, dtype=np.bool_)
        likely[keys & _SLOT] = True
        object.__setattr__(self, "likely", likely)
        object.__setattr__(self, "columns", _columns(self.meanings))

    def places(self, hashes: npt.NDArray[np.uint64], within: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
        """Where in ``keys`` each token stands, the last place for one that is in neither.

        ``hashes`` is (lengths and one, tokens): those of the token's beginnings by length, then its own. What is not
        ``within`` the token is passed over. A word of its own hides the stems it begins with; of several stems the
        longest counts.
        """
        sought = hashes.copy()
        sought[:-1] ^= _STEM
        sought = sought.reshape(-1)
        likely = self.likely.take((sought & _SLOT).view(np.int64))
        likely &= within.reshape(-1)
        at = likely.nonzero()[0]
        few = sought.take(at)
        near = self.keys.searchsorted(few)
        known = self.keys.take(near) == few
        places = np.full(hashes.shape[1], len(self.keys) - 1)
        places[at[known] % len(places)] = near[known]  # in this order, so that the longest stays
        return places


def _columns(meanings: npt.NDArray[np.uint64]) -> npt.NDArray[np.float32]:
    bits = ((meanings[:, None] >> np.arange(len(CATEGORIES), dtype=np.uint64)) & np.uint64(1)).astype(np.float32)
    polar, rest = bits[:, : len(POLAR)], bits[:, len(POLAR) :]
    none = np.zeros_like(polar)
    return np.concatenate(
        [
            np.hstack([polar, rest, none, none]),
            np.hstack([none, rest, polar, none]),
            np.hstack([polar, rest, none, polar]),
            np.hstack([none, rest, polar, polar]),
        ]
    )
