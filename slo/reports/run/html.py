"""The report as one HTML page."""

from __future__ import annotations

import msgspec

from slo.model import ObjectiveVerdict, Overall, Reading, Unit
from slo.reports import page, wording
from slo.reports.figures.distribution import Distribution
from slo.reports.figures.timeline import Timeline
from slo.reports.figures.totals import RouteTotals
from slo.reports.run.facts import facts
from slo.reports.run.intervals import drawing
from slo.reports.run.summary import Report

_CAUSES = {
    Overall.MET: "",
    Overall.MISSED: "Why it is missed",
    Overall.INCONCLUSIVE: "Why it is not decided",
    Overall.UNJUDGED: "Why it cannot be judged",
}


class ThresholdLine(msgspec.Struct, frozen=True, kw_only=True):
    """A latency threshold as a line in a chart."""

    label: str
    threshold_ms: float


class ChartData(msgspec.Struct, frozen=True, kw_only=True):
    """What the page's script draws."""

    timeline: Timeline
    distribution: Distribution
    thresholds: tuple[ThresholdLine, ...]


def render(report: Report) -> str:
    """The page."""
    judgement = report.judgement
    return page.render(
        "run.html.j2",
        script="run.js",
        data=_chart_data(report),
        judgement=judgement,
        sentence=page.together(wording.sentence(judgement)),
        run=judgement.run,
        started=page.moment(judgement.run.started_at),
        overall=page.OVERALL_CLASSES[judgement.overall],
        overall_words=wording.OVERALL_WORDS[judgement.overall],
        tally=wording.tally(judgement),
        figures=_figures(report),
        causes=report.further_causes,
        causes_title=_CAUSES[judgement.overall],
        observations=report.observations,
        rows=[_row(verdict) for verdict in wording.worst_first(judgement.verdicts)],
        measured=bool(report.timeline.start_s),
        answered=bool(report.distribution.bars),
        step="second" if report.timeline.step_s == 1 else f"{report.timeline.step_s} s",
        generator_line=_generator_line(report),
        routes=[_route(totals) for totals in report.routes],
        facts=facts(report),
        readings=[_reading(reading) for reading in judgement.readings],
        exits=wording.exit_codes(judgement),
    )


def _chart_data(report: Report) -> ChartData:
    return ChartData(timeline=report.timeline, distribution=report.distribution, thresholds=_thresholds(report))


def _thresholds(report: Report) -> tuple[ThresholdLine, ...]:
    """One line for each threshold, however many objectives share it."""
    found = sorted({each.threshold for each in report.judgement.verdicts if each.threshold is not None})
    return tuple(
        ThresholdLine(label=f"objective: {wording.quantity(threshold, Unit.SECONDS)}", threshold_ms=threshold * 1000)
        for threshold in found
    )


def _figures(report: Report) -> list[dict[str, str]]:
    run, how_long = report.judgement.run, report.distribution
    rate = run.requests / run.judged_seconds if run.judged_seconds else 0.0
    found = [
        ("Requests judged", f"{run.requests:,}", f"{wording.number(rate)}/s for {wording.clock(run.judged_seconds)}"),
        (
            "Failed",
            wording.percent(run.failures / run.requests) if run.requests else "–",
            f"{run.failures:,} of {run.requests:,}",
        ),
    ]
    if how_long.requests:
        p50, p95, p99 = (wording.milliseconds(each) for each in (how_long.p50_ms, how_long.p95_ms, how_long.p99_ms))
        found.insert(1, ("Latency, 95 % within", p95, f"half within {p50}, 99 % within {p99}"))
    cpu = report.cpu_per_request
    if cpu is not None and cpu.value is not None:
        found.append(
            (
                "Service CPU a request",
                wording.quantity(cpu.value, Unit.SECONDS),
                wording.interval(cpu.low, cpu.high, cpu.unit),
            )
        )
    return [{"label": label, "value": value, "note": page.together(note.strip(" ()"))} for label, value, note in found]


def _row(verdict: ObjectiveVerdict) -> dict[str, object]:
    return {
        "name": verdict.name,
        "title": wording.capitalised(verdict.indicator),
        "description": verdict.description,
        "key": verdict.key,
        "enforced": verdict.enforced,
        "state": page.STATE_CLASSES[verdict.state],
        "word": wording.STATE_WORDS[verdict.state],
        "reason": verdict.reason,
        "target": page.together(wording.target(verdict)),
        "also": page.together(wording.warning(verdict)),
        "measured": wording.measured(verdict),
        "value": "–" if verdict.value is None else wording.quantity(verdict.value, verdict.unit),
        "interval": page.together(wording.interval(verdict.low, verdict.high, verdict.unit).strip(" ()")),
        "drawing": drawing(verdict),
    }


def _generator_line(report: Report) -> str:
    health = report.generator
    late = wording.milliseconds(health.lateness_p99_ms)
    return (
        f"{health.started:,} of {health.intended:,} arrivals started, {health.dropped:,} dropped, "
        f"99 % at most {late} late, processor at most {wording.percent(round(health.cpu_peak_cores, 3))} of a core"
    )


def _route(totals: RouteTotals) -> dict[str, object]:
    latencies = (totals.p50_ms, totals.p95_ms, totals.p99_ms, totals.longest_ms)
    return {
        "workload": totals.workload,
        "route": totals.route,
        "cells": [
            f"{totals.requests:,}",
            wording.percent(totals.failure_ratio),
            wording.number(totals.requests_per_s),
            wording.number(totals.items_per_s),
            *(wording.milliseconds(latency) for latency in latencies),
        ],
    }


def _reading(reading: Reading) -> dict[str, str]:
    title = wording.capitalised(reading.title)
    if reading.value is None:
        return {"title": title, "value": "–", "note": reading.missing}
    return {
        "title": title,
        "value": wording.quantity(reading.value, reading.unit),
        "note": wording.interval(reading.low, reading.high, reading.unit).strip(" ()"),
    }
