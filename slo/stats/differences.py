"""By how much one measurement differs from another, each with an interval of its own."""

from __future__ import annotations

import math

from slo.stats.values import Estimate


def difference(base: Estimate, other: Estimate) -> Estimate:
    """``other`` − ``base``, from independent measurements whose intervals have the same confidence.

    With d = other − base: low = d − √((other − other.low)² + (base.high − base)²), high = d + √((other.high − other)² +
    (base − base.low)²). Neither interval need be symmetric; an end at infinity makes that end infinite.

    Source: G. Y. Zou and A. Donner, Construction of confidence limits about effect measures: a general approach,
    Statistics in Medicine 27 (2008), there for many measures and known as MOVER.
    """
    value = other.value - base.value
    down = math.hypot(other.value - other.low, base.high - base.value)
    up = math.hypot(other.high - other.value, base.value - base.low)
    return Estimate(value, value - down, value + up)


def growth(base: Estimate, other: Estimate) -> Estimate:
    """``other`` / ``base`` − 1 of figures above 0: `difference` of their logarithms, so that no unit matters.

    exp(ln other − ln base) − 1, and its ends likewise.

    Source: Zou and Donner (2008), section 4, for ratios by the logarithms of what they are of.
    """
    value, low, high = difference(_logarithm(base), _logarithm(other))
    return Estimate(math.expm1(value), math.expm1(low), math.expm1(high))


def _logarithm(estimate: Estimate) -> Estimate:
    low = math.log(estimate.low) if estimate.low > 0 else -math.inf
    return Estimate(math.log(estimate.value), low, math.log(estimate.high))
