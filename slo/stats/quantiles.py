"""Quantiles and medians with intervals that suppose no shape of the distribution."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy import stats

from slo.histogram import Histogram
from slo.stats.values import Estimate, Interval


def quantile_interval(histogram: Histogram, fraction: float, effective: float, confidence: float) -> Interval:
    """An interval for the quantile at ``fraction`` that supposes no shape of the distribution.

    With n independent values, the number of those below the true quantile is Binomial(n, q), so the order
    statistics at the ranks l = Bin⁻¹(α/2; n, q) and u = Bin⁻¹(1 − α/2; n, q) + 1 enclose it with at least the
    wanted confidence. Below n values both ranks scale to the histogram's count. A rank outside of the values
    gives the shortest or the longest of them, which then is no real bound.

    Source: W. J. Conover, Practical Nonparametric Statistics, 3rd edition, section 3.2; R. S. Woodruff,
    Confidence intervals for medians and other position measures, JASA 47 (1952), for the effective number.
    """
    number = max(int(effective), 1)
    tail = (1 - confidence) / 2
    low_rank = float(stats.binom.ppf(tail, number, fraction))
    high_rank = float(stats.binom.ppf(1 - tail, number, fraction)) + 1
    return Interval(
        histogram.quantile(min(max(low_rank, 1) / number, 1.0)),
        histogram.quantile(min(high_rank / number, 1.0)),
    )


def median(values: Sequence[float], confidence: float) -> Estimate:
    """The median of ``values`` and an interval that supposes no shape of the distribution.

    Of n independent values, Binomial(n, ½) lie below the true median, so the l-th smallest and the l-th largest
    enclose it with at least the wanted confidence for l = Bin⁻¹(α/2; n, ½). Too few values for any such l give an
    endless interval. A few values that are far off, as a busy machine gives them, move neither.

    Source: W. J. Conover, Practical Nonparametric Statistics, 3rd edition, section 3.2.
    """
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    number = len(ordered)
    rank = int(stats.binom.ppf((1 - confidence) / 2, number, 0.5))
    middle = float(np.median(ordered))
    if rank < 1:
        return Estimate(middle, -math.inf, math.inf)
    return Estimate(middle, float(ordered[rank - 1]), float(ordered[number - rank]))
