"""Comments as one row of folded letters: without case, accents, stretched letters, links and names."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from service.workloads.comments.alphabet import (
    BEYOND,
    BLANK,
    BORDER,
    DIGIT,
    GONE,
    NASAL,
    SPACE,
    UPPER,
    Codes,
    Flags,
    Hashes,
    Marks,
    alphabet,
    scattered,
    vanishing,
)

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

_UNTIDY = BLANK | GONE | BEYOND
_NONE = np.array(0, dtype=np.uint16)
_BORDER, _UPPER, _NASAL = (np.array(mark, dtype=np.uint16) for mark in (BORDER, UPPER, NASAL))
"""Arrays without a dimension: a number would be made one in every call."""
_LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_NAME = re.compile(r"(?<!\w)@\w+")


class Letters(NamedTuple):
    """The folded letters of a batch of comments, a border before each comment."""

    marks: Marks
    codes: Hashes
    """What each letter is in a hash; equal letters have equal codes."""
    style: Floats | None
    """(comments, letters in upper case, stretched, nasal); None where there are none."""


def letters_of(texts: Sequence[str]) -> Letters:
    """The letters of ``texts``; at least one is needed."""
    joined = "\0" + "\0".join(map(_plain, texts))
    raw = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    table = alphabet()
    marks = table.marks.take(raw, mode="clip")
    codes = table.scattered.take(raw, mode="clip")
    seen = int(np.bitwise_or.reduce(marks))
    style = _style(marks, seen, len(texts)) if seen & (UPPER | NASAL) else None
    if seen & _UNTIDY:
        marks, codes = _tidied(raw, marks, codes)
    elif "  " not in joined and not _has_runs(codes):
        return Letters(marks, codes, style)
    keep, stretched = _runs(marks, codes)
    marks, codes, stretched = marks[keep], codes[keep], stretched[keep]
    if np.count_nonzero(stretched):
        style = np.zeros((len(texts), 3), dtype=np.float32) if style is None else style
        style[:, 1] = _counted(stretched, marks)
    return Letters(marks, codes, style)


def _plain(text: str) -> str:
    """``text`` composed, with links and account names reduced to what they are."""
    if "\0" in text:
        text = text.replace("\0", " ")
    searched = text
    if not text.isascii():
        text = unicodedata.normalize("NFC", text)
        searched = text.lower()
    if "@" not in text and "://" not in text and "www." not in searched:
        return text
    return _NAME.sub("@", _LINK.sub("\u2197", text))


def _style(marks: Marks, seen: int, count: int) -> Floats:
    style = np.zeros((count, 3), dtype=np.float32)
    if seen & UPPER:
        style[:, 0] = _counted((marks & _UPPER) != _NONE, marks)
    if seen & NASAL:
        style[:, 2] = _counted((marks & _NASAL) != _NONE, marks)
    return style


def _counted(flags: Flags, marks: Marks) -> Integers:
    """How many of ``flags`` hold in each comment."""
    return np.add.reduceat(flags, (marks & _BORDER).nonzero()[0], dtype=np.int64)


def _tidied(raw: Codes, marks: Marks, codes: Hashes) -> tuple[Marks, Hashes]:
    """Marks and codes, those of characters that stand in no table too, without what leaves nothing."""
    gone = (marks & GONE) != 0
    beyond = (marks & BEYOND).nonzero()[0]
    if len(beyond):
        symbols = raw[beyond]
        codes[beyond] = scattered(symbols)
        gone[beyond] = vanishing(symbols)
    if not np.count_nonzero(gone):
        return marks, codes
    return marks[~gone], codes[~gone]


def _has_runs(codes: Hashes) -> bool:
    """Whether three equal characters follow one another anywhere."""
    same = codes[1:] == codes[:-1]
    return bool(np.count_nonzero(same[1:] & same[:-1]))


def _runs(marks: Marks, codes: Hashes) -> tuple[Flags, Flags]:
    """(letters to keep, those that begin a run of three or more).

    Spaces run together from two on; digits never do, nor the ends of comments of which nothing is left.
    """
    count = len(codes)
    same = np.zeros(count + 3, dtype=np.bool_)
    np.equal(codes[1:], codes[:-1], out=same[2 : count + 1])
    before, here, after, after2 = (same[shift : shift + count] for shift in range(4))
    single = (marks & (DIGIT | BORDER)) != 0
    dropped = here & (before | after | ((marks & SPACE) != 0)) & ~single
    return ~dropped, after & after2 & ~here & ~single
