"""The comparison as one HTML page."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from slo.model import ObjectiveVerdict
from slo.reports import page, wording
from slo.reports.comparison.change import Change, Tone
from slo.reports.comparison.figures import Cell
from slo.reports.comparison.side import Side
from slo.reports.comparison.summary import Comparison
from slo.reports.figures.distribution import FRACTIONS, PercentilePoint
from slo.reports.figures.timeline import Column, QuantileColumns

_SIGNS = {Tone.BETTER: "▼", Tone.WORSE: "▲", Tone.OPEN: ""}


class Course(msgspec.Struct, frozen=True, kw_only=True):
    """One run over time, in the steps that all share; shorter runs end earlier."""

    letter: str
    latency: QuantileColumns
    answered_per_s: Column
    failed_per_s: Column
    curve_ms: Column
    """Latency at each of the fractions."""


class ChartData(msgspec.Struct, frozen=True, kw_only=True):
    """What the page's script draws."""

    step_s: int
    start_s: tuple[float, ...]
    fractions: tuple[float, ...]
    courses: tuple[Course, ...]


def render(comparison: Comparison) -> str:
    """The page."""
    data = _chart_data(comparison.sides)
    return page.render(
        "comparison.html.j2",
        script="comparison.js",
        styles=("comparison.css",),
        data=data,
        title=f"{len(comparison.sides)} runs compared",
        sides=[_side(side) for side in comparison.sides],
        notices=comparison.notices,
        groups=[
            {
                "title": group.title,
                "rows": [{"title": row.title, "cells": [_cell(cell) for cell in row.cells]} for row in group.rows],
            }
            for group in comparison.groups
        ],
        objectives=[
            {
                "name": row.name,
                "title": wording.capitalised(row.title),
                "verdicts": [_verdict(verdict) for verdict in row.verdicts],
            }
            for row in comparison.objectives
        ],
        circumstances=comparison.circumstances,
        measured=bool(data.start_s),
        answered=any(value is not None for course in data.courses for value in course.curve_ms),
        failed=any(value for course in data.courses for value in course.failed_per_s),
        step="second" if data.step_s == 1 else f"{data.step_s} s",
        note=wording.COMPARED,
    )


def _side(side: Side) -> dict[str, object]:
    judgement = side.report.judgement
    run = judgement.run
    return {
        "letter": side.letter,
        "name": side.name,
        "plan": run.plan or "no plan",
        "started": page.moment(run.started_at),
        "commit": wording.commit(run.commit),
        "overall": page.OVERALL_CLASSES[judgement.overall],
        "words": wording.OVERALL_WORDS[judgement.overall],
    }


def _cell(cell: Cell) -> dict[str, str]:
    change = cell.change
    return {
        "value": page.together(cell.value),
        "interval": page.together(cell.interval),
        "change": _told(change) if change else "",
        "tone": str(change.tone) if change else "",
    }


def _told(change: Change) -> str:
    return page.together(f"{_SIGNS[change.tone]} {change.words}".strip())


def _verdict(verdict: ObjectiveVerdict | None) -> dict[str, str] | None:
    if verdict is None:
        return None
    return {
        "state": page.STATE_CLASSES[verdict.state],
        "word": wording.STATE_WORDS[verdict.state],
        "value": "–" if verdict.value is None else wording.quantity(verdict.value, verdict.unit),
        "interval": page.together(wording.interval(verdict.low, verdict.high, verdict.unit).strip(" ()")),
        "target": wording.target(verdict),
    }


def _chart_data(sides: Sequence[Side]) -> ChartData:
    longest = max((side.report.timeline for side in sides), key=lambda timeline: len(timeline.start_s))
    steps = len(longest.start_s)
    return ChartData(
        step_s=longest.step_s,
        start_s=longest.start_s,
        fractions=FRACTIONS,
        courses=tuple(_course(side, steps) for side in sides),
    )


def _course(side: Side, steps: int) -> Course:
    timeline, latency = side.report.timeline, side.report.timeline.latency
    return Course(
        letter=side.letter,
        latency=QuantileColumns(
            p50_ms=_filled(latency.p50_ms, steps),
            p95_ms=_filled(latency.p95_ms, steps),
            p99_ms=_filled(latency.p99_ms, steps),
        ),
        answered_per_s=_filled(timeline.answered_per_s, steps),
        failed_per_s=_filled(timeline.failed_per_s, steps),
        curve_ms=_curve(side.report.distribution.curve),
    )


def _filled(column: Column, steps: int) -> Column:
    return (*column, *(None for _ in range(steps - len(column))))


def _curve(points: Sequence[PercentilePoint]) -> Column:
    by_fraction = {point.fraction: point.latency_ms for point in points}
    return tuple(by_fraction.get(fraction) for fraction in FRACTIONS)
