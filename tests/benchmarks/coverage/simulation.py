"""How often intervals hold the truth, and tests cry wolf, over many drawn duels and series."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from slo.stats import LaunchSpread, change_points, cluster_p, two_level_interval
from tests.benchmarks.coverage.designs import LAUNCH_SD, Design
from tests.benchmarks.coverage.rivals import bootstrap

CONFIDENCE = 0.95
PRIOR_DEGREES = 8.0
"""Of the simulated machine: variances between launches differ from run to run by a factor of 2 or so."""


class Held(NamedTuple):
    """Shares of duels whose interval held the truth, mean widths, and the shares of false alarms at p < 0.01."""

    design: Design
    student: float
    student_width: float
    moderated: float
    moderated_width: float
    resampled: float
    resampled_width: float
    alarms: float
    moderated_alarms: float


class Steps(NamedTuple):
    """Series of ``length`` values that alarmed, with a step of ``size`` standard deviations ``after`` values on."""

    length: int
    size: float
    last: int
    alarmed: float


def held(design: Design, runs: int, random: np.random.Generator) -> Held:
    """``runs`` duels of ``design`` between equals.

    The prior is the true usual variance, and the launches' own varies about it as Smyth's model supposes, so that a
    moderated interval meets machines that are quieter or louder today.
    """
    usual = LAUNCH_SD**2 + math.pi / 3 * design.window_sd**2 / design.windows
    prior = LaunchSpread(usual, PRIOR_DEGREES)
    rows = []
    for _ in range(runs):
        duel = design.drawn(random)
        today = math.sqrt(PRIOR_DEGREES / random.chisquare(PRIOR_DEGREES))
        restless = [today * launch for launch in duel]
        student, moderated = two_level_interval(duel, CONFIDENCE), two_level_interval(restless, CONFIDENCE, prior=prior)
        low, high = bootstrap(duel, CONFIDENCE, random)
        rows.append(
            (
                student.low <= 0 <= student.high,
                student.high - student.low,
                moderated.low <= 0 <= moderated.high,
                moderated.high - moderated.low,
                low <= 0 <= high,
                high - low,
                cluster_p(duel) < 0.01,
                cluster_p(restless, prior=prior) < 0.01,
            )
        )
    return Held(design, *np.asarray(rows, dtype=np.float64).mean(axis=0).tolist())


def steps(length: int, size: float, last: int, runs: int, random: np.random.Generator, p: float = 0.001) -> Steps:
    """``runs`` series of white noise whose ``last`` values lie ``size`` standard deviations higher."""
    alarmed = 0
    for _ in range(runs):
        series = random.normal(size=length)
        series[length - last :] += size
        alarmed += bool(change_points(series.tolist(), p=p, random=random))
    return Steps(length, size, last, alarmed / runs)
