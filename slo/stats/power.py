"""What a design is able to see: the smallest change that it finds."""

from __future__ import annotations

import math

import numpy as np
from scipy import optimize, special

RANK_PRICE = math.pi / 3
"""How much larger the variance of a Hodges-Lehmann estimate is than that of the mean of as many normal values."""
STEPS = 512
"""Points of the integral over what spread the launches happen to show."""


def smallest_change(
    launch_sd: float,
    window_sd: float,
    launches: int,
    windows: int,
    alpha: float,
    power: float,
    *,
    budget: float = 0.0,
    prior_degrees: float = 0.0,
) -> float:
    """The smallest location, as ln(head / base), which `slo.stats.cluster_p` < ``alpha`` finds with this ``power``.

    With σ² = (launch_sd² + π/3 · window_sd² / windows) / launches, d = launches − 1 + prior_degrees and
    c = t_d(1 − alpha), the estimate must exceed c · s and the ``budget``, s² being σ² χ²_d / d by chance: the change is
    the δ of E[Φ((δ − max(c · s, budget)) / σ)] = power, an integral over χ²_d. Infinite below two launches.

    Source: the noncentral t of W. S. Gosset's test as in J. Cohen, Statistical Power Analysis for the Behavioral
    Sciences, 2nd edition, section 2.5, in integral form to hold the budget as well; π/3: Hodges and Lehmann (1963).
    """
    degrees = launches - 1 + prior_degrees
    if launches < 2 or windows < 1:
        return math.inf
    error = math.sqrt((launch_sd**2 + RANK_PRICE * window_sd**2 / windows) / launches)
    if error == 0:
        return max(budget, 0.0)
    points = (np.arange(STEPS) + 0.5) / STEPS
    shown = error * np.sqrt(2 * special.gammaincinv(degrees / 2, points) / degrees)
    bars = np.maximum(float(special.stdtrit(degrees, 1 - alpha)) * shown, budget)

    def missing(change: float) -> float:
        return float(special.ndtr((change - bars) / error).mean()) - power

    return float(optimize.brentq(missing, -10 * error, float(bars.max()) + 10 * error, xtol=1e-12))
