"""Looking more than once: alpha is spent in parts, look by look, along a plan made before the first.

Of J planned looks, equally far apart, the first j may together raise a false alarm with probability
alpha · (j / J)^ρ. The bound between looks is the sum of the parts (Boole), which needs no joint distribution, so it
holds for ranks, for few launches, and for whatever the larger of two p values is. Its price against the exact bound is
small: two looks cost a factor of 2 in p, about 0.2 standard errors. ρ is 1: looks share alike, since most
duels end with their first, where the launches are few and p is dearest.

Source: K. K. G. Lan and D. L. DeMets, Discrete sequential boundaries for clinical trials, Biometrika 70 (1983);
K. Kim and D. L. DeMets, Design and analysis of group sequential tests based on the type I error spending rate
function, Biometrika 74 (1987), for the family of powers.
"""

from __future__ import annotations

RHO = 1.0
"""The power; 1 spends evenly, 3 keeps most for the last look."""


def spent(alpha: float, looks: int, look: int, *, rho: float = RHO) -> float:
    """How much of ``alpha`` is spent after ``look`` (from 1) of ``looks``: alpha · (look / looks)^ρ, all at the end."""
    if not 1 <= look <= looks:
        raise ValueError(f"look {look} is none of {looks}")
    return float(alpha * (look / looks) ** rho)


def share(looks: int, look: int, *, rho: float = RHO) -> float:
    """The part of alpha that is this look's own: `spent` of 1 up to it, less `spent` of 1 before it."""
    earlier = spent(1.0, looks, look - 1, rho=rho) if look > 1 else 0.0
    return spent(1.0, looks, look, rho=rho) - earlier


def adjusted_for_looks(p: float, looks: int, look: int, *, rho: float = RHO) -> float:
    """``p`` of one look, to be held against the whole alpha: min(1, p / `share`).

    p / share < alpha is p < share · alpha, and these bounds of all looks add up to alpha. ``looks`` is the planned
    number, also where fewer were needed. Apply it before `slo.stats.holm`.
    """
    return min(1.0, p / share(looks, look, rho=rho))
