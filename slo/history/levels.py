"""Where every commit stands: the ratios of single duels, put together along what each was compared with.

A duel knows head / base alone. Where its base is the head of the entry before (a *chain*), ratios multiply and so do
their errors: after n duels the level is known √n times worse than one ratio. Where entries share one base (*anchored*)
each level is measured afresh. Where the base was never measured there is a gap, and nothing is known across it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from slo.duel.metrics import METRICS, Design, Metric
from slo.duel.model import Outcome
from slo.history.entries import Entry, Measure
from slo.reports.wording import commit as short

SHARES = ("errors",)
"""Metrics whose change is a difference, which adds up as it is."""


class Kind(StrEnum):
    """How the entries of a stretch hang together."""

    CHAIN = "chain"
    ANCHORED = "anchored"


class Point(NamedTuple):
    """One entry's measure, placed."""

    commit: str
    time: str
    step: float
    """ln(head / base), or the difference of the shares."""
    level: float
    """The sum of the steps from where the series begins, or from the last gap."""
    variance: float
    """Of ``step``, from how much its launches differ; NaN where they were not kept."""
    launches: int
    low: float | None
    high: float | None
    """The interval of ``step``."""
    outcome: Outcome
    """What the gate said of it."""
    value: float
    """The metric itself, in its unit."""


class Stretch(NamedTuple):
    """Points in a row of one kind; ``begins`` is the index of the first among all of the series."""

    kind: Kind
    begins: int
    points: tuple[Point, ...]


class Series(NamedTuple):
    """One metric of one workload over all entries."""

    metric: Metric
    workload: str
    points: tuple[Point, ...]
    stretches: tuple[Stretch, ...]
    gaps: tuple[int, ...]
    """Indices of the points before which the level is not known."""
    remarks: tuple[str, ...]
    """A sentence about every gap."""

    @property
    def name(self) -> str:
        """``p50 of comments``."""
        return f"{self.metric.name} of {self.workload}" if self.workload else self.metric.name


def series(entries: Sequence[Entry], metric: str | None = None) -> tuple[Series, ...]:
    """All series of ``entries`` that can be judged by, in the order of the metrics; all workloads together first.

    Entries of duels that could not be judged, and measures that nobody knows the metric of, are left out.
    """
    placed: dict[tuple[str, int, str], list[tuple[Entry, Measure]]] = {}
    order = {name: place for place, name in enumerate(METRICS)}
    for entry in entries:
        for measure in entry.measures if entry.outcome is not Outcome.INVALID else ():
            if measure.metric in order and metric in (None, measure.metric):
                key = (measure.workload, order[measure.metric], measure.metric)
                placed.setdefault(key, []).append((entry, measure))
    return tuple(
        _series(METRICS[name], workload, placed[workload, place, name]) for workload, place, name in sorted(placed)
    )


def relative(amount: float, metric: Metric) -> float:
    """``amount`` of a step or level as a change such as 0.05; of shares, itself."""
    return amount if metric.name in SHARES else math.expm1(amount)


def _series(metric: Metric, workload: str, measured: Sequence[tuple[Entry, Measure]]) -> Series:
    levels: dict[str, float] = {}
    points: list[Point] = []
    gaps: list[int] = []
    remarks: list[str] = []
    for index, (entry, measure) in enumerate(measured):
        known = bool(entry.base) and entry.base in levels
        if not known:
            if points:
                gaps.append(index)
                remarks.append(
                    f"{_base(entry)} was not measured before {_head(entry)}: its level is not known from there on."
                )
            levels |= {entry.base: 0.0} if entry.base else {}
        point = _point(metric, entry, measure, levels.get(entry.base, 0.0))
        points.append(point)
        if entry.commit:
            levels[entry.commit] = point.level
    return Series(
        metric,
        workload,
        tuple(points),
        tuple(_stretches(points, [entry for entry, _ in measured])),
        tuple(gaps),
        tuple(remarks),
    )


def _point(metric: Metric, entry: Entry, measure: Measure, begin: float) -> Point:
    def step(change: float) -> float:
        return change if metric.name in SHARES else math.log1p(max(change, -0.999999))

    means = measure.launches
    variance = float(np.var(means, ddof=1)) / len(means) if len(means) > 1 else math.nan
    own = step(measure.change)
    return Point(
        commit=entry.commit,
        time=entry.time,
        step=own,
        level=begin + own,
        variance=0.0 if metric.design is Design.EXACT else variance,
        launches=len(means),
        low=None if measure.low is None else step(measure.low),
        high=None if measure.high is None else step(measure.high),
        outcome=measure.outcome,
        value=measure.head,
    )


def _stretches(points: Sequence[Point], entries: Sequence[Entry]) -> list[Stretch]:
    """Neighbours of one kind; a point between two kinds ends the first."""
    links = [_link(before, after) for before, after in pairwise(entries)]
    found: list[Stretch] = []
    first = 0
    while first < len(points):
        last = first + 1
        kind = links[first] if first < len(links) else None
        while kind is not None and last < len(points) and links[last - 1] is kind:
            last += 1
        found.append(Stretch(kind or Kind.CHAIN, first, tuple(points[first:last])))
        first = last
    return found


def _link(before: Entry, after: Entry) -> Kind | None:
    if after.base and after.base == before.commit:
        return Kind.CHAIN
    return Kind.ANCHORED if after.base and after.base == before.base else None


def _base(entry: Entry) -> str:
    return short(entry.base) if entry.base else "A base without a name"


def _head(entry: Entry) -> str:
    return short(entry.commit) if entry.commit else "a head without a name"
