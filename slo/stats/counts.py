"""Counted failures of two sides, rare ones too."""

from __future__ import annotations

import math

from scipy import special, stats

from slo.stats.differences import difference
from slo.stats.values import Estimate


def more_bad(base_bad: int, base_total: int, head_bad: int, head_total: int) -> float:
    """How likely so many bad ones of the head are where both sides fail alike: one-sided p, Fisher's exact test.

    Given m = base_bad + head_bad in all, those of the head are hypergeometric: p = P(X ≥ head_bad), X of head_total
    drawn from N = base_total + head_total that hold m. Never too small, whatever the share; too large by up to half
    where m is a handful. It takes requests for independent: failures that come in bursts must be counted as bursts.

    Source: R. A. Fisher, The logic of inductive inference, Journal of the Royal Statistical Society 98 (1935).
    """
    _check(base_bad, base_total)
    _check(head_bad, head_total)
    everything = base_total + head_total
    return min(1.0, float(stats.hypergeom.sf(head_bad - 1, everything, base_bad + head_bad, head_total)))


def wilson(bad: float, total: float, confidence: float) -> Estimate:
    """A share and its score interval, which is right on average rather than at least right.

    With p = bad / n and z = Φ⁻¹(1 − α/2): (p + z²/2n ± z √(p(1 − p)/n + z²/4n²)) / (1 + z²/n).

    Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference, JASA 22 (1927).
    """
    _check(bad, total)
    share = bad / total
    z = float(special.ndtri(1 - (1 - confidence) / 2))
    shrink = 1 + z**2 / total
    middle = (share + z**2 / (2 * total)) / shrink
    margin = z * math.sqrt(share * (1 - share) / total + z**2 / (4 * total**2)) / shrink
    return Estimate(share, max(min(middle - margin, share), 0.0), min(max(middle + margin, share), 1.0))


def share_difference(base_bad: int, base_total: int, head_bad: int, head_total: int, confidence: float) -> Estimate:
    """The head's share of bad ones less the base's: `slo.stats.difference` of two `wilson` intervals.

    Source: R. G. Newcombe, Interval estimation for the difference between independent proportions, Statistics in
    Medicine 17 (1998), method 10.
    """
    return difference(wilson(base_bad, base_total, confidence), wilson(head_bad, head_total, confidence))


def _check(bad: float, total: float) -> None:
    if not 0 <= bad <= total or total <= 0:
        raise ValueError(f"{bad} of {total} is no share")
