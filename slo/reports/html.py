"""The report as one HTML page that needs nothing else: no network, no second file.

The page's own policy forbids every request and every script but the two inside it, so even a text that
escaped the template's escaping could neither load nor run anything.
"""

from __future__ import annotations

import base64
import hashlib
import re
from importlib.resources import files

import jinja2
import msgspec
from markupsafe import Markup

from slo.model import ObjectiveVerdict, Overall, Reading, State, Unit
from slo.reports import wording
from slo.reports.distribution import Distribution
from slo.reports.facts import facts
from slo.reports.intervals import drawing
from slo.reports.summary import Report
from slo.reports.timeline import Timeline
from slo.reports.totals import RouteTotals

_ASSETS = files("slo.reports") / "assets"
_ENVIRONMENT = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True)
_OVERALL = {
    Overall.MET: "met",
    Overall.MISSED: "missed",
    Overall.INCONCLUSIVE: "inconclusive",
    Overall.UNJUDGED: "unjudged",
}
_STATES = {
    State.PASSED: "met",
    State.WARNING: "warning",
    State.INCONCLUSIVE: "inconclusive",
    State.CRITICAL: "missed",
    State.NO_DATA: "unjudged",
    State.NEEDS_BASE: "unjudged",
}
_NUMBER_AND_UNIT = re.compile(r"(?<=[0-9]) (?=(?:%|µs|ms|s|[KMG]iB|B)(?![a-z]))")
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
    library, charts = _script("uPlot.iife.min.js"), _script("charts.js")
    judgement = report.judgement
    page = _ENVIRONMENT.from_string(_asset("report.html.j2")).render(
        policy=_policy(library, charts),
        styles=Markup(_asset("uPlot.min.css") + _asset("report.css")),  # noqa: S704 - files of this package
        library=library,
        charts=charts,
        data=_data(report),
        judgement=judgement,
        sentence=_together(wording.sentence(judgement)),
        run=judgement.run,
        started=_moment(judgement.run.started_at),
        overall=_OVERALL[judgement.overall],
        overall_words=wording.OVERALL_WORDS[judgement.overall],
        tally=wording.tally(judgement),
        figures=_figures(report),
        causes=report.causes,
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
    return page + "\n"


def _asset(name: str) -> str:
    return (_ASSETS / name).read_text(encoding="utf-8")


def _script(name: str) -> Markup:
    text = _asset(name)
    if "</script" in text.lower():
        raise ValueError(f"{name} cannot stand inside a page")
    return Markup(text)  # noqa: S704 - a file of this package


def _policy(*scripts: str) -> str:
    """No request at all, and no script but ``scripts``."""
    hashes = (base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in hashes)
    return f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {allowed}"


def _data(report: Report) -> Markup:
    """JSON in which nothing can end the script element around it."""
    data = ChartData(timeline=report.timeline, distribution=report.distribution, thresholds=_thresholds(report))
    text = msgspec.json.encode(data).decode()
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return Markup(text)  # noqa: S704 - every character that HTML knows was replaced above


def _thresholds(report: Report) -> tuple[ThresholdLine, ...]:
    """One line for each threshold, however many objectives share it."""
    found = sorted({each.threshold for each in report.judgement.verdicts if each.threshold is not None})
    return tuple(
        ThresholdLine(label=f"objective: {wording.quantity(threshold, Unit.SECONDS)}", threshold_ms=threshold * 1000)
        for threshold in found
    )


def _together(text: str) -> str:
    """``text`` in which no line breaks between a number and its unit."""
    return _NUMBER_AND_UNIT.sub("\u00a0", text)


def _moment(text: str) -> str:
    """``2026-01-31T12:30:00Z`` as people write it."""
    return text.replace("T", " ").removesuffix("Z") + " UTC" if text.endswith("Z") else text


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
    return [{"label": label, "value": value, "note": _together(note.strip(" ()"))} for label, value, note in found]


def _row(verdict: ObjectiveVerdict) -> dict[str, object]:
    return {
        "name": verdict.name,
        "title": wording.capitalised(verdict.indicator),
        "description": verdict.description,
        "key": verdict.key,
        "enforced": verdict.enforced,
        "state": _STATES[verdict.state],
        "word": wording.STATE_WORDS[verdict.state],
        "reason": verdict.reason,
        "target": _together(wording.target(verdict)),
        "also": _together(wording.warning(verdict)),
        "measured": wording.measured(verdict),
        "value": "–" if verdict.value is None else wording.quantity(verdict.value, verdict.unit),
        "interval": _together(wording.interval(verdict.low, verdict.high, verdict.unit).strip(" ()")),
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
