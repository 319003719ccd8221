"""Turns comments into hashed features, a batch at a time, with NumPy alone.

A batch becomes one array of code points. Folding (case, accents, stretched letters), cutting into
tokens and hashing are array operations on it. The hash of any stretch of text is the difference of two
prefix sums of a polynomial in 2**64, so that all character n-grams, words and word beginnings cost a few
operations each, however many there are.

Per comment the features are

    characters  n-grams of 2 to 5 code points, over token borders
    tokens      each token (a word or one symbol), each pair of neighbours, and each word inside a negation's reach
    signals     counts of what a lexicon knows, of negated and of closing praise and blame, and of style (see `SIGNALS`)
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from service.workloads.comments.lexicon import CATEGORIES, Lexicon

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]
Hashes = npt.NDArray[np.uint64]
Flags = npt.NDArray[np.bool_]
Codes = npt.NDArray[np.uint32]

CHARACTER_SIZES = (2, 3, 4, 5)
TOKEN_KINDS = 3
CHARACTER_ROWS = 1 << 15
TOKEN_ROWS = 1 << 15
ROWS = CHARACTER_ROWS + TOKEN_ROWS + 1
NOTHING = ROWS - 1
"""The row of a feature that is not there; its weights are zero."""

NEGATION_REACH = 4
"""Words after a negation that it turns, unless a symbol stands between."""

STYLE = ("shouted", "stretched", "exclaimed", "asked", "trailing", "nasal", "words", "symbols", "lone")
POLAR = ("praise", "acclaim", "blame", "outrage")
SIGNALS = (
    CATEGORIES
    + tuple(f"negated {name}" for name in POLAR)
    + tuple(f"closing {name}" for name in POLAR)
    + STYLE
    + ("balance",)
)
"""Names of the dense features, in order."""

_END = 0
_SPACE, _WORD, _SYMBOL = 0, 1, 2
_DROPPED = 0xFFFFFFFF
_TABLE = 0x3000
_BASE = np.uint64(0x9E3779B97F4A7C15 | 1)
_INVERSE = np.uint64(pow(int(_BASE), -1, 1 << 64))
_PAIR = np.uint64(0xD6E8FEB86659FD93)
_NEGATED = np.uint64(0xA0761D6478BD642F)
_SPREAD = np.uint64(0xFF51AFD7ED558CCD)
_HIGH, _LOW = np.uint64(33), np.uint64(29)
_LINK = re.compile(r"(?:https?://|www\.)\S+", re.IGNORECASE)
_NAME = re.compile(r"(?<!\w)@\w+")


def _fold(code: int) -> int:
    """The code point that stands for ``code``: lower case, without accent."""
    character = chr(code)
    if character in "ñÑ":
        return ord("ñ")
    if unicodedata.combining(character) or character in "\u200d\u200b\u200c\u2060\u00ad":
        return _DROPPED
    if character.isspace() or unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp"}:
        return 32
    if character in "’ʼ´`ꞌ‘":
        return ord("'")
    lowered = unicodedata.normalize("NFD", character.lower())
    return ord(lowered[0])


def _kind(code: int) -> int:
    """Whether the folded ``code`` is space, part of a word, or a symbol of its own."""
    if code in (32, _DROPPED):
        return _SPACE
    character = chr(code)
    return _WORD if character.isalnum() or character == "'" else _SYMBOL


@dataclass(frozen=True, slots=True)
class _Alphabet:
    """What is known of each code point below 0x3000; the rest are symbols or letters as they come."""

    folded: Codes
    kind: npt.NDArray[np.uint8]
    upper: Flags
    nasal: Flags


@lru_cache(maxsize=1)
def _alphabet() -> _Alphabet:
    folded = [_fold(code) for code in range(_TABLE)]
    folded[_END] = _END
    kinds = [_kind(code) for code in range(_TABLE)] + [_SYMBOL]
    kinds[_END] = _SYMBOL
    return _Alphabet(
        folded=np.array([*folded, 0], dtype=np.uint32),
        kind=np.array(kinds, dtype=np.uint8),
        upper=np.array([chr(code).isupper() for code in range(_TABLE)] + [False]),
        nasal=np.array([chr(code) in "ãẽĩõũỹÃẼĨÕŨỸ\u0303ʼ" for code in range(_TABLE)] + [False]),
    )


class _Powers:
    """Powers of the hash base and of its inverse, kept as far as the longest batch needed them."""

    def __init__(self) -> None:
        self._powers = np.ones((2, 1), dtype=np.uint64)

    def upto(self, count: int) -> Hashes:
        """Rows: base and inverse; columns: exponents 0 to at least ``count``. Safe to call from any thread."""
        powers = self._powers
        if powers.shape[1] <= count:
            size = 1 << int(count).bit_length()
            steps = np.array([[_BASE], [_INVERSE]], dtype=np.uint64).repeat(size, axis=1)
            steps[:, 0] = 1
            powers = np.multiply.accumulate(steps, axis=1)
            self._powers = powers
        return powers


_POWERS = _Powers()


def _mixed(hashes: Hashes) -> Hashes:
    """Hashes whose every bit depends on all bits (the finaliser of MurmurHash3)."""
    hashes = hashes ^ (hashes >> _HIGH)
    hashes *= _SPREAD
    hashes ^= hashes >> _LOW
    return hashes


def stem_hash(text: str) -> int:
    """The hash under which the features look ``text`` (already folded) up in the lexicon."""
    codes = np.array([ord(character) for character in text], dtype=np.uint64)
    return int(_mixed(np.array([_sums(codes)[-1]], dtype=np.uint64))[0])


def folded(text: str) -> str:
    """``text`` as the features see its letters: lower case, without accents."""
    codes = (_fold(ord(character)) for character in text)
    return "".join(chr(code) for code in codes if code != _DROPPED)


def _sums(codes: npt.NDArray[Any]) -> Hashes:
    """Prefix sums of the polynomial, one more than there are codes."""
    scattered = (codes.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9FB21C651E98DF25)
    scattered ^= scattered >> np.uint64(32)
    sums = np.zeros(len(codes) + 1, dtype=np.uint64)
    np.cumsum(scattered * _POWERS.upto(len(codes))[0, : len(codes)], out=sums[1:])
    return sums


@dataclass(frozen=True, slots=True)
class Features:
    """Features of a batch of comments.

    ``characters`` and ``tokens`` hold one row of weight-table indexes per position, in order of the comments;
    comment i starts at position ``character_starts[i]`` and ``token_starts[i]``, and has at least one position.
    ``signals`` is (comments, signals), ``words`` the number of words per comment, numbers not counted.
    """

    characters: Integers
    character_starts: Integers
    tokens: Integers
    token_starts: Integers
    signals: Floats
    words: Integers


def _plain(text: str) -> str:
    """``text`` composed, with links and account names reduced to what they are."""
    if "\0" in text:
        text = text.replace("\0", " ")
    if text.isascii():
        if "@" not in text and "://" not in text and "www." not in text:
            return text
    else:
        text = unicodedata.normalize("NFC", text)
    return _NAME.sub("@", _LINK.sub("\u2197", text))


def _stretched(codes: Codes) -> tuple[Flags, Flags]:
    """(code points to keep, those that begin a run of three or more).

    Spaces run together from two on; digits never do, nor the ends of comments of which nothing is left.
    """
    same = np.zeros(len(codes) + 2, dtype=np.bool_)
    np.equal(codes[1:], codes[:-1], out=same[1 : len(codes)])
    before = np.zeros(len(codes), dtype=np.bool_)
    before[1:] = same[: len(codes) - 1]
    here, after = same[: len(codes)], same[1 : len(codes) + 1]
    after2 = same[2 : len(codes) + 2]
    single = (codes >= 48) & (codes <= 57) | (codes == _END)
    drop = here & (before | after | (codes == 32)) & ~single
    return ~drop, after & after2 & ~here & ~single


def extract(texts: Sequence[str], lexicon: Lexicon) -> Features:
    """The features of ``texts``; at least one is needed."""
    alphabet = _alphabet()
    joined = "\0" + "\0".join(map(_plain, texts))
    raw = np.frombuffer(joined.encode("utf-32-le", "surrogatepass"), dtype=np.uint32)
    place = np.minimum(raw, _TABLE)
    codes = alphabet.folded[place]
    beyond = place == _TABLE
    if beyond.any():
        codes = np.where(beyond, raw, codes)
        dropped = (codes == _DROPPED) | (codes == 0xFE0F) | ((codes >= 0x1F3FB) & (codes <= 0x1F3FF))
    else:
        dropped = codes == _DROPPED
    raw_document = np.cumsum(raw == _END) - 1
    count = len(texts)
    loud = alphabet.upper[place]
    nasal = alphabet.nasal[place]
    shouted = np.bincount(raw_document[loud], minlength=count) if loud.any() else np.zeros(count)
    nasals = np.bincount(raw_document[nasal], minlength=count) if nasal.any() else np.zeros(count)
    if dropped.any():
        codes = codes[~dropped]
    keep, stretch = _stretched(codes)
    stretch = stretch[keep]
    codes = codes[keep]
    document = np.cumsum(codes == _END) - 1
    style = np.zeros((count, 3), dtype=np.float32)
    style[:, 0] = shouted
    style[:, 1] = np.bincount(document[stretch], minlength=count) if stretch.any() else 0
    style[:, 2] = nasals
    return _described(codes, document, style, lexicon)


def _described(codes: Codes, document: Integers, style: Floats, lexicon: Lexicon) -> Features:
    sums = _sums(codes)
    inverse = _POWERS.upto(len(codes))[1]
    kinds = _alphabet().kind[np.minimum(codes, _TABLE)]
    word = kinds == _WORD
    inside = word[1:] & word[:-1]
    begins = kinds != _SPACE
    begins[1:] &= ~inside
    ends = kinds != _SPACE
    ends[:-1] &= ~inside
    starts = np.flatnonzero(begins)
    stops = np.flatnonzero(ends) + 1
    hashes = _mixed((sums[stops] - sums[starts]) * inverse[starts])
    owner = document[starts]
    is_word = word[starts]
    is_end = codes[starts] == _END
    token_starts = np.flatnonzero(is_end)
    masks = lexicon.masks(_beginnings(sums, inverse, starts, stops), hashes)
    masks[is_end] = 0
    negated, closing = _reach(masks, is_word, is_end, lexicon)
    signals = _signals(masks, negated, closing, codes[starts], is_word, token_starts, style)
    first = codes[starts]
    spoken = is_word & ((first < 48) | (first > 57))
    words = np.add.reduceat(spoken.astype(np.int64), token_starts)
    return Features(
        characters=_character_rows(sums, inverse, document, codes),
        character_starts=np.flatnonzero(codes == _END),
        tokens=_token_rows(hashes, owner, negated & is_word),
        token_starts=token_starts,
        signals=signals,
        words=words,
    )


def _beginnings(sums: Hashes, inverse: Hashes, starts: Integers, stops: Integers) -> Hashes:
    """Per token the hashes of its beginnings of the lengths that the lexicon's stems have; 0 where it is shorter."""
    ends = starts[:, None] + np.arange(Lexicon.SHORTEST, Lexicon.LONGEST + 1)
    short = ends > stops[:, None]
    hashes = (sums[np.where(short, 0, ends)] - sums[starts][:, None]) * inverse[starts][:, None]
    hashes = _mixed(hashes)
    hashes[short] = 0
    return hashes


def _reach(masks: Hashes, is_word: Flags, is_end: Flags, lexicon: Lexicon) -> tuple[Flags, Flags]:
    """(tokens in reach of a negation, tokens after the comment's last contrast such as "pero")."""
    index = np.arange(len(masks))
    negator = (masks & lexicon.bit("negator")) != 0
    last_negator = np.maximum.accumulate(np.where(negator, index, -NEGATION_REACH - 1))
    last_symbol = np.maximum.accumulate(np.where(is_word, -1, index))
    previous = np.empty_like(last_negator)
    previous[0] = -NEGATION_REACH - 1
    previous[1:] = last_negator[:-1]
    negated = (index - previous <= NEGATION_REACH) & (previous > last_symbol)
    contrast = (masks & lexicon.bit("contrast")) != 0
    if not contrast.any():
        return negated, contrast
    last_contrast = np.maximum.accumulate(np.where(contrast, index, -1))
    last_end = np.maximum.accumulate(np.where(is_end, index, -1))
    return negated, last_contrast > last_end


def _signals(
    masks: Hashes,
    negated: Flags,
    closing: Flags,
    first: Codes,
    is_word: Flags,
    token_starts: Integers,
    style: Floats,
) -> Floats:
    width = len(CATEGORIES)
    bits = ((masks[:, None] >> np.arange(width, dtype=np.uint64)) & np.uint64(1)).astype(np.float32)
    polar = bits[:, : len(POLAR)]
    turned = negated[:, None]
    marks = np.stack([first == ord("!"), first == ord("?"), first == ord("."), is_word, ~is_word], axis=1)
    columns = np.concatenate(
        [np.where(turned, 0, polar), bits[:, len(POLAR) :], polar * turned, polar * closing[:, None], marks], axis=1
    )
    sums = np.add.reduceat(columns, token_starts, axis=0)
    counts, marks_sums = sums[:, :-5], sums[:, -5:]
    words = marks_sums[:, 3]
    signals = np.empty((len(token_starts), len(SIGNALS)), dtype=np.float32)
    at = width + 2 * len(POLAR)
    np.minimum(counts, 3, out=counts)
    signals[:, :at] = counts
    signals[:, at] = np.minimum(style[:, 0] / (5 * words + 1), 1)
    signals[:, at + 1] = np.minimum(style[:, 1], 2)
    signals[:, at + 2 : at + 5] = np.minimum(marks_sums[:, :3], 2)
    signals[:, at + 5] = np.minimum(style[:, 2] / (words + 1), 1)
    signals[:, at + 6] = np.log1p(words) / 3
    signals[:, at + 7] = np.log1p(marks_sums[:, 4]) / 3
    signals[:, at + 8] = words <= 1
    good = counts[:, 0] + 2 * counts[:, 1] - 0.8 * (counts[:, width] + counts[:, width + 1])
    bad = counts[:, 2] + 2 * counts[:, 3] - 0.8 * (counts[:, width + 2] + counts[:, width + 3])
    signals[:, at + 9] = np.tanh((good - bad) / 2)
    return signals


def _character_rows(sums: Hashes, inverse: Hashes, document: Integers, codes: Codes) -> Integers:
    count = len(codes)
    hashes = np.zeros((len(CHARACTER_SIZES), count), dtype=np.uint64)
    absent = np.ones((len(CHARACTER_SIZES), count), dtype=np.bool_)
    for line, size in enumerate(CHARACTER_SIZES):
        reach = max(count - size + 1, 0)
        np.subtract(sums[size : size + reach], sums[:reach], out=hashes[line, :reach])
        np.not_equal(document[:reach], document[count - reach :], out=absent[line, :reach])
    rows = (_mixed(hashes * inverse[:count]) & np.uint64(CHARACTER_ROWS - 1)).astype(np.int64)
    rows[absent] = NOTHING
    return np.ascontiguousarray(rows.T)


def _token_rows(hashes: Hashes, owner: Integers, negated: Flags) -> Integers:
    rows = np.full((len(hashes), TOKEN_KINDS), NOTHING, dtype=np.int64)
    span = np.uint64(TOKEN_ROWS - 1)
    rows[:, 0] = (hashes & span).astype(np.int64) + CHARACTER_ROWS
    pairs = _mixed(hashes[:-1] * _PAIR + hashes[1:])
    joined = (pairs & span).astype(np.int64) + CHARACTER_ROWS
    rows[:-1, 1] = np.where(owner[1:] == owner[:-1], joined, NOTHING)
    turned = (_mixed(hashes * _NEGATED) & span).astype(np.int64) + CHARACTER_ROWS
    rows[:, 2] = np.where(negated, turned, NOTHING)
    return rows
