"""From kept gates and what was drawn from them to one calibration."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import median

import numpy as np

from slo.calibration.gates import equal_builds
from slo.calibration.model import CONFIDENCE, Calibration, Gate, Leaning, Planted, Power, Spread, Tally
from slo.calibration.pool import Key, key_of
from slo.calibration.resampling import Resampled
from slo.duel.model import Outcome, Samples
from slo.stats import centres, launch_spread, two_level_interval

FEWEST_LAUNCHES = 2


def calibrated(
    gates: Sequence[Gate],
    found: Resampled,
    *,
    looks: tuple[int, ...],
    budgets: Mapping[str, float],
    kept_spreads: Sequence[Spread],
    seed: int,
) -> Calibration:
    """All that is known, of ``gates`` (one of them at least between equal builds) and of those drawn from them."""
    equal = [gate for gate in gates if gate.planted.is_nothing and gate.is_judged]
    latest = max(equal, key=lambda gate: gate.samples.started_at).samples
    return Calibration(
        machine=latest.machine,
        measured_on=latest.started_at[:10],
        rhythm=latest.rhythm,
        plan=latest.plan,
        looks=looks,
        budgets=dict(budgets),
        minutes=median(gate.samples.seconds for gate in equal) / 60,
        real=tally(equal),
        refused=sum(not gate.is_judged for gate in gates),
        resampled=found.equal,
        planted=planted_power(gates),
        power=found.power,
        spreads=tuple(kept_spreads),
        leanings=leanings([gate.samples for gate in equal]),
        seed=seed,
    )


def tally(gates: Sequence[Gate]) -> Tally:
    """What ``gates`` said."""
    outcomes = [gate.ruling.outcome for gate in gates]
    return Tally(
        gates=len(gates), failed=outcomes.count(Outcome.FAILED), undecided=outcomes.count(Outcome.INCONCLUSIVE)
    )


def planted_power(gates: Sequence[Gate]) -> tuple[Power, ...]:
    """How many of the real gates with a planted slowdown failed in the metric that it was meant for."""
    judged = [gate for gate in gates if gate.is_judged and not gate.planted.is_nothing]
    kinds: dict[Planted, list[Gate]] = {}
    for gate in judged:
        kinds.setdefault(gate.planted, []).append(gate)
    return tuple(
        Power(planted=planted, found=sum(planted.metric in gate.ruling.failed for gate in same), gates=len(same))
        for planted, same in kinds.items()
    )


def spreads_of(gates: Sequence[Gate], launches: int) -> tuple[Spread, ...]:
    """How far launches lie apart, of the first ``launches`` of every gate between equal builds.

    Series that lack a launch, or whose launches agree to the last digit, are left out.
    """
    variances: dict[Key, list[float]] = {}
    for gate in equal_builds(gates):
        for series in gate.series:
            centre = centres(series.launches[:launches])
            if len(centre) == launches >= FEWEST_LAUNCHES and np.ptp(centre) > 0:
                variances.setdefault(key_of(series), []).append(float(np.var(centre, ddof=1)))
    return tuple(_spread(key, found, launches - 1) for key, found in variances.items() if len(found) > 1)


def leanings(equal: Sequence[Samples]) -> tuple[Leaning, ...]:
    """What each metric says on average where nothing was changed, a gate being one value: the mean of its launches."""
    means: dict[Key, list[float]] = {}
    for samples in equal:
        for series in samples.series:
            if any(series.launches):
                means.setdefault(key_of(series), []).append(float(centres(series.launches).mean()))
    return tuple(_leaning(key, found) for key, found in means.items() if len(found) > 1)


def _leaning(key: Key, means: Sequence[float]) -> Leaning:
    change, low, high = (math.expm1(end) for end in two_level_interval([[mean] for mean in means], CONFIDENCE))
    return Leaning(metric=key[0], workload=key[1], change=change, low=low, high=high)


def _spread(key: Key, variances: Sequence[float], degrees: int) -> Spread:
    found = launch_spread(variances, degrees)
    endless = math.isinf(found.degrees)
    return Spread(metric=key[0], workload=key[1], variance=found.variance, degrees=None if endless else found.degrees)
