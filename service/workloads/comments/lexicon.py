"""The words that carry a meaning known beforehand, as a sorted array of hashes with a set of categories each."""

from __future__ import annotations

from dataclasses import dataclass
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
"""The first four are the polar ones: praise and its strong form, blame and its strong form."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Hashes of words and word beginnings in ascending order; ``categories[i]`` has one bit per category."""

    SHORTEST: ClassVar[int] = 3
    LONGEST: ClassVar[int] = 10
    """Lengths of the word beginnings that are looked up."""

    words: npt.NDArray[np.uint64]
    word_categories: npt.NDArray[np.uint64]
    stems: npt.NDArray[np.uint64]
    stem_categories: npt.NDArray[np.uint64]

    def bit(self, category: str) -> np.uint64:
        """The bit of ``category`` in a mask."""
        return np.uint64(1 << CATEGORIES.index(category))

    def masks(self, beginnings: npt.NDArray[np.uint64], tokens: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
        """The categories of tokens, given their hashes and (tokens, lengths) those of their beginnings.

        A word of its own hides the stems it begins with; of several stems the longest counts.
        """
        masks = np.zeros(len(tokens), dtype=np.uint64)
        place = np.minimum(np.searchsorted(self.stems, beginnings), len(self.stems) - 1)
        known = self.stems[place] == beginnings
        found = np.where(known, self.stem_categories[place], np.uint64(0))
        for column in range(found.shape[1]):
            np.copyto(masks, found[:, column], where=known[:, column])
        place = np.minimum(np.searchsorted(self.words, tokens), len(self.words) - 1)
        known = self.words[place] == tokens
        np.copyto(masks, self.word_categories[place], where=known)
        return masks
