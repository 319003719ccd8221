"""The dense features of a comment: what a lexicon knows of its words, what is negated or said last, and its style."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from service.workloads.comments import alphabet
from service.workloads.comments.alphabet import Flags, Marks
from service.workloads.comments.lexicon import CATEGORIES, CONTRAST, NEGATOR, POLAR, Lexicon

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

NEGATION_REACH = 4
"""Words after a negation that it turns, unless a symbol stands between."""

STYLE = ("shouted", "stretched", "exclaimed", "asked", "trailing", "nasal", "words", "symbols", "lone")
SIGNALS = (
    CATEGORIES
    + tuple(f"negated {name}" for name in POLAR)
    + tuple(f"closing {name}" for name in POLAR)
    + STYLE
    + ("balance",)
)
"""Names of the dense features, in order."""

_STYLE: Final = len(CATEGORIES) + 2 * len(POLAR)
_SHOUTED, _STRETCHED, _NASAL = (SIGNALS.index(name) for name in ("shouted", "stretched", "nasal"))
_WORDS, _SYMBOLS, _LONE, _BALANCE = (SIGNALS.index(name) for name in ("words", "symbols", "lone", "balance"))
_LENGTHS = slice(_WORDS, _SYMBOLS + 1)
_SPOKEN_MARKS: Final = 1 << 7
"""Sets of the marks that say how a token is counted are below this number."""
_COUNTED, _WORD, _BORDER, _UNMARKED = (
    np.array(marks, dtype=np.uint16)  # without a dimension: a plain number would be made an array in every call
    for marks in (_SPOKEN_MARKS - 1, alphabet.WORD, alphabet.BORDER, 0)
)
_TURNING, _NEGATOR, _CONTRAST, _MEANINGLESS = (
    np.array(meaning, dtype=np.uint64) for meaning in (NEGATOR | CONTRAST, NEGATOR, CONTRAST, 0)
)
_ONE, _THREE, _FIVE = (np.array(number, dtype=np.float32) for number in (1, 3, 5))


def _caps() -> Floats:
    """The largest value of each signal before the last steps."""
    caps = np.full(len(SIGNALS), np.inf, dtype=np.float32)
    caps[:_STYLE] = 3
    caps[_STYLE:_WORDS] = 2
    caps[[_SHOUTED, _NASAL]] = 1
    return caps


def _style_columns() -> Floats:
    """What a token adds to the sums of the style, by the marks of its first character.

    "lone" counts the words that are no numbers until it gets its own meaning.
    """
    marks = np.arange(_SPOKEN_MARKS)
    is_word = (marks & alphabet.WORD) != 0
    columns = np.zeros((len(marks), len(SIGNALS) - _STYLE), dtype=np.float32)
    for name, flags in {
        "exclaimed": (marks & alphabet.EXCLAMATION) != 0,
        "asked": (marks & alphabet.QUESTION) != 0,
        "trailing": (marks & alphabet.STOP) != 0,
        "words": is_word,
        "symbols": ~is_word,
        "lone": is_word & ((marks & alphabet.DIGIT) == 0),
    }.items():
        columns[:, SIGNALS.index(name) - _STYLE] = flags
    return columns


def _balances() -> tuple[Floats, Floats]:
    """(weights that number every case of praise and blame by its capped counts, the balance in each case).

    A case is how much praise, praise negated, blame and blame negated there is, strong forms counting twice where
    they are not negated; so there are ten, seven, ten and seven of them, and

        balance = tanh((praise - 0.8 negated praise - (blame - 0.8 negated blame)) / 2)
    """
    sizes = (10, 7, 10, 7)
    praise, negated_praise, blame, negated_blame = (
        amount.reshape(-1).astype(np.float32) for amount in np.indices(sizes)
    )
    balances = np.tanh((praise - 0.8 * negated_praise - (blame - 0.8 * negated_blame)) / 2)
    steps = [int(np.prod(sizes[place + 1 :])) for place in range(len(sizes))]
    weights = np.zeros(len(SIGNALS), dtype=np.float32)
    weights[: len(POLAR)] = steps[0], 2 * steps[0], steps[2], 2 * steps[2]
    weights[len(CATEGORIES) : len(CATEGORIES) + len(POLAR)] = steps[1], steps[1], steps[3], steps[3]
    return weights, balances


_CAPS = _caps()
_STYLE_COLUMNS = _style_columns()
_CASES, _BALANCES = _balances()


class Tokens(NamedTuple):
    """The tokens of a batch of comments: each word, symbol and border, in order."""

    places: Integers
    """In the lexicon."""
    marks: Marks
    """Of the first character."""
    starts: Integers
    """The first token of each comment, its border."""
    negated: Flags | None
    """Words in reach of a negation; None where there are none."""
    closing: Flags | None
    """Tokens from the comment's first contrast on, such as "pero"; None where there are none."""


def tokens_of(places: Integers, marks: Marks, lexicon: Lexicon) -> Tokens:
    """Tokens by their places in ``lexicon`` and the marks of their first characters."""
    borders = marks & _BORDER
    negated = closing = None
    turning = lexicon.meanings.take(places) & _TURNING
    if np.count_nonzero(turning):
        negated = _negated((turning & _NEGATOR) != _MEANINGLESS, (marks & _WORD) != _UNMARKED)
        closing = _closing((turning & _CONTRAST) != _MEANINGLESS, borders != _UNMARKED)
    return Tokens(places, marks, borders.nonzero()[0], negated, closing)


def signals_of(tokens: Tokens, style: Floats | None, lexicon: Lexicon) -> tuple[Floats, Integers]:
    """(signals of each comment, its number of words that are no numbers).

    ``style`` is (comments, number of letters shouted, stretched and nasal), None where there are none.
    """
    lines = tokens.places
    if tokens.negated is not None:
        lines = lines + len(lexicon.keys) * tokens.negated
    if tokens.closing is not None:
        lines = lines + 2 * len(lexicon.keys) * tokens.closing
    columns = (lexicon.columns.take(lines, axis=0), _STYLE_COLUMNS.take(tokens.marks & _COUNTED, axis=0))
    signals: Floats = np.add.reduceat(np.concatenate(columns, axis=1), tokens.starts, axis=0)
    words = signals[:, _LONE].astype(np.int64)
    if style is not None:
        spoken = signals[:, _WORDS]
        signals[:, _SHOUTED] = style[:, 0] / (_FIVE * spoken + _ONE)
        signals[:, _STRETCHED] = style[:, 1]
        signals[:, _NASAL] = style[:, 2] / (spoken + _ONE)
    np.minimum(signals, _CAPS, out=signals)
    signals[:, _LONE] = signals[:, _WORDS] <= _ONE
    lengths = signals[:, _LENGTHS]
    np.log1p(lengths, out=lengths)
    lengths /= _THREE
    signals[:, _BALANCE] = _BALANCES.take((signals @ _CASES).astype(np.int64))
    return signals, words


def _negated(negators: Flags, is_word: Flags) -> Flags | None:
    if not np.count_nonzero(negators):
        return None
    negated = np.zeros(len(negators), dtype=np.bool_)
    reached = negators
    for distance in range(1, NEGATION_REACH + 1):
        reached = reached[:-1] & is_word[distance:]
        negated[distance:] |= reached
    return negated


def _closing(contrasts: Flags, borders: Flags) -> Flags | None:
    if not np.count_nonzero(contrasts):
        return None
    index = np.arange(len(contrasts))
    last_contrast = np.maximum.accumulate(np.where(contrasts, index, -1))
    last_border = np.maximum.accumulate(np.where(borders, index, -1))
    return last_contrast > last_border
