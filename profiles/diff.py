"""What became of each function between two recordings, in costs for each request.

A function's *own* cost is what it spends itself, its *inclusive* cost that of all that it calls as well. Costs that
are counted change by what they change. Costs that are sampled get an interval:

    several parts a side   Welch's t on the parts' costs for each request
    one part a side        Poisson: variance of a cost for each request = samples / requests²

Source: B. L. Welch, The generalization of "Student's" problem, Biometrika 34 (1947).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist, variance

from scipy import stats

from profiles.recording import Recording
from profiles.stacks import FrameCost


class IncomparableError(ValueError):
    """Two recordings say nothing about each other."""


@dataclass(frozen=True, slots=True)
class Change:
    """A cost for each request before and after, and the interval of its difference."""

    before: float
    after: float
    low: float
    high: float

    @property
    def by(self) -> float:
        """After less before."""
        return self.after - self.before

    @property
    def is_certain(self) -> bool:
        """Whether the interval leaves no change out."""
        return (self.low > 0.0 or self.high < 0.0) and self.by != 0.0


@dataclass(frozen=True, slots=True)
class FrameChange:
    """What became of one function."""

    frame: str
    own: Change
    inclusive: Change


@dataclass(frozen=True, slots=True)
class Difference:
    """What became of everything: ``total``, and each function, the greatest change of own cost first."""

    unit: str
    total: Change
    frames: Sequence[FrameChange]


def difference(base: Recording, head: Recording, confidence: float = 0.999) -> Difference:
    """What became of ``base`` in ``head``; IncomparableError where their units differ."""
    if base.unit != head.unit:
        raise IncomparableError(f"{base.unit} and {head.unit} cannot be compared")
    before, after = _costs(base), _costs(head)
    names = sorted({name for part in (*before, *after) for name in part})

    def change(of: Callable[[FrameCost], int], name: str) -> Change:
        left, right = ([of(part[name]) if name in part else 0 for part in parts] for parts in (before, after))
        return _change(base, head, left, right, confidence)

    frames = [
        FrameChange(name, change(lambda cost: cost.own, name), change(lambda cost: cost.inclusive, name))
        for name in names
    ]
    totals = [[profile.total for profile in recording.profiles()] for recording in (base, head)]
    return Difference(
        unit=base.unit,
        total=_change(base, head, totals[0], totals[1], confidence),
        frames=sorted(frames, key=lambda each: (-abs(each.own.by), -abs(each.inclusive.by), each.frame)),
    )


def _costs(recording: Recording) -> list[Mapping[str, FrameCost]]:
    return [{cost.frame: cost for cost in profile.frames()} for profile in recording.profiles()]


def _change(base: Recording, head: Recording, before: Sequence[int], after: Sequence[int], confidence: float) -> Change:
    left, right = sum(before) / base.answered, sum(after) / head.answered
    margin = 0.0
    if not base.is_exact:
        margin = (
            _welch(_rates(base, before), _rates(head, after), confidence)
            if len(before) > 1 and len(after) > 1
            else _poisson(sum(before) / base.answered**2 + sum(after) / head.answered**2, confidence)
        )
    elif len(before) > 1 or len(after) > 1:
        # Counts of equal work that differ all the same depend on time or chance: their own spread is the interval.
        margin = _spread(_rates(base, before)) + _spread(_rates(head, after))
    return Change(left, right, right - left - margin, right - left + margin)


def _rates(recording: Recording, costs: Sequence[int]) -> list[float]:
    return [cost / requests for cost, requests in zip(costs, recording.requests, strict=True)]


def _spread(rates: Sequence[float]) -> float:
    return max(rates) - min(rates)


def _poisson(square: float, confidence: float) -> float:
    return NormalDist().inv_cdf(1 - (1 - confidence) / 2) * math.sqrt(square)


def _welch(left: Sequence[float], right: Sequence[float], confidence: float) -> float:
    a, b = variance(left) / len(left), variance(right) / len(right)
    if a + b == 0.0:
        return 0.0
    freedom = (a + b) ** 2 / (a**2 / (len(left) - 1) + b**2 / (len(right) - 1))
    return float(stats.t.ppf(1 - (1 - confidence) / 2, freedom)) * math.sqrt(a + b)
