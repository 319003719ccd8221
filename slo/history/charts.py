"""What the page draws of a series, as shapes for SVG."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple

from slo.history.drift import Form, drifts
from slo.history.findings import Told, change
from slo.history.levels import SHARES
from slo.reports.wording import commit as short

WIDTH, HEIGHT = 540, 220
LEFT, RIGHT, TOP, BOTTOM = 58, 526, 18, 192


class Dot(NamedTuple):
    """One entry."""

    x: float
    y: float
    look: str
    title: str


class Mark(NamedTuple):
    """A change: from ``x`` on, ``width`` wide."""

    x: float
    width: float
    look: str
    label: str


class Tick(NamedTuple):
    """A round level."""

    place: float
    label: str


class Chart(NamedTuple):
    """The levels of one series."""

    title: str
    name: str
    note: str
    lines: list[str]
    dots: list[Dot]
    marks: list[Mark]
    ticks: list[Tick]
    first: str
    last: str


def chart(told: Told) -> Chart:
    """The drawing of ``told``."""
    of = told.series
    levels = [point.level for point in of.points]
    low, high = min([0.0, *levels]), max([0.0, *levels])
    room = max((high - low) * 0.12, 0.002)
    low, high = low - room, high + room

    def across(index: int) -> float:
        return round(LEFT + (RIGHT - LEFT) * (index + 0.5) / len(levels), 2)

    def up(level: float) -> float:
        return round(BOTTOM - (BOTTOM - TOP) * (level - low) / (high - low), 2)

    edges = [0, *of.gaps, len(levels)]
    lines = [
        "".join(f"{'L' if index > begin else 'M'}{across(index)} {up(levels[index])}" for index in range(begin, end))
        for begin, end in pairwise(edges)
    ]
    bad = drifts(told.changes)
    marks = []
    for each in told.changes:
        begin = across(each.first) - (0 if each.form is Form.DRIFT else 4)
        wide = max(across(each.last) - begin, 8) if each.form is Form.DRIFT else 8
        marks.append(Mark(begin, wide, "bad" if each in bad else "known", change(each.size, of)))
    dots = [
        Dot(
            across(index),
            up(point.level),
            point.outcome.value,
            f"{short(point.commit)}, {point.time}: {change(point.step, of)}, level {change(point.level, of)}",
        )
        for index, point in enumerate(of.points)
    ]
    ticks = [
        Tick(up(place), change(place, of) if share else "0")
        for share in _round(low, high)
        for place in (share if of.metric.name in SHARES else math.log1p(share),)
    ]
    return Chart(
        title=of.metric.title,
        name=of.name,
        note=f"{len(levels)} entries, {change(levels[-1], of)} {'since the last gap' if of.gaps else 'in all'}",
        lines=lines,
        dots=dots,
        marks=marks,
        ticks=[tick for tick in ticks if TOP <= tick.place <= BOTTOM],
        first=short(of.points[0].commit),
        last=short(of.points[-1].commit),
    )


def _round(low: float, high: float) -> list[float]:
    """Round changes, about as many as fit between both ends."""
    rest = (size for size in (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5) if (high - low) / size <= 5)
    step = next(rest, 1.0)
    places = range(math.ceil(max(low, -0.9) / step), math.floor(high / step) + 1)
    return [round(step * number, 6) for number in places if step * number > -1]
