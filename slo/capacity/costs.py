"""What a request costs, and what an autoscaler should aim at.

CPU time grows by a fixed amount with each request and by a little that is there anyway: a straight line through the
carried steps (the utilisation law, U = idle + X · D) tells both. Source: P. J. Denning and J. P. Buzen, The operational
analysis of queueing network models, Computing Surveys 10 (1978).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from slo.capacity.model import Cost, Estimate, Scaling, Step, StepState

Array = NDArray[np.float64]

MILLION = 1e6
HOUR = 3600.0


def cost(
    steps: Sequence[Step], target: float, most: float, price_per_hour: float | None, confidence: float
) -> Cost | None:
    """What the carried ``steps`` say; ``target`` and ``most`` are rates a second. None where CPU time is not told."""
    known = [
        (step.answered_per_s, step.cpu_ms_per_request * step.answered_per_s / 1000)
        for step in steps
        if step.state in (StepState.CARRIED, StepState.TOO_FEW) and step.cpu_ms_per_request is not None
    ]
    if len(known) < 3 or len({rate for rate, _ in known}) < 3:
        return None
    rates, cores = np.array(known).T
    line, covariance = _line(rates, cores)
    factor = float(stats.t.ppf(1 - (1 - confidence) / 2, len(known) - 2))
    at_target = np.array([1.0, 1.0 / target])
    slope, per_request = float(line[0]), float(at_target @ line)
    return Cost(
        cpu_ms_per_request=_estimate(slope, factor * math.sqrt(covariance[0, 0]), 1000.0),
        idle_cores=max(float(line[1]), 0.0),
        cpu_s_per_million=_estimate(per_request, factor * math.sqrt(at_target @ covariance @ at_target), MILLION),
        price_per_hour=price_per_hour,
        money_per_million=_money(price_per_hour, target),
        money_per_million_at_capacity=_money(price_per_hour, most),
    )


def _line(rates: Array, cores: Array) -> tuple[Array, Array]:
    """Slope and intercept by weighted least squares, and their covariance.

    A busy step varies more than an idle one, in proportion to its use.
    """
    weights = 1 / np.maximum(cores, cores.max() / 100) ** 2
    design = np.column_stack([rates, np.ones_like(rates)])
    inverse = np.linalg.inv(design.T @ (design * weights[:, None]))
    line = inverse @ design.T @ (cores * weights)
    squares = float((weights * np.square(cores - design @ line)).sum())
    return line, inverse * squares / (len(rates) - 2)


def _money(price_per_hour: float | None, rate: float) -> float | None:
    return None if price_per_hour is None else price_per_hour / HOUR / rate * MILLION


def _estimate(value: float, margin: float, unit: float) -> Estimate:
    return Estimate(value=value * unit, low=max(value - margin, 0.0) * unit, high=(value + margin) * unit)


def scaling(steps: Sequence[Step], knee: float | None, safe: float, workers: int) -> Scaling:
    """What to keep one replica at: ``knee``, or ``safe``, the low end of what is sustainable, if that is less."""
    below = knee is not None and knee <= safe
    target = knee if knee is not None and below else safe
    nearest = min(steps, key=lambda step: abs(math.log(step.offered_per_s / target)))
    part = target / nearest.offered_per_s
    shares = [use.share for use in nearest.uses if use.resource in ("worker", "workers", "cores")]
    return Scaling(
        target_per_s=target,
        rests_on="the knee" if below else "the sustainable rate",
        workers=workers,
        target_per_s_per_worker=target / workers,
        target_utilisation=max(shares) * part if shares else None,
        target_in_flight=nearest.in_flight * part,
    )
