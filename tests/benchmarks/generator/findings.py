"""What was measured, and what follows from it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec
import numpy as np

from slo.histogram import Histogram
from slo.stats import Estimate, mean_ratio, median

OURS: Final = "ours"
FAST: Final = "FastHttpUser"
OPEN: Final = "ours, open model"
Form = Literal["ours", "FastHttpUser", "ours, open model"]
FORMS: tuple[Form, ...] = (OURS, FAST, OPEN)

GOAL = 2.5
"""How many times as many requests a core of the generator is to send as with `FastHttpUser`."""
TOLERANCE = 0.01
"""By so much a percentile may be off."""
SHORTEST_S = 50e-6
"""From here on percentiles are held to that."""
FRACTIONS = (0.5, 0.9, 0.99, 0.999)
_CONFIDENCE = 0.95


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """One stretch of load from one generator process."""

    form: Form
    number: int
    requests: int
    failures: int
    cpu_seconds: float
    seconds: float

    @property
    def per_cpu_second(self) -> float:
        """Requests for each second of processor time."""
        return self.requests / self.cpu_seconds

    @property
    def per_second(self) -> float:
        """Requests for each second on the clock."""
        return self.requests / self.seconds


class Percentile(msgspec.Struct, frozen=True, kw_only=True):
    """One percentile of the latencies of a run, told three times."""

    fraction: float
    exact_ms: float
    """Of all latencies, kept one by one."""
    recorded_ms: float
    """Of the run record."""
    locust_ms: float
    """Of Locust's own statistics."""

    @property
    def error(self) -> float:
        """How far the record is off, as a share of the exact value."""
        return abs(self.recorded_ms / self.exact_ms - 1.0)

    @property
    def locust_error(self) -> float:
        """How far Locust's statistics are off."""
        return abs(self.locust_ms / self.exact_ms - 1.0)


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """All of one run of the benchmark."""

    started_at: str
    machine: str
    python: str
    locust: str
    users: int
    block_seconds: float
    one_core: bool
    """Whether generator and server had to share a core."""
    blocks: tuple[Block, ...]
    percentiles: tuple[Percentile, ...]
    latencies: int
    """How many the percentiles are of."""


def ratio(measured: Measured, form: str = OURS, *, by: Literal["cpu", "clock"] = "cpu") -> Estimate:
    """How many times as many requests ``form`` sends as `FastHttpUser`, for a second of processor time or clock.

    Blocks of the same number are neighbours in time, and each pair gives a ratio (`slo.stats.mean_ratio`).
    """
    pairs = zip(_rates(measured, form, by), _rates(measured, FAST, by), strict=True)
    return mean_ratio([one / other for one, other in pairs], _CONFIDENCE)


def rate(measured: Measured, form: str, *, by: Literal["cpu", "clock"] = "cpu") -> Estimate:
    """Requests of ``form`` for a second of processor time or clock: the median block."""
    return median(_rates(measured, form, by), _CONFIDENCE)


def _rates(measured: Measured, form: str, by: Literal["cpu", "clock"]) -> list[float]:
    blocks = sorted((block for block in measured.blocks if block.form == form), key=lambda block: block.number)
    return [block.per_cpu_second if by == "cpu" else block.per_second for block in blocks]


def percentiles(latencies_ms: Sequence[float], recorded: Histogram, locust_ms: dict[str, float]) -> list[Percentile]:
    """Each of `FRACTIONS` by its rank: the value that this share of all latencies do not exceed."""
    exact = np.quantile(np.asarray(latencies_ms), FRACTIONS, method="inverted_cdf")
    return [
        Percentile(
            fraction=fraction,
            exact_ms=float(value),
            recorded_ms=recorded.quantile(fraction) * 1000.0,
            locust_ms=float(locust_ms[str(fraction)]),
        )
        for fraction, value in zip(FRACTIONS, exact, strict=True)
    ]


def misses(measured: Measured) -> list[str]:
    """What speaks against the run or falls short of a goal, a sentence each; none when all is well."""
    found = []
    failures = sum(block.failures for block in measured.blocks)
    if failures:
        found.append(f"{failures:,} requests failed")
    if (times := ratio(measured)).low < GOAL:
        found.append(
            f"{times.value:.2f} times ({times.low:.2f} to {times.high:.2f}) is not surely the goal of {GOAL:g}"
        )
    off = [each for each in measured.percentiles if each.exact_ms >= SHORTEST_S * 1000 and each.error > TOLERANCE]
    found += [f"the percentile at {each.fraction:g} is off by {each.error:.2%}" for each in off]
    return found
