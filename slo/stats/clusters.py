"""Values that come in launches: windows of one launch resemble each other, so the launch is the unit.

A launch lays out memory, hashes and threads once, and all of its windows inherit that. Each launch is therefore
summed up in its centre, the Hodges-Lehmann estimate of its windows, which no single wild window moves; and the
centres, which are few and independent, are judged by Student's t. Resampling them does not do instead: the
variance that a bootstrap sees among k launches is (k − 1) / k of the true one, and it knows no t. What each
covers is measured in ``docs/statistics.md``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

from slo.stats.paired import hodges_lehmann
from slo.stats.values import Estimate

PRIOR_WEIGHT = 3.0
"""How many times the degrees of freedom of a run its prior may have: the run's own spread keeps a quarter."""

Windows: TypeAlias = Sequence[float] | NDArray[np.float64]
"""Of one launch."""


class LaunchSpread(NamedTuple):
    """How far the centres of launches usually lie apart on a machine."""

    variance: float
    """Of the centres of launches that are like these, with as many windows each."""
    degrees: float
    """How many degrees of freedom that is worth; infinity where the variance never changes."""


class _Centres(NamedTuple):
    mean: float
    error: float
    """Standard error of the mean."""
    degrees: float


def two_level_interval(
    launches: Sequence[Windows], confidence: float, *, prior: LaunchSpread | None = None
) -> Estimate:
    """The location of windows that come in launches: the mean of the launches' centres, with Student's interval.

    With the centres cᵢ of k launches, their mean m and variance s²: m ± t_{k−1}(1 − α/2) · s / √k. s² holds both
    levels, the variance between launches and that of the windows within, as var(m) does. With a ``prior`` s² and
    the degrees of freedom are those of `cluster_p`. Launches count alike however many windows they have; those without
    any are left out. Fewer than two give an endless interval.

    Source: T. Kalibera and R. Jones, Rigorous benchmarking in reasonable time, ISMM (2013), section 9, with means of
    the highest level; A. Georges, D. Buytaert and L. Eeckhout, Statistically rigorous Java performance evaluation,
    OOPSLA (2007), for t over invocations.
    """
    mean, error, degrees = _centred(launches, prior)
    if degrees <= 0:
        return Estimate(mean, -math.inf, math.inf)
    margin = float(special.stdtrit(degrees, 1 - (1 - confidence) / 2)) * error
    return Estimate(mean, mean - margin, mean + margin)


def cluster_p(launches: Sequence[Windows], *, prior: LaunchSpread | None = None, shift: float = 0.0) -> float:
    """How likely so high a location is where the true one is ``shift`` or below: one-sided p, the launch as the unit.

    t = (m − shift) / (s̃ / √k) with d₀ + k − 1 degrees of freedom, s̃² = (d₀ s₀² + (k − 1) s²) / (d₀ + k − 1). Without
    a ``prior`` d₀ is 0, which is Student's test. d₀ is at most 3 (k − 1), so that launches which differ more today
    are believed. Fewer than two launches give 1, since they show no spread.

    Source: G. K. Smyth, Linear models and empirical Bayes methods for assessing differential expression in microarray
    experiments, Statistical Applications in Genetics and Molecular Biology 3 (2004), section 4.
    """
    mean, error, degrees = _centred(launches, prior)
    if degrees <= 0:
        return 1.0
    if error == 0:
        return 0.0 if mean > shift else 1.0
    return float(special.stdtr(degrees, -(mean - shift) / error))


def launch_spread(variances: Sequence[float], degrees: int) -> LaunchSpread:
    """What to expect of the next run, from the ``variances`` between launches of earlier ones, all above 0.

    With zᵢ = ln sᵢ² of d degrees of freedom each and eᵢ = zᵢ − ψ(d/2) + ln(d/2): ψ'(d₀/2) = var(e) − ψ'(d/2) and
    s₀² = exp(mean(e) + ψ(d₀/2) − ln(d₀/2)). Runs that vary no more than chance makes them give d₀ = ∞.

    Source: Smyth (2004), section 6.2.
    """
    if len(variances) < 2:
        raise ValueError("the spread of variances needs at least two of them")
    half = degrees / 2
    logarithms = np.log(np.asarray(variances, dtype=np.float64)) - float(special.digamma(half)) + math.log(half)
    excess = float(logarithms.var(ddof=1)) - float(special.polygamma(1, half))
    if excess <= 0:
        return LaunchSpread(math.exp(float(logarithms.mean())), math.inf)
    prior = _trigamma_inverse(excess)
    variance = math.exp(float(logarithms.mean()) + float(special.digamma(prior)) - math.log(prior))
    return LaunchSpread(variance, 2 * prior)


def centres(launches: Sequence[Windows]) -> NDArray[np.float64]:
    """The Hodges-Lehmann estimate of every launch that has windows."""
    return np.asarray([hodges_lehmann(launch) for launch in launches if len(launch)], dtype=np.float64)


def moderated(launches: Sequence[Windows], prior: LaunchSpread | None = None) -> LaunchSpread:
    """The spread of the centres of ``launches`` as `cluster_p` takes it: their own, drawn towards the ``prior``.

    With k launches, their variance s² and the prior's s₀² and d₀, here at most `PRIOR_WEIGHT` (k − 1):
    (d₀ s₀² + (k − 1) s²) / (d₀ + k − 1) with d₀ + k − 1 degrees of freedom; none with fewer than two launches.

    Source: Smyth (2004), section 4.
    """
    values = centres(launches)
    own = len(values) - 1
    if own < 1:
        return LaunchSpread(math.inf, 0.0)
    variance, degrees = float(values.var(ddof=1)), float(own)
    if prior is not None:
        more = min(prior.degrees, PRIOR_WEIGHT * own)
        variance = (more * prior.variance + own * variance) / (more + own)
        degrees += more
    return LaunchSpread(variance, degrees)


def _centred(launches: Sequence[Windows], prior: LaunchSpread | None) -> _Centres:
    values = centres(launches)
    if not len(values):
        raise ValueError("launches without a window have no location")
    spread = moderated(launches, prior)
    return _Centres(float(values.mean()), math.sqrt(spread.variance / len(values)), spread.degrees)


def _trigamma_inverse(value: float) -> float:
    """The y > 0 with ψ'(y) = ``value``: Newton's steps on 1 / ψ' (Smyth 2004, appendix)."""
    guess = 0.5 + 1 / value
    for _ in range(50):
        trigamma = float(special.polygamma(1, guess))
        step = trigamma * (1 - trigamma / value) / float(special.polygamma(2, guess))
        guess += step
        if abs(step) < 1e-10 * guess:
            break
    return guess
