"""Reads `lexicon.txt` and compiles it into the arrays that the features look words up in."""

from __future__ import annotations

from collections.abc import Iterable
from functools import reduce
from operator import or_
from pathlib import Path

import numpy as np

from service.workloads.comments.alphabet import Hashes
from service.workloads.comments.features import folded, stem_hash
from service.workloads.comments.lexicon import CATEGORIES, Lexicon

LEXICON = Path(__file__).with_name("lexicon.txt")


def entries(path: Path = LEXICON) -> dict[str, int]:
    """Word, or word beginning with a star, to its set of categories as bits."""
    found: dict[str, int] = {}
    bit = 0
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        stripped = line.strip()
        if stripped.startswith("["):
            bit = 1 << CATEGORIES.index(stripped.strip("[]"))
        elif stripped and not stripped.startswith("#"):
            for word in stripped.split():
                if folded(word) != word or (word.endswith("*") and not _fits(word)):
                    raise ValueError(f"{path.name}:{number}: {word!r} is not folded, or too short or long a beginning")
                found[word] = found.get(word, 0) | bit
    return found


def _fits(stem: str) -> bool:
    return Lexicon.SHORTEST <= len(stem) - 1 <= Lexicon.LONGEST


def compiled(path: Path = LEXICON) -> Lexicon:
    """The lexicon as arrays."""
    words: dict[int, int] = {}
    stems: dict[int, int] = {}
    known = entries(path)
    for word, bits in known.items():
        if word.endswith("*"):
            stem = word[:-1]
            longer = (known.get(stem[:end] + "*", 0) for end in range(Lexicon.SHORTEST, len(stem)))
            stems[stem_hash(stem)] = bits | _union(longer)
        else:
            covering = (known.get(word[:end] + "*", 0) for end in range(Lexicon.SHORTEST, len(word) + 1))
            words[stem_hash(word)] = bits | (0 if _is_short(word) else _union(covering))
    return Lexicon(*_sorted(words), *_sorted(stems))


def _is_short(word: str) -> bool:
    return len(word) <= Lexicon.SHORTEST


def arrays(lexicon: Lexicon) -> dict[str, Hashes]:
    """``lexicon`` as the arrays of a model file."""
    return {
        "words": lexicon.words,
        "word_categories": lexicon.word_categories,
        "stems": lexicon.stems,
        "stem_categories": lexicon.stem_categories,
    }


def _union(sets: Iterable[int]) -> int:
    return reduce(or_, sets, 0)


def _sorted(table: dict[int, int]) -> tuple[Hashes, Hashes]:
    keys = sorted(table)
    return np.array(keys, dtype=np.uint64), np.array([table[key] for key in keys], dtype=np.uint64)
