"""What no single gate could see: steps and drifts below the budgets, found over many duels.

Which test finds what, with p ≤ 0.001 for each search:

    anchored stretches    levels, each measured afresh: change points (`slo.stats.change_points`); where a straight
                          line explains them better than the steps do, they are called a drift
    chains, one entry     a step whose ratio stands out of the noise of all, and whose own interval excludes none
    chains, many          runs of steps whose sum is too large for chance: signs are flipped, as a duel of equal builds
                          is as likely to say +x as −x, and nothing else is supposed
    exact metrics         every change is real; told are those of 0.5 % and more, alone or together
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

from slo.duel.metrics import Design
from slo.duel.model import Outcome
from slo.history.levels import Kind, Point, Series, Stretch
from slo.stats.change_points import change_points

P = 0.001
FLIPS = 4999
BATCH = 500
SHORTEST_RUN = 5
LONGEST_STRETCH = 300
"""So many of the latest points are searched."""
LEAST_EXACT = 0.005
_NORMAL = 1.4826
"""Median of absolute deviations to standard deviation, for normal noise."""
_TOLD = {Outcome.FAILED, Outcome.ACCEPTED}


class Form(StrEnum):
    """How a level changed."""

    STEP = "step"
    DRIFT = "drift"


class Change(NamedTuple):
    """The level changed from point ``first`` to point ``last`` of the series, both included."""

    form: Form
    first: int
    last: int
    size: float
    """Of the level's logarithm, or of the share."""
    p: float
    told: bool
    """Whether the gate has failed it, or somebody has accepted it."""
    worse: bool


def changes(series: Series, random: np.random.Generator) -> tuple[Change, ...]:
    """All changes of ``series``, in their order."""
    found: list[Change] = []
    for stretch in series.stretches:
        latest = stretch._replace(
            begins=stretch.begins + max(len(stretch.points) - LONGEST_STRETCH, 0),
            points=stretch.points[-LONGEST_STRETCH:],
        )
        if series.metric.design is Design.EXACT:
            found += _exact(latest, series)
        elif latest.kind is Kind.ANCHORED:
            found += _anchored(latest, series, random)
        else:
            found += _chained(latest, series, random)
    return tuple(sorted(found, key=lambda change: (change.first, change.last)))


def drifts(found: Sequence[Change]) -> tuple[Change, ...]:
    """Those to warn of: for the worse, and not told by a gate."""
    return tuple(change for change in found if change.worse and not change.told)


def _change(series: Series, form: Form, begins: int, first: int, last: int, size: float, p: float) -> Change:
    first, last = begins + first, begins + last
    told = form is Form.STEP and series.points[first].outcome in _TOLD
    return Change(form, first, last, size, p, told, worse=(size < 0) is series.metric.higher_is_better)


def _exact(stretch: Stretch, series: Series) -> list[Change]:
    anchored = stretch.kind is Kind.ANCHORED
    levels = np.array([point.level for point in stretch.points])
    steps = np.diff(levels, prepend=levels[0] - stretch.points[0].step) if anchored else _steps(stretch.points)
    large = [index for index, step in enumerate(steps) if abs(step) >= LEAST_EXACT]
    found = [_change(series, Form.STEP, stretch.begins, index, index, float(steps[index]), 0.0) for index in large]
    small = np.where(np.abs(steps) < LEAST_EXACT, steps, 0.0)
    moved = np.flatnonzero(small)
    if len(moved) > 1 and abs(small.sum()) >= LEAST_EXACT:
        ends = int(moved[0]), int(moved[-1])
        found.append(_change(series, Form.DRIFT, stretch.begins, *ends, float(small.sum()), 0.0))
    return found


def _anchored(stretch: Stretch, series: Series, random: np.random.Generator) -> list[Change]:
    levels = np.array([point.level for point in stretch.points])
    points = change_points(list(levels), p=P, random=random)
    if not points:
        return []
    slope, rest = _line(levels)
    places = [place for place, _, _, _ in points]
    stairs = sum(float(np.square(part - part.mean()).sum()) for part in np.split(levels, places))
    number = len(levels)
    # A staircase has a level and a place for each step; a line has one slope.
    line_costs = number * math.log(max(rest, 1e-30) / number) + 2 * math.log(number)
    stair_costs = number * math.log(max(stairs, 1e-30) / number) + (2 * len(points) + 1) * math.log(number)
    if line_costs < stair_costs:
        worst = max(point.p for point in points)
        return [_change(series, Form.DRIFT, stretch.begins, 0, number - 1, slope * (number - 1), worst)]
    return [
        _change(series, Form.STEP, stretch.begins, place, place, after - before, p)
        for place, before, after, p in points
    ]


def _line(levels: NDArray[np.float64]) -> tuple[float, float]:
    """Slope of the straight line through ``levels``, and what squares it leaves."""
    places = np.arange(len(levels), dtype=np.float64)
    slope, begin = np.polyfit(places, levels, 1)
    return float(slope), float(np.square(levels - begin - slope * places).sum())


def _chained(stretch: Stretch, series: Series, random: np.random.Generator) -> list[Change]:
    steps = _steps(stretch.points)
    found = []
    noise = _noise(stretch.points)
    for index, point in enumerate(stretch.points):
        p = _alone(point, noise, len(steps))
        if p <= P:
            found.append(_change(series, Form.STEP, stretch.begins, index, index, point.step, p))
            steps[index] = 0.0
    while (run := _run(steps, random)) is not None:
        first, last, p = run
        size = float(steps[first : last + 1].sum())
        found.append(_change(series, Form.DRIFT, stretch.begins, first, last, size, p))
        steps[first : last + 1] = 0.0
    return found


def _steps(points: Sequence[Point]) -> NDArray[np.float64]:
    return np.array([point.step for point in points])


def _noise(points: Sequence[Point]) -> tuple[float, float]:
    """Standard deviation of a step where nothing changes, with its degrees of freedom: the larger of two estimates.

    One is how much launches of one duel differ, pooled over all duels; the other how much steps differ from their
    median, which also sees what all launches of a duel have in common and is blind to a steady drift.
    """
    steps = _steps(points)
    between = _NORMAL * float(np.median(np.abs(steps - np.median(steps)))) if len(steps) >= SHORTEST_RUN else 0.0
    known = [(point.variance, point.launches - 1) for point in points if not math.isnan(point.variance)]
    degrees = sum(each for _, each in known)
    within = math.sqrt(sum(variance * each for variance, each in known) / degrees) if degrees else 0.0
    # A median of absolute deviations knows as much as 0.37 as many values would.
    return (between, 0.37 * len(steps)) if between > within else (within, float(degrees))


def _alone(point: Point, noise: tuple[float, float], number: int) -> float:
    """p that one of ``number`` steps stands out as far as this one; 1 where its own interval holds 0."""
    deviation, degrees = noise
    if point.low is None or point.high is None or point.low <= 0 <= point.high or deviation == 0 or degrees < 1:
        return 1.0
    return min(1.0, number * 2 * float(special.stdtr(degrees, -abs(point.step) / deviation)))


def _run(steps: NDArray[np.float64], random: np.random.Generator) -> tuple[int, int, float] | None:
    """The run of ``steps`` with the largest |sum| / √length, if at most ``P`` of flipped series have one as large."""
    if len(steps) < SHORTEST_RUN or not steps.any():
        return None
    strengths, first, last = _runs(steps[np.newaxis])
    strength = float(strengths[0])
    stronger, drawn = 0, 0
    while drawn < FLIPS and (stronger + 1) / (FLIPS + 1) <= P:
        signs = random.choice((-1.0, 1.0), size=(min(BATCH, FLIPS - drawn), len(steps)))
        stronger += int(np.count_nonzero(_runs(signs * steps)[0] >= strength * (1 - 1e-9)))
        drawn += len(signs)
    p = (stronger + 1) / (drawn + 1)
    return (int(first[0]), int(last[0]), p) if p <= P else None


def _runs(rows: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.intp], NDArray[np.intp]]:
    """Of every row the strongest run: its |sum| / √length, its first and its last place."""
    sums = np.concatenate((np.zeros((len(rows), 1)), rows.cumsum(axis=1)), axis=1)
    best = np.full(len(rows), -1.0)
    firsts, lasts = np.zeros(len(rows), dtype=np.intp), np.zeros(len(rows), dtype=np.intp)
    number = np.arange(len(rows))
    for length in _lengths(rows.shape[1]):
        strength = np.abs(sums[:, length:] - sums[:, :-length]) / math.sqrt(length)
        place = strength.argmax(axis=1)
        value = strength[number, place]
        better = value > best
        best = np.where(better, value, best)
        firsts, lasts = np.where(better, place, firsts), np.where(better, place + length - 1, lasts)
    return best, firsts, lasts


def _lengths(number: int) -> list[int]:
    """Lengths of runs that are looked at: each a quarter longer than the one before, and all of them."""
    lengths = [SHORTEST_RUN]
    while lengths[-1] * 1.25 < number:
        lengths.append(math.ceil(lengths[-1] * 1.25))
    return sorted({*lengths, number})
