"""Where latency leaves its floor, by the steps alone: the elbow of mean time over rate, found by Kneedle.

Both axes are scaled to 0…1; the elbow of a convex rising curve is where it lies farthest below its chord. It needs no
model, and in return it depends on where the steps end, so only steps whose answers followed their arrivals take part.
The interval is a percentile bootstrap over blocks of seconds within each step, widened to the neighbouring steps: the
elbow is one of the rates that were tried, and the truth lies somewhere between that one and the next.

Sources: V. Satopää, J. Albrecht, D. Irwin and B. Raghavan, Finding a “Kneedle” in a Haystack, ICDCS workshops (2011);
H. R. Künsch, The jackknife and the bootstrap for general stationary observations, Annals of Statistics 17 (1989).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from slo import stats
from slo.capacity.model import Estimate

FEWEST = 4
"""Steps below which a chord says nothing."""
_RESAMPLES = 500
_DISTINCT = 0.05
"""How far below the chord the elbow must lie, of the height; a straight rise has none."""

Array = NDArray[np.float64]


class Seconds(NamedTuple):
    """A step by the second: right answers, and the time that they took altogether."""

    rate: float
    answers: Array
    time: Array


def kneedle(rates: Array, times: Array) -> float | None:
    """The rate of the elbow; None where the curve has none."""
    if len(rates) < FEWEST or np.ptp(rates) <= 0 or np.ptp(times) <= 0:
        return None
    order = np.argsort(rates)
    across = (rates[order] - rates.min()) / np.ptp(rates)
    up = (times[order] - times.min()) / np.ptp(times)
    below = across - up
    elbow = int(np.argmax(below))
    return float(rates[order][elbow]) if below[elbow] > _DISTINCT else None


def elbow(steps: Sequence[Seconds], confidence: float, random: np.random.Generator) -> Estimate:
    """Kneedle's elbow of ``steps``, and its interval."""
    usable = [step for step in steps if step.answers.sum() > 0]
    if len(usable) < FEWEST:
        return Estimate(value=None, low=None, high=None)
    rates = np.array([step.rate for step in usable])
    found = kneedle(rates, np.array([step.time.sum() / step.answers.sum() for step in usable]))
    if found is None:
        return Estimate(value=None, low=None, high=None)
    resampled = np.column_stack([_resampled(step, random) for step in usable])
    elbows = [elbow for times in resampled if (elbow := kneedle(rates, times)) is not None]
    tail = (1 - confidence) / 2
    low, high = np.quantile([found, *elbows], [tail, 1 - tail])
    below, above = rates[rates < low], rates[rates > high]
    return Estimate(
        value=found,
        low=float(below.max()) if below.size else float(low),
        high=float(above.min()) if above.size else None,
    )


def _resampled(step: Seconds, random: np.random.Generator) -> Array:
    """Mean times of the step, each from as many of its blocks, drawn with replacement."""
    length = stats.block_length(len(step.answers))
    answers, time = stats.blocks(step.answers, length), stats.blocks(step.time, length)
    drawn = random.integers(0, len(answers), size=(_RESAMPLES, len(answers)))
    return np.asarray(time[drawn].sum(axis=1) / np.maximum(answers[drawn].sum(axis=1), 1.0), dtype=np.float64)
