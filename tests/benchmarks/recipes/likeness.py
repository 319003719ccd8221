"""Whether two texts are the same but for slips of reading."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

LETTERS_A_SLIP: Final = 5
"""One wrong, missing or additional letter is forgiven for every so many letters of a name; none to shorter ones."""
LETTERS_A_SLIP_IN_SENTENCES: Final = 10

_APART = re.compile(r"[\W_]+")


def folded(text: str) -> str:
    """Small letters and figures without accents, words parted by one space."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    return _APART.sub(" ", "".join(letter for letter in plain if not unicodedata.combining(letter))).strip()


def distance(one: str, other: str) -> int:
    """Letters to be changed, added or left out to make one text of another (Levenshtein 1966)."""
    before = list(range(len(other) + 1))
    for row, letter in enumerate(one, 1):
        now = [row]
        for column, second in enumerate(other, 1):
            now.append(min(before[column] + 1, now[-1] + 1, before[column - 1] + (letter != second)))
        before = now
    return before[-1]


def is_same(true: str, found: str, letters_a_slip: int = LETTERS_A_SLIP) -> bool:
    """Whether ``found`` is the ``true`` text, accents and slips aside; both are folded."""
    most = len(true) // letters_a_slip
    return abs(len(true) - len(found)) <= most and (true == found or distance(true, found) <= most)


def is_within(true: str, found: str) -> bool:
    """Whether some successive words of ``found`` are the ``true`` text, slips aside; both are folded."""
    if not true:
        return False
    words = found.split()
    count = len(true.split())
    return any(
        is_same(true, " ".join(words[begin : begin + length]))
        for length in (count, count + 1, count - 1)
        if length > 0
        for begin in range(len(words) - length + 1)
    )
