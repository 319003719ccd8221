"""The interval that resampling gives, to show what it misses with few launches."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from slo.stats import Interval


def bootstrap(
    launches: Sequence[NDArray[np.float64]], confidence: float, random: np.random.Generator, draws: int = 400
) -> Interval:
    """Launches drawn with replacement, windows within each likewise; the quantiles of their means.

    Source: A. C. Davison and D. V. Hinkley, Bootstrap Methods and their Application (1997), section 3.8.
    """
    table = np.stack(launches)
    number, windows = table.shape
    chosen = random.integers(number, size=(draws, number, 1))
    means = table[chosen, random.integers(windows, size=(draws, number, windows))].mean(axis=(1, 2))
    tail = (1 - confidence) / 2
    low, high = np.quantile(means, (tail, 1 - tail))
    return Interval(float(low), float(high))
