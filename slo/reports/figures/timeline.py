"""What happened when: the run in equal steps of time, as columns that a chart can draw."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TypeVar

import msgspec

from slo.histogram import Histogram
from slo.record import OK, Cell, Pulse, Run, Stage

MOST_STEPS = 600
"""A longer run is told in longer steps, so that a report stays light."""
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)

_Line = TypeVar("_Line", Cell, Pulse)

Column = tuple[float | None, ...]
"""One value per step; nothing where nothing was measured."""


class Span(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A stage of the plan on the axis of time."""

    name: str
    from_s: float
    to_s: float
    judged: bool
    rate_from: float
    rate_to: float
    """Arrivals per second that the plan asks for at its begin and end; 0 in a closed plan."""
    users_from: float
    users_to: float
    """Users of a closed plan; 0 in an open one."""


class QuantileColumns(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Latency quantiles of the requests whose intended start lies in a step."""

    p50_ms: Column
    p95_ms: Column
    p99_ms: Column


class GeneratorColumns(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How the load generator was in each step, the worst of its processes."""

    lateness_p50_ms: Column
    lateness_p99_ms: Column
    dropped_per_s: Column
    cpu_cores: Column
    """CPU of the busiest process: 1.0 is one whole core."""
    waiting_share: Column
    """How much of its time a process had to wait for a core, the longest of all."""
    steal_share: Column


class Timeline(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The run over time; every column has one value per step, rates are per second."""

    step_s: int
    start_s: tuple[float, ...]
    """Where each step begins, in seconds since the run began."""
    stages: tuple[Span, ...]
    planned_per_s: Column
    """The rate that the plan asked for."""
    intended_per_s: Column
    """The arrivals that the plan's random process put there."""
    answered_per_s: Column
    """Right answers."""
    failed_per_s: Column
    failed_by_outcome_per_s: dict[str, Column]
    latency: QuantileColumns
    """From the intended start: what a user waits."""
    service: QuantileColumns
    """From the actual start, without the wait for the generator."""
    generator: GeneratorColumns


def timeline(run: Run, step: int | None = None) -> Timeline:
    """The whole run, warm-up included, in steps of ``step`` seconds, or of as many as suit its length."""
    seconds = seconds_seen(run)
    step = step or step_for(seconds)
    steps = math.ceil(seconds / step)
    cells = _grouped(run.cells, step, steps)
    pulses = _grouped(run.pulses, step, steps)
    outcomes = [sum((Counter(cell.outcomes) for cell in group), Counter[str]()) for group in cells]
    widths = [min(step, seconds - index * step) for index in range(steps)]
    failures = sorted({name for counts in outcomes for name in counts} - {OK})
    return Timeline(
        step_s=step,
        start_s=tuple(float(index * step) for index in range(steps)),
        stages=spans(run.header.plan.stages),
        planned_per_s=tuple(planned_rate(run.header.plan.stages, (index + 0.5) * step) for index in range(steps)),
        intended_per_s=_rates([sum(pulse.intended for pulse in group) if group else None for group in pulses], widths),
        answered_per_s=_rates([counts[OK] for counts in outcomes], widths),
        failed_per_s=_rates([counts.total() - counts[OK] for counts in outcomes], widths),
        failed_by_outcome_per_s={name: _rates([counts[name] for counts in outcomes], widths) for name in failures},
        latency=_quantiles([Histogram.decode(cell.latency) for cell in group] for group in cells),
        service=_quantiles([Histogram.decode(cell.service) for cell in group] for group in cells),
        generator=_generator(pulses, widths),
    )


def step_for(seconds: int) -> int:
    """The length of the steps in which a run of ``seconds`` is told."""
    return next((step for step in _STEPS_S if seconds <= step * MOST_STEPS), math.ceil(seconds / MOST_STEPS))


def seconds_seen(run: Run) -> int:
    """Seconds from the start to the last one that left a trace; an aborted run is shorter than its plan."""
    seconds = {cell.second for cell in run.cells} | {pulse.second for pulse in run.pulses}
    return max(seconds, default=-1) + 1


def spans(stages: Sequence[Stage]) -> tuple[Span, ...]:
    """The stages one after the other."""
    placed: list[Span] = []
    begin = 0.0
    for stage in stages:
        placed.append(
            Span(
                name=stage.name,
                from_s=begin,
                to_s=begin + stage.seconds,
                judged=stage.judged,
                rate_from=stage.rate_from,
                rate_to=stage.rate_to,
                users_from=stage.users_from,
                users_to=stage.users_to,
            )
        )
        begin += stage.seconds
    return tuple(placed)


def planned_rate(stages: Sequence[Stage], second: float) -> float | None:
    """The plan's arrivals per second at ``second``; nothing after its end, and where users come and go instead."""
    begin = 0.0
    for stage in stages:
        if begin <= second < begin + stage.seconds:
            if stage.users_from or stage.users_to:
                return None
            share = (second - begin) / stage.seconds
            return stage.rate_from + (stage.rate_to - stage.rate_from) * share
        begin += stage.seconds
    return None


def _grouped(lines: Iterable[_Line], step: int, steps: int) -> list[list[_Line]]:
    groups: list[list[_Line]] = [[] for _ in range(steps)]
    for line in lines:
        groups[line.second // step].append(line)
    return groups


def _rates(counts: Iterable[int | None], widths: Iterable[int]) -> Column:
    """Counts per second; the last step may be shorter than the others."""
    return tuple(None if count is None else count / width for count, width in zip(counts, widths, strict=True))


def _quantiles(groups: Iterable[Iterable[Histogram]]) -> QuantileColumns:
    merged = [Histogram.merged(group) for group in groups]
    return QuantileColumns(p50_ms=_column(merged, 0.5), p95_ms=_column(merged, 0.95), p99_ms=_column(merged, 0.99))


def _column(histograms: Iterable[Histogram], fraction: float) -> Column:
    return tuple(round(histogram.quantile(fraction) * 1000, 3) if histogram.count else None for histogram in histograms)


def _generator(groups: Sequence[Sequence[Pulse]], widths: Sequence[int]) -> GeneratorColumns:
    lateness = [Histogram.merged(Histogram.decode(pulse.lateness) for pulse in group) for group in groups]
    return GeneratorColumns(
        lateness_p50_ms=_column(lateness, 0.5),
        lateness_p99_ms=_column(lateness, 0.99),
        dropped_per_s=_rates([sum(pulse.dropped for pulse in group) if group else None for group in groups], widths),
        cpu_cores=tuple(max((pulse.cpu for pulse in group), default=None) for group in groups),
        waiting_share=tuple(max((pulse.waiting for pulse in group), default=None) for group in groups),
        steal_share=tuple(max((pulse.steal for pulse in group), default=None) for group in groups),
    )
