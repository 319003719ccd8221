"""Where values lie that are differences of pairs, by their ranks: one wild window moves neither figure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

EXACT_UP_TO = 50
"""Values whose signed ranks are counted out; beyond, the normal distribution is near enough."""


def hodges_lehmann(values: Sequence[float] | NDArray[np.float64]) -> float:
    """The middle of ``values``: the median of the Walsh averages (xᵢ + xⱼ) / 2 over all i ≤ j.

    It stands still until 29 % of the values are wild, and has 95.5 % of the precision of the mean where the values are
    normal (the median has 64 %). Exact; n values cost n² / 2 averages.

    Source: J. L. Hodges and E. L. Lehmann, Estimates of location based on rank tests, Annals of Mathematical
    Statistics 34 (1963).
    """
    data = np.asarray(values, dtype=np.float64)
    if len(data) == 0:
        raise ValueError("no values have no middle")
    sums = np.add.outer(data, data)[_lower_triangle(len(data))]
    return float(np.median(sums)) / 2


def signed_rank(values: Sequence[float], *, shift: float = 0.0) -> float:
    """How likely so many high ranks are where ``values`` lie symmetrically about ``shift`` or below it: one-sided p.

    The distances |xᵢ − shift| are ranked, equal ones sharing the mean of their ranks, and W is the sum of the ranks
    above ``shift``. Values at ``shift`` take the lowest ranks and then leave (Pratt). Up to 50 values p = P(W' ≥ W)
    over all 2ⁿ choices of signs, also with ties; beyond, z = (W − ½ − Σr/2) / √(Σr²/4) is taken as normal. Without a
    value off ``shift`` p is 1.

    Source: F. Wilcoxon, Individual comparisons by ranking methods, Biometrics Bulletin 1 (1945); J. W. Pratt, Remarks
    on zeros and ties in the Wilcoxon signed rank procedures, JASA 54 (1959).
    """
    data = np.asarray(values, dtype=np.float64) - shift
    ranks = stats.rankdata(np.abs(data))
    away = data != 0
    ranks, above = ranks[away], data[away] > 0
    if len(ranks) == 0:
        return 1.0
    total = float(ranks[above].sum())
    if len(ranks) > EXACT_UP_TO:
        spread = math.sqrt(float(np.square(ranks).sum()) / 4)
        return float(special.ndtr(-(total - 0.5 - float(ranks.sum()) / 2) / spread))
    doubled = np.sort(np.rint(2 * ranks).astype(np.int64))
    return float(_sign_choices(tuple(doubled.tolist()))[round(2 * total) :].sum())


@lru_cache(maxsize=256)
def _lower_triangle(number: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    return np.tril_indices(number)


@lru_cache(maxsize=256)
def _sign_choices(ranks: tuple[int, ...]) -> NDArray[np.float64]:
    """How likely each sum is when every one of ``ranks`` counts or not by the toss of a coin."""
    likely = np.zeros(sum(ranks) + 1)
    likely[0] = 1.0
    for rank in ranks:
        shifted = np.zeros_like(likely)
        shifted[rank:] = likely[:-rank]
        likely = (likely + shifted) / 2
    return likely
