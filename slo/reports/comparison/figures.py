"""The figures of the runs, row by row, each with its difference from the baseline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import msgspec

from slo.evaluate import DEFAULT_CONFIDENCE
from slo.indicators import FIGURES, judged_seconds, latency_quantile
from slo.model import Reading, Unit
from slo.record import OK, Run
from slo.reports import wording
from slo.reports.comparison.change import Change, Meaning, change
from slo.reports.comparison.side import Side

_UNTRUSTED = "not to be trusted"
_SAME = "the same run"
_FAULTS = "Not answered rightly"
_QUANTILES = (
    ("Median", FIGURES["p50"]),
    ("95 % within", FIGURES["p95"]),
    ("99 % within", FIGURES["p99"]),
    ("99.9 % within", latency_quantile("p99.9", "99.9th percentile of latency", 0.999)),
)


class Cell(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A figure of one run."""

    value: str
    interval: str
    """Such as ``4.1 to 4.6 ms``; empty where there is none."""
    change: Change | None
    """Against the baseline; nothing for the baseline itself and where the two cannot be compared."""


class Row(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One figure of all runs."""

    title: str
    cells: tuple[Cell, ...]


class Group(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Figures that belong together."""

    title: str
    rows: tuple[Row, ...]


def groups(sides: Sequence[Side]) -> tuple[Group, ...]:
    """All figures; a group of which no run has anything is left out."""
    rates = (
        _row("Asked for", sides, Meaning.AMOUNT, [_offered(side.run) for side in sides]),
        _row("Answered rightly", sides, Meaning.AMOUNT, [_answered(side.run) for side in sides]),
        _row("Items answered", sides, Meaning.AMOUNT, [_measured(side, "items-per-second") for side in sides]),
    )
    waits = _waits(sides)
    faults = (
        _row(_FAULTS, sides, Meaning.FAULTS, [_measured(side, "error-ratio") for side in sides]),
        *_outcomes(sides),
    )
    found = (
        Group(title="Rate", rows=rates),
        Group(title="Latency", rows=waits),
        Group(title="Errors", rows=faults),
        Group(title="Cost", rows=tuple(_costs(sides))),
        *_workloads(sides),
    )
    return tuple(group for group in found if group.rows)


def _workloads(sides: Sequence[Side]) -> list[Group]:
    """A group for each workload, where any run has several."""
    by_side = [{cell.workload for cell in side.run.judged()} for side in sides]
    if max(map(len, by_side)) < 2:
        return []
    return [
        Group(
            title=f"Workload {name}",
            rows=(
                _row(
                    "Requests", sides, Meaning.AMOUNT, [_measured(side, "requests-per-second", name) for side in sides]
                ),
                *_waits(sides, name),
                _row(_FAULTS, sides, Meaning.FAULTS, [_measured(side, "error-ratio", name) for side in sides]),
            ),
        )
        for name in sorted(set().union(*by_side))
    ]


def _waits(sides: Sequence[Side], workload: str = "") -> tuple[Row, ...]:
    return tuple(
        _row(
            title,
            sides,
            Meaning.DURATION,
            [figure.measure(side.run, workload, DEFAULT_CONFIDENCE) for side in sides],
            figure.quantile,
        )
        for title, figure in _QUANTILES
    )


def _row(
    title: str, sides: Sequence[Side], meaning: Meaning, readings: Sequence[Reading], fraction: float = 0.0
) -> Row:
    base = readings[0]

    def cell(side: Side, reading: Reading) -> Cell:
        found = None
        if side is not sides[0] and side.ran_where(sides[0]):
            doubt = _SAME if side.is_same_run_as(sides[0]) else _UNTRUSTED if side.doubts or sides[0].doubts else ""
            found = change(meaning, base, reading, fraction=fraction, doubt=doubt)
        return Cell(value=_value(reading), interval=_interval(reading), change=found)

    return Row(title=title, cells=tuple(cell(*each) for each in zip(sides, readings, strict=True)))


def _value(reading: Reading) -> str:
    return "–" if reading.value is None else wording.quantity(reading.value, reading.unit)


def _interval(reading: Reading) -> str:
    return wording.interval(reading.low, reading.high, reading.unit).strip(" ()")


def _measured(side: Side, name: str, workload: str = "") -> Reading:
    return FIGURES[name].measure(side.run, workload, DEFAULT_CONFIDENCE)


def _offered(run: Run) -> Reading:
    return _rate(run, lambda seconds: sum(pulse.intended for pulse in run.pulses if pulse.second in seconds))


def _answered(run: Run) -> Reading:
    return _rate(run, lambda seconds: sum(cell.outcomes.get(OK, 0) for cell in run.judged() if cell.second in seconds))


def _rate(run: Run, count: Callable[[set[int]], int]) -> Reading:
    """Events of the judged seconds that were recorded, by the second; the plan sets it, so it has no interval."""
    seconds = set(judged_seconds(run)) & {pulse.second for pulse in run.pulses}
    value = count(seconds) / len(seconds) if seconds else None
    return Reading(indicator="rate", title="", unit=Unit.PER_SECOND, value=value)


def _outcomes(sides: Sequence[Side]) -> list[Row]:
    """How often each kind of failure was seen; a count by itself, as its share is told above."""
    counts = [sum((Counter(cell.outcomes) for cell in side.run.judged()), Counter[str]()) for side in sides]
    names = sorted({name for each in counts for name in each} - {OK})
    return [
        Row(
            title=name,
            cells=tuple(
                Cell(value=f"{count[name]:,}" if count[name] else "–", interval="", change=None) for count in counts
            ),
        )
        for name in names
    ]


def _costs(sides: Sequence[Side]) -> list[Row]:
    """What the target used, of everything that any of the judgements read of it."""
    by_side = [
        {reading.indicator: reading for reading in side.report.judgement.readings if reading.indicator not in FIGURES}
        for side in sides
    ]
    titles = {name: reading.title for readings in by_side for name, reading in readings.items()}
    rows: list[Row] = []
    for name, title in titles.items():
        unit = next(readings[name].unit for readings in by_side if name in readings)
        nothing = Reading(indicator=name, title=title, unit=unit, value=None)
        readings = [found.get(name, nothing) for found in by_side]
        if any(reading.value is not None for reading in readings):
            rows.append(_row(wording.capitalised(title), sides, Meaning.COST, readings))
    return rows
