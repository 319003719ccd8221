"""The Universal Scalability Law through measured steps, with intervals that admit what the data do not know.

    X(N) = γN / (1 + α(N − 1) + βN(N − 1))

X is throughput, N the number of requests in the service, γ the throughput with one of them, α contention (what must
queue), β coherency (what must agree). A test with open arrivals sets X and observes the time R that a request takes;
N is then their product, by Little's law, and the law says how R must grow:

    R(N) = N / X(N) = a + b·N + c·N(N − 1)    with a = (1 − α)/γ, b = α/γ, c = β/γ, none below 0

That is a straight sum, so a, b and c are fitted, by least squares of ln R, which are those of ln X as N is given. With
random arrivals α holds their queueing too: for M/M/1, R = 1/μ + N/μ, which is α = ½ and γ = μ/2.

Intervals are profile likelihood (`slo.capacity.region`): what is spread between steps, whatever its cause, widens them,
and an end that the data do not bound stays open.

Sources: N. J. Gunther, Guerrilla Capacity Planning (2007), chapter 4, and A general theory of computational scalability
based on rational functions, arXiv:0808.1431 (2008), for the law; B. Schwartz, Practical Scalability Analysis with the
Universal Scalability Law (2015), for R(N); L. Kleinrock, Power and deterministic rules of thumb for probabilistic
problems in computer communications, ICC (1979), for the knee.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from slo.capacity.model import CurvePoint, Estimate, Scalability
from slo.capacity.region import Region, region

Array = NDArray[np.float64]

FEWEST = 5
"""Steps that a fit of three figures needs to say anything of its own doubt."""
_APART = 1.5
_CURVE_POINTS = 60
_REACHED = 0.98
"""N* counts as reached when some step had this share of it in flight."""


class Point(NamedTuple):
    """A step: requests in the service and answers a second."""

    in_flight: float
    per_s: float


class Fit(NamedTuple):
    """The law's a, b and c, and the unit of time in which they are told, in seconds."""

    parts: Region
    scale: float


def fit(points: Sequence[Point], confidence: float = 0.95) -> Fit | None:
    """The law through ``points``; None where they are too few or all alike."""
    number = np.array([point.in_flight for point in points], dtype=np.float64)
    times = number / np.array([point.per_s for point in points], dtype=np.float64)
    if len(points) < FEWEST or number.max() < _APART * number.min():
        return None
    scale = float(np.median(times))
    basis = np.column_stack([np.ones_like(number), number, number * (number - 1)])
    return Fit(region(basis, times / scale, confidence), scale)


def scalability(points: Sequence[Point], confidence: float = 0.95) -> Scalability | None:
    """The fit in words and figures; None where ``points`` carry none."""
    found = fit(points, confidence)
    if found is None:
        return None
    least, most = min(point.in_flight for point in points), max(point.in_flight for point in points)
    figures = {name: _estimate(found, figure) for name, figure in _FIGURES.items()}
    coherency, peak = figures["coherency"], figures["peak_in_flight"]
    falls = bool((coherency.low or 0) > 0 and peak.value is not None and most >= _REACHED * peak.value)
    return Scalability(
        **figures,
        retrograde=falls,
        reading=_reading(figures, most, falls=falls),
        steps=len(points),
        residual=found.parts.residual,
        curve=_curve(found, least, most),
    )


def _gamma(parts: Array, scale: float) -> Array:
    return np.asarray(1 / (parts[:, 0] + parts[:, 1]) / scale, dtype=np.float64)


def _alpha(parts: Array, scale: float) -> Array:
    return np.asarray(parts[:, 1] / (parts[:, 0] + parts[:, 1]), dtype=np.float64)


def _beta(parts: Array, scale: float) -> Array:
    return np.asarray(parts[:, 2] / (parts[:, 0] + parts[:, 1]), dtype=np.float64)


def _peak_in_flight(parts: Array, scale: float) -> Array:
    return np.asarray(np.sqrt(parts[:, 0] / parts[:, 2]), dtype=np.float64)


def _peak(parts: Array, scale: float) -> Array:
    """X(N*) = 1 / (b + 2√(ac) − c); without c its limit 1/b. A peak below one request in flight is that at one."""
    a, b, c = parts.T
    return np.asarray(np.where(c > a, 1 / (a + b), 1 / (b + 2 * np.sqrt(a * c) - c)) / scale, dtype=np.float64)


def _knee_in_flight(parts: Array, scale: float) -> Array:
    """Where R = 2N·R′, which maximises X/R: 3cN² + (b − c)N − a = 0."""
    a, b, c = parts.T
    slope = b - c
    divisor = slope + np.sqrt(slope**2 + 12 * a * c)
    return np.asarray(2 * a / divisor, dtype=np.float64)


def _knee(parts: Array, scale: float) -> Array:
    number = _knee_in_flight(parts, scale)
    a, b, c = parts.T
    with np.errstate(divide="ignore", invalid="ignore"):
        at_knee = number / (a + b * number + c * number * (number - 1)) / scale
    return np.where(np.isfinite(number), at_knee, np.inf)


_FIGURES: dict[str, Callable[[Array, float], Array]] = {
    "contention": _alpha,
    "coherency": _beta,
    "single_per_s": _gamma,
    "peak_in_flight": _peak_in_flight,
    "peak_per_s": _peak,
    "knee_in_flight": _knee_in_flight,
    "knee_per_s": _knee,
}


def _estimate(found: Fit, figure: Callable[[Array, float], Array]) -> Estimate:
    with np.errstate(divide="ignore", invalid="ignore"):
        values = figure(found.parts.allowed, found.scale)
    values = np.where(np.isnan(values), np.inf, values)
    return Estimate(value=_finite(values[0]), low=_finite(values.min()), high=_finite(values.max()))


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _curve(found: Fit, least: float, most: float) -> tuple[CurvePoint, ...]:
    numbers = np.geomspace(least, most * 1.25, _CURVE_POINTS)
    basis = np.column_stack([np.ones_like(numbers), numbers, numbers * (numbers - 1)])
    with np.errstate(divide="ignore", invalid="ignore"):
        rates = numbers / np.maximum(found.parts.allowed @ basis.T, 1e-300) / found.scale
    best, low, high = rates[0], rates.min(axis=0), rates.max(axis=0)
    return tuple(
        CurvePoint(in_flight=float(n), per_s=float(x), low_per_s=float(lowest), high_per_s=float(highest))
        for n, x, lowest, highest in zip(numbers, best, low, high, strict=True)
        if math.isfinite(highest)
    )


def _reading(figures: dict[str, Estimate], most: float, *, falls: bool) -> str:
    """What the data identify, so that nobody reads a number where there is only a bound."""
    coherency, peak = figures["coherency"], figures["peak_in_flight"]
    if falls and peak.value is not None:
        return f"Throughput falls again beyond {peak.value:.3g} requests in flight."
    if figures["peak_per_s"].high is None:
        return "The steps stay too far from saturation to tell a highest throughput; take it for a lower bound."
    bound = "" if coherency.high is None else f" β is at most {coherency.high:.2g}."
    if (coherency.low or 0) > 0 and peak.value is not None:
        return (
            f"The curve bends towards a peak at {peak.value:.3g} requests in flight, which no step reached "
            f"({most:.3g} at most): that peak is extrapolated."
        )
    return f"No step shows throughput falling, so β and a peak N* are not identified.{bound}"
