"""Turns comments into hashed features, a batch at a time, with NumPy alone.

A batch becomes one row of letters. Folding (case, accents, stretched letters), cutting into tokens and
hashing are array operations on it. The hash of any stretch of text is the difference of two prefix sums of a
polynomial in 2**64, so that all character n-grams, words and word beginnings cost a few operations each,
however many there are.

Per comment the features are

    characters  n-grams of 2 to 5 letters, over token borders
    tokens      each token (a word or one symbol), each pair of neighbours, and each word inside a negation's reach
    signals     counts of what a lexicon knows, of negated and of closing praise and blame, and of style (see `SIGNALS`)

A lone comment is mostly the price of calling NumPy, so all hashes are made by the same few calls, and what most
comments do not have is looked for before it is worked out.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from service.workloads.comments.alphabet import DROPPED, SYMBOL, WORD, Flags, Hashes, Marks, fold, scattered
from service.workloads.comments.letters import letters_of
from service.workloads.comments.lexicon import Lexicon
from service.workloads.comments.signals import Floats, Integers, Tokens, signals_of, tokens_of

CHARACTER_SIZES: Final = (2, 3, 4, 5)
TOKEN_KINDS: Final = 3
CHARACTER_ROWS: Final = 1 << 15
TOKEN_ROWS: Final = 1 << 15
ROWS: Final = CHARACTER_ROWS + TOKEN_ROWS + 1
NOTHING: Final = ROWS - 1
"""The row of a feature that is not there; its weights are zero."""

_BASE = np.uint64(0x9E3779B97F4A7C15 | 1)
_INVERSE = np.uint64(pow(int(_BASE), -1, 1 << 64))
_PAIR, _NEGATED, _SPREAD, _HIGH, _LOW, _CHARACTER_SPAN, _TOKEN_SPAN, _TOKENS_FROM = (
    np.array(number, dtype=np.uint64)  # without a dimension: a plain number would be made an array in every call
    for number in (
        *(0xD6E8FEB86659FD93, 0xA0761D6478BD642F, 0xFF51AFD7ED558CCD, 33, 29),
        *(CHARACTER_ROWS - 1, TOKEN_ROWS - 1, CHARACTER_ROWS),
    )
)
_SPACES, _KIND, _JOINED = (np.array(kind, dtype=np.uint16) for kind in (0, WORD | SYMBOL, WORD + WORD))
_ONE, _GRAMS_EACH, _KINDS_EACH = (np.array(number) for number in (1, len(CHARACTER_SIZES), TOKEN_KINDS))
_GRAMS: Final = len(CHARACTER_SIZES)
_LENGTHS = np.arange(Lexicon.SHORTEST, Lexicon.LONGEST + 1)[:, None]
_STRETCHES: Final = len(_LENGTHS) + 1
"""Hashed per token: its beginnings, and itself."""
_MARGIN: Final = Lexicon.LONGEST
"""How far behind the last letter a stretch may end that nobody looks at."""
_TORN = np.array([line - _GRAMS * back for back in range(1, _GRAMS + 1) for line in range(back - 1, _GRAMS)])
"""The n-grams that would reach into the next comment, counted from its first."""


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


def stem_hash(text: str) -> int:
    """The hash under which the features look ``text`` (already folded) up in the lexicon."""
    codes = scattered(np.array([ord(character) for character in text]))
    hashes = np.array([_sums(codes)[len(codes)]])
    _mix(hashes)
    return int(hashes[0])


def folded(text: str) -> str:
    """``text`` as the features see its letters: lower case, without accents."""
    codes = (fold(ord(character)) for character in text)
    return "".join(chr(code) for code in codes if code != DROPPED)


class Features(NamedTuple):
    """Features of a batch of comments.

    ``rows`` holds the indexes into the table of weights: first those of the character n-grams, one of each size per
    letter, then those of the tokens, one of each kind per token. ``borders`` says where each comment's begin: first
    those of the characters, then those of the tokens, and the end. ``signals`` is (comments, signals), ``words``
    the number of words per comment, numbers not counted.
    """

    rows: Integers
    borders: Integers
    signals: Floats
    words: Integers

    @property
    def characters(self) -> Integers:
        """(letters, sizes), in order of the comments."""
        return self.rows[: self.borders[len(self.words)]].reshape(-1, len(CHARACTER_SIZES))

    @property
    def character_starts(self) -> Integers:
        """The line of ``characters`` with which each comment begins."""
        return self.borders[: len(self.words)] // len(CHARACTER_SIZES)

    @property
    def tokens(self) -> Integers:
        """(tokens, kinds), in order of the comments."""
        return self.rows[self.borders[len(self.words)] :].reshape(-1, TOKEN_KINDS)

    @property
    def token_starts(self) -> Integers:
        """The line of ``tokens`` with which each comment begins."""
        borders = self.borders[len(self.words) :]
        starts: Integers = (borders[:-1] - borders[0]) // TOKEN_KINDS
        return starts


def extract(texts: Sequence[str], lexicon: Lexicon) -> Features:
    """The features of ``texts``; at least one is needed."""
    letters = letters_of(texts)
    starts, stops = _cut(letters.marks)
    hashes, grams, within = _hashed(letters.codes, starts, stops)
    tokens = tokens_of(lexicon.places(hashes, within), letters.marks.take(starts), lexicon)
    signals, words = signals_of(tokens, letters.style, lexicon)
    count, size, token_size = len(texts), grams.size, len(starts) * TOKEN_KINDS
    character_starts = starts.take(tokens.starts) * _GRAMS_EACH
    rows = np.empty(size + token_size, dtype=np.int64)
    rows[:size].reshape(-1, _GRAMS)[...] = grams.T
    rows[size:].reshape(-1, TOKEN_KINDS)[...] = _token_rows(hashes[-1], tokens).T
    borders = np.empty(2 * count + 1, dtype=np.int64)
    borders[:count] = character_starts
    borders[count:-1] = tokens.starts * _KINDS_EACH + size
    borders[-1] = len(rows)
    torn = borders[1 : count + 1, None] + _TORN
    rows[:size].put(torn, NOTHING, mode="wrap")
    return Features(rows, borders, signals, words)


def _cut(marks: Marks) -> tuple[Integers, Integers]:
    """(first letter, letter after the last) of each token."""
    kinds = np.zeros(len(marks) + 2, dtype=np.uint16)
    inner = np.bitwise_and(marks, _KIND, out=kinds[1:-1])
    apart = kinds[1:] + kinds[:-1] != _JOINED
    solid = inner != _SPACES
    return (apart[:-1] & solid).nonzero()[0], (apart[1:] & solid).nonzero()[0] + _ONE


def _sums(codes: Hashes) -> Hashes:
    """Prefix sums of the polynomial, from none of ``codes`` to all of them, and some more to spare."""
    count = len(codes)
    sums = np.zeros(count + 1 + _MARGIN, dtype=np.uint64)
    np.add.accumulate(codes * _POWERS.upto(count)[0, :count], out=sums[1 : count + 1])
    return sums


def _hashed(codes: Hashes, starts: Integers, stops: Integers) -> tuple[Hashes, Integers, Flags]:
    """(stretches of each token, rows of the n-grams, which stretches lie within their token).

    Stretches are (beginnings by length and the token itself, tokens), n-grams are (sizes, letters).
    """
    count, sums, inverse = len(codes), _sums(codes), _POWERS.upto(len(codes))[1]
    ends = np.empty((_STRETCHES, len(starts)), dtype=np.int64)
    np.add(starts, _LENGTHS, out=ends[:-1])
    ends[-1] = stops
    every = np.empty(_GRAMS * count + ends.size, dtype=np.uint64)
    grams = every[: _GRAMS * count].reshape(_GRAMS, count)
    # Line k, column i is the sum up to the end of the n-gram of size k + 2 that begins at letter i.
    reached = np.ndarray((_GRAMS, count), np.uint64, sums, 8 * CHARACTER_SIZES[0], (8, 8))
    np.subtract(reached, sums[:count], out=grams)
    grams *= inverse[:count]
    stretches = every[_GRAMS * count :].reshape(ends.shape)
    np.subtract(sums.take(ends), sums.take(starts), out=stretches)
    stretches *= inverse.take(starts)
    _mix(every)
    grams &= _CHARACTER_SPAN
    return stretches, grams.view(np.int64), ends <= stops


def _mix(hashes: Hashes) -> None:
    """Make every bit depend on all bits (the finaliser of MurmurHash3)."""
    hashes ^= hashes >> _HIGH
    hashes *= _SPREAD
    hashes ^= hashes >> _LOW


def _token_rows(hashes: Hashes, tokens: Tokens) -> Integers:
    """(kinds, tokens)."""
    kinds = np.empty((TOKEN_KINDS, len(hashes)), dtype=np.uint64)
    kinds[0] = hashes
    np.multiply(hashes[:-1], _PAIR, out=kinds[1, :-1])
    kinds[1, :-1] += hashes[1:]
    kinds[1, -1] = 0
    if tokens.negated is None:
        _mix(kinds[1])
    else:
        np.multiply(hashes, _NEGATED, out=kinds[2])
        _mix(kinds[1:])
    kinds &= _TOKEN_SPAN
    kinds += _TOKENS_FROM
    rows: Integers = kinds.view(np.int64)
    rows[1, tokens.starts - _ONE] = NOTHING  # the last token of each comment has no neighbour after it
    if tokens.negated is None:
        rows[2] = NOTHING
    else:
        rows[2, ~tokens.negated] = NOTHING
    return rows
