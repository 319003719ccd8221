"""Ratios of measurements that were taken in pairs."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

from slo.stats.values import Estimate


def mean_ratio(ratios: Sequence[float], confidence: float) -> Estimate:
    """The ratio behind ``ratios`` of paired measurements, all above 0: their geometric mean.

    With the logarithms lᵢ = ln rᵢ, their mean m and standard deviation s: exp(m ± t_{n−1}(1 − α/2) · s / √n).
    Pairs that lie close together in time share what the machine does to both, which their ratio takes out. A single
    ratio has no interval: its ends are 0 and infinity.

    Source: A. Georges, D. Buytaert and L. Eeckhout, Statistically rigorous Java performance evaluation, OOPSLA
    (2007); logarithms because a ratio and its inverse must say the same.
    """
    logarithms = np.log(np.asarray(ratios, dtype=np.float64))
    number = len(logarithms)
    mean = float(logarithms.mean())
    if number < 2:
        return Estimate(math.exp(mean), 0.0, math.inf)
    margin = float(stats.t.ppf(1 - (1 - confidence) / 2, number - 1) * logarithms.std(ddof=1) / math.sqrt(number))
    return Estimate(math.exp(mean), math.exp(mean - margin), math.exp(mean + margin))
