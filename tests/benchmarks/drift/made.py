"""Series of which it is known when they change."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from slo.duel.model import Outcome
from slo.history.entries import Entry, Measure

NUMBER = 60
LAUNCHES = 6

Row = NDArray[np.float64]


class Shape(NamedTuple):
    """What the ln of a metric does over ``NUMBER`` commits, without noise; ``at`` is where it changes."""

    name: str
    noise: Callable[[np.random.Generator], Row]
    """Of each level, or of each ratio of a chain."""
    levels: Row
    at: int | None
    width: int = 5
    """So far from ``at`` a change point still counts."""


def white(size: float) -> Callable[[np.random.Generator], Row]:
    """Normal noise without memory."""
    return lambda random: random.normal(0.0, size, NUMBER)


def outliers(random: np.random.Generator) -> Row:
    """One per cent, and in one value of twenty five times as much."""
    return random.normal(0.0, 0.01, NUMBER) * np.where(random.random(NUMBER) < 0.05, 5.0, 1.0)


def remembering(random: np.random.Generator) -> Row:
    """One per cent, half of which is what it was before (AR(1), 0.5)."""
    fresh = random.normal(0.0, 0.01 * math.sqrt(0.75), NUMBER)
    row = np.empty(NUMBER)
    row[0] = random.normal(0.0, 0.01)
    for index in range(1, NUMBER):
        row[index] = 0.5 * row[index - 1] + fresh[index]
    return row


def step(size: float) -> Row:
    """A step after two thirds."""
    begun: Row = (np.arange(NUMBER) >= 2 * NUMBER // 3).astype(np.float64)
    return begun * math.log1p(size)


def ramp(size: float, number: int = 20) -> Row:
    """``number`` commits of ``size`` each, up to the last but ten."""
    begin = NUMBER - number - 10
    heights: Row = np.clip(np.arange(NUMBER, dtype=np.float64) - begin + 1, 0, number)
    return heights * math.log1p(size)


FLAT = np.zeros(NUMBER)
STEP, RAMP = 2 * NUMBER // 3, NUMBER - 20
LEVELS = (
    Shape("white noise of 1 %", white(0.01), FLAT, None),
    Shape("with outliers", outliers, FLAT, None),
    Shape("autocorrelated (0.5)", remembering, FLAT, None),
    *(Shape(f"step of {size:.0%}", white(0.01), step(size), STEP) for size in (0.01, 0.02, 0.03, 0.05)),
    Shape("step of 3 %, outliers", outliers, step(0.03), STEP),
    Shape("drift: 20 × 0.5 %", white(0.01), ramp(0.005), RAMP, 15),
    Shape("drift: 20 × 0.1 %", white(0.01), ramp(0.001), RAMP, 15),
)
"""Each commit against the same base: noise of 1 % each."""
CHAINS = (
    Shape("nothing, noise 0.4 %", white(0.004), FLAT, None),
    Shape("nothing, noise 1 %", white(0.01), FLAT, None),
    Shape("nothing, with outliers", outliers, FLAT, None),
    Shape("step of 2 %, noise 0.4 %", white(0.004), step(0.02), STEP),
    Shape("step of 3 %, noise 0.4 %", white(0.004), step(0.03), STEP),
    Shape("step of 3 %, noise 1 %", white(0.01), step(0.03), STEP),
    Shape("drift: 20 × 0.5 %, noise 0.4 %", white(0.004), ramp(0.005), RAMP, 15),
    Shape("drift: 20 × 0.5 %, noise 1 %", white(0.01), ramp(0.005), RAMP, 15),
    Shape("drift: 40 × 0.5 %, noise 0.4 %", white(0.004), ramp(0.005, 40), NUMBER - 30, 25),
)
"""Each commit against the one before it; the noise is that of a ratio."""


def entries(shape: Shape, random: np.random.Generator, *, chained: bool) -> tuple[Entry, ...]:
    """A history of ``shape``."""
    noise = shape.noise(random)
    steps = np.diff(shape.levels, prepend=0.0) if chained else shape.levels
    return tuple(
        entry(index, float(steps[index] + noise[index]), _spread(shape, random), chained=chained)
        for index in range(NUMBER)
    )


def entry(index: int, ratio: float, spread: Row, *, chained: bool, metric: str = "cpu-per-request") -> Entry:
    """The entry of the ``index``-th commit, whose launches lie around ``ratio`` = ln(head / base)."""
    error = 2.571 * float(spread.std(ddof=1)) / math.sqrt(len(spread))
    measure = Measure(
        metric,
        "",
        Outcome.PASSED,
        base=1.0,
        head=math.exp(ratio),
        change=math.expm1(ratio),
        low=math.expm1(ratio - error),
        high=math.expm1(ratio + error),
        launches=tuple(ratio + float(each) for each in (spread - spread.mean())),
    )
    return Entry(
        commit=f"{index + 1:08d}" + "0" * 32,
        base=f"{index if chained else 0:08d}" + "0" * 32,
        time=f"2026-01-01T00:{index // 60:02}:{index % 60:02}Z",
        machine="a" * 12,
        cpu="made",
        rhythm="full",
        outcome=Outcome.PASSED,
        measures=(measure,),
    )


def _spread(shape: Shape, random: np.random.Generator) -> Row:
    """How launches of one duel lie around their mean, so that the mean has the noise of ``shape``."""
    size = 0.004 if "0.4 %" in shape.name else 0.01
    return random.normal(0.0, size * math.sqrt(LAUNCHES), LAUNCHES)
