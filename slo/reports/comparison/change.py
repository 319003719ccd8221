"""By how much a figure of one run differs from the baseline's, in figures and in words.

Whether a difference matters is the gate's question; here it is told how large it is and whether it is more than chance.
"""

from __future__ import annotations

import math
from enum import StrEnum

import msgspec

from slo import stats
from slo.model import Reading
from slo.stats import Estimate

TOO_FEW = "too few requests for an interval"


class Meaning(StrEnum):
    """What more of a figure means."""

    DURATION = "duration"
    """More is slower; told in percent of the baseline."""
    FAULTS = "faults"
    """A share of bad events: more is worse; told in percentage points."""
    COST = "cost"
    """More is dearer; told in percent."""
    AMOUNT = "amount"
    """More is neither good nor bad, as the plan asks for it; told in percent."""


class Tone(StrEnum):
    """Which way a difference goes, for its colour and sign."""

    BETTER = "better"
    WORSE = "worse"
    OPEN = "open"
    """The interval holds zero, or there is none."""


class Change(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """From the baseline to another run: 0.04 is four percent, or four points, more."""

    value: float
    low: float | None
    high: float | None
    """Ends of the interval; nothing where a run gives the figure only once, or too few events."""
    tone: Tone
    words: str


_MORE_AND_LESS = {
    Meaning.DURATION: ("slower", "faster"),
    Meaning.FAULTS: ("more", "fewer"),
    Meaning.COST: ("more", "less"),
    Meaning.AMOUNT: ("more", "less"),
}


def change(meaning: Meaning, base: Reading, other: Reading, *, fraction: float = 0.0, doubt: str = "") -> Change | None:
    """The change from ``base`` to ``other``; nothing where one of them has no value that a change can start from.

    ``fraction`` is that of a quantile: below some number of requests it has no upper bound, and its change none.
    With a ``doubt`` the change is told beside it, and nothing is claimed.
    """
    if base.value is None or other.value is None:
        return None
    points = meaning is Meaning.FAULTS
    if not points and (base.value <= 0 or other.value <= 0):
        return None
    if doubt or not (_bounded(base, fraction) and _bounded(other, fraction)):
        value = other.value - base.value if points else other.value / base.value - 1
        few = TOO_FEW if base.low is not None and other.low is not None else ""
        words = ", ".join(filter(None, (_signed(value, points), doubt or few)))
        return Change(value=value, low=None, high=None, tone=Tone.OPEN, words=words)
    of_two = stats.difference if points else stats.growth
    value, low, high = of_two(_estimate(base), _estimate(other))
    if low <= 0 <= high:
        words = f"no clear difference: {_signed(value, points)} ({_range(low, high, points, signed=True)})"
        return Change(value=value, low=low, high=high, tone=Tone.OPEN, words=words)
    more, less = _MORE_AND_LESS[meaning]
    near, far = sorted((abs(low), abs(high)))
    words = f"{more if value > 0 else less} by {_figure(abs(value), points)} ({_range(near, far, points)})"
    tone = Tone.OPEN if meaning is Meaning.AMOUNT else Tone.WORSE if value > 0 else Tone.BETTER
    return Change(value=value, low=low, high=high, tone=tone, words=words)


def _bounded(reading: Reading, fraction: float) -> bool:
    if reading.low is None or reading.high is None:
        return False
    if not fraction or reading.confidence is None or reading.effective_events is None:
        return True
    return reading.effective_events >= stats.deciding_events(1 - fraction, reading.confidence)


def _estimate(reading: Reading) -> Estimate:
    values = (reading.value, reading.low, reading.high)
    return Estimate(*(math.nan if value is None else value for value in values))


def _signed(value: float, points: bool) -> str:
    sign = "+" if value > 0 else "−" if value < 0 else ""
    return f"{sign}{_figure(abs(value), points)}"


def _figure(value: float, points: bool) -> str:
    return f"{_digits(value * 100)} {'points' if points else '%'}"


def _range(low: float, high: float, points: bool, *, signed: bool = False) -> str:
    ends = [_digits(abs(end) * 100) for end in (low, high)]
    signs = [("−" if end < 0 else "+" if end > 0 else "") if signed else "" for end in (low, high)]
    return f"{signs[0]}{ends[0]} to {signs[1]}{ends[1]} {'points' if points else '%'}"


def _digits(value: float) -> str:
    """Two significant digits, all digits of a whole part."""
    if math.isinf(value):
        return "∞"
    if value >= 10:
        return f"{value:,.0f}"
    return f"{float(f'{value:.2g}'):.6f}".rstrip("0").rstrip(".")
