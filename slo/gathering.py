"""Readings that grow cell by cell, so that a run under way and one that has ended are read by the same code.

Both gatherings take judged cells in any order and give a reading whenever they are asked; adding a cell costs what the
cell holds, and a reading what its seconds cost, however long the run.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from slo import stats
from slo.histogram import Histogram
from slo.model import Reading, Unit
from slo.record import OK, Cell


class Share:
    """Good among all events, by the second. ``count`` gives both of one cell."""

    def __init__(
        self,
        name: str,
        title: str,
        count: Callable[[Cell], tuple[float, float]],
        *,
        workload: str = "",
        inverted: bool = False,
    ) -> None:
        self._name = name
        self._title = title
        self._count = count
        self._workload = workload
        self._inverted = inverted
        self._good: dict[int, float] = defaultdict(float)
        self._total: dict[int, float] = defaultdict(float)

    def add(self, cell: Cell) -> None:
        """Count the events of ``cell``."""
        if self._workload not in ("", cell.workload):
            return
        good, total = self._count(cell)
        self._good[cell.second] += good
        self._total[cell.second] += total

    def reading(self, confidence: float) -> Reading:
        """The share of all cells so far."""
        seconds = sorted(self._total)
        good = [self._good[second] for second in seconds]
        total = [self._total[second] for second in seconds]
        return share(self._name, self._title, good, total, confidence, inverted=self._inverted)


class Quantile:
    """The latency that ``fraction`` of the right answers do not exceed."""

    def __init__(self, name: str, title: str, fraction: float, *, workload: str = "") -> None:
        self._name = name
        self._title = title
        self._fraction = fraction
        self._workload = workload
        self._merged = Histogram()
        self._cells: list[tuple[int, NDArray[np.float64], NDArray[np.int64]]] = []

    def add(self, cell: Cell) -> None:
        """Take in the latencies of ``cell``; kept are its used buckets alone."""
        if not cell.outcomes.get(OK) or self._workload not in ("", cell.workload):
            return
        histogram = Histogram.decode(cell.latency)
        self._merged.add(histogram)
        edges, counts = histogram.buckets()
        self._cells.append((cell.second, edges, np.cumsum(counts)))

    def reading(self, confidence: float) -> Reading:
        """The quantile of all cells so far."""
        if not self._merged.count:
            reason = "no request was answered rightly in the judged part"
            return missing(self._name, self._title, Unit.SECONDS, reason)
        value = self._merged.quantile(self._fraction)
        below: dict[int, float] = defaultdict(float)
        count: dict[int, float] = defaultdict(float)
        for second, edges, up_to in self._cells:
            place = int(np.searchsorted(edges, value, side="right"))
            below[second] += float(up_to[place - 1]) if place else 0.0
            count[second] += float(up_to[-1]) if len(up_to) else 0.0
        seconds = sorted(count)
        sample = stats.effective_sample([below[s] for s in seconds], [count[s] for s in seconds], confidence)
        low, high = stats.quantile_interval(self._merged, self._fraction, sample.effective, confidence)
        return Reading(
            indicator=self._name,
            title=self._title,
            unit=Unit.SECONDS,
            value=value,
            low=min(low, value),
            high=max(high, value),
            confidence=confidence,
            events=self._merged.count,
            effective_events=sample.effective,
        )


Gathering = Share | Quantile


def share(
    name: str,
    title: str,
    good: Sequence[float],
    total: Sequence[float],
    confidence: float,
    *,
    inverted: bool = False,
) -> Reading:
    """The share of ``good`` among ``total``, both by the second and in order."""
    events = sum(total)
    if not events:
        return missing(name, title, Unit.RATIO, "no such events in the judged part")
    if any(hits > all_of_them for hits, all_of_them in zip(good, total, strict=True)):
        return missing(name, title, Unit.RATIO, "more good events than events, so the two do not belong together")
    sample = stats.effective_sample(good, total, confidence)
    low, high = stats.ratio_interval(sample, confidence)
    value = sample.ratio
    if inverted:
        value, low, high = (events - sum(good)) / events, 1 - high, 1 - low
    return Reading(
        indicator=name,
        title=title,
        unit=Unit.RATIO,
        value=value,
        low=low,
        high=high,
        confidence=confidence,
        events=round(events),
        effective_events=sample.effective,
    )


def missing(name: str, title: str, unit: Unit, reason: str) -> Reading:
    """A reading without a value, and why."""
    return Reading(indicator=name, title=title, unit=unit, value=None, missing=reason)
