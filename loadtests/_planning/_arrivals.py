"""When requests are due: rate profiles and the arrival processes that follow them.

Every process here is a set of points in *operational time*, pulled back to the clock through the inverse
of the expected number of arrivals

    Λ(t) = ∫₀ᵗ rate(u) du

A Poisson process of unit rate in operational time is the non-homogeneous Poisson process of that rate on
the clock; equidistant points become constant arrivals, also along a ramp. Users that share a plan take
their own points of the same axis, so that their superposition has the plan's rate however many there are
and wherever they run.

Source: E. Çinlar, Introduction to Stochastic Processes (1975), section 4.7 (time change by inversion).
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate, count
from random import Random

from slo.record import Stage


class Profile:
    """The rate of a plan over time: stage after stage, linear within each."""

    def __init__(self, stages: Sequence[Stage]) -> None:
        self.stages = tuple(stages)
        self._starts = (0.0, *accumulate(stage.seconds for stage in self.stages))
        self._before = (0.0, *accumulate(_arrivals_of(stage) for stage in self.stages))

    @property
    def seconds(self) -> float:
        """Length of all stages together."""
        return self._starts[-1]

    @property
    def total(self) -> float:
        """Expected arrivals over all stages, Λ(seconds)."""
        return self._before[-1]

    def stage_at(self, moment: float) -> Stage:
        """The stage that ``moment`` (seconds from the start) lies in; the last one from the end on."""
        return self.stages[self._index(self._starts, moment)]

    def rate(self, moment: float) -> float:
        """Arrivals per second at ``moment``; 0 outside the stages."""
        if not 0.0 <= moment < self.seconds:
            return 0.0
        index = self._index(self._starts, moment)
        stage = self.stages[index]
        return stage.rate_from + _slope(stage) * (moment - self._starts[index])

    def expected(self, moment: float) -> float:
        """Λ(moment): arrivals expected from the start until ``moment``."""
        moment = min(max(moment, 0.0), self.seconds)
        index = self._index(self._starts, moment)
        stage, since = self.stages[index], moment - self._starts[index]
        return self._before[index] + (stage.rate_from + _slope(stage) * since / 2.0) * since

    def moment(self, arrivals: float) -> float:
        """Λ⁻¹: when ``arrivals`` (0 up to, not including, `total`) are expected to have come.

        Within a stage, Λ is a parabola in the seconds x since the stage began: a·x + s·x²/2 = y with the
        first rate a and the slope s. The root is taken as 2y / (a + √(a² + 2sy)), which stays exact for s → 0.
        """
        index = self._index(self._before, arrivals)
        stage, since = self.stages[index], arrivals - self._before[index]
        discriminant = stage.rate_from**2 + 2.0 * _slope(stage) * since
        divisor = stage.rate_from + math.sqrt(max(discriminant, 0.0))
        offset = 2.0 * since / divisor if divisor > 0.0 else 0.0
        return self._starts[index] + min(offset, stage.seconds)

    def _index(self, edges: Sequence[float], value: float) -> int:
        return min(bisect_right(edges, value), len(self.stages)) - 1


def _slope(stage: Stage) -> float:
    return (stage.rate_to - stage.rate_from) / stage.seconds


def _arrivals_of(stage: Stage) -> float:
    return (stage.rate_from + stage.rate_to) / 2.0 * stage.seconds


def poisson(random: Random, share: float) -> Iterator[float]:
    """Points of a Poisson process with rate ``share`` in operational time, without end.

    The gaps are exponential, -ln(U) / share. Independent processes add up to one with the sum of their
    shares. Source: J. F. C. Kingman, Poisson Processes (1993), superposition theorem.
    """
    return accumulate(random.expovariate(share) for _ in count())


def constant(index: int, of: int, share: float) -> Iterator[float]:
    """Every ``of``-th of equidistant points, from the ``index``-th on, without end.

    The ``of`` processes together are the points (k + ½) / share for k = 0, 1, 2 …, each taken once.
    """
    return ((k + 0.5) / share for k in count(index, of))


def arrivals(profile: Profile, points: Iterator[float]) -> Iterator[float]:
    """The seconds from the start at which ``points`` of operational time fall due, in order, to the profile's end."""
    total = profile.total
    for point in points:
        if point >= total:
            return
        yield profile.moment(point)
