"""The circumstances of a run as labelled lines, for people."""

from __future__ import annotations

from slo.model import Unit
from slo.reports import wording
from slo.reports.figures.timeline import Span
from slo.reports.run.summary import Report

OUTCOMES = {
    "completed": "ran to the end of its plan",
    "stopped": "was stopped before the end of its plan",
    "aborted": "was aborted: its record has no end",
}
"""How a run ended, in words."""


def facts(report: Report) -> tuple[tuple[str, str], ...]:
    """Label and text; what nobody knows is left out."""
    run = report.judgement.run
    machine = f"{run.machine.cpu}, {run.machine.cores} cores, {wording.quantity(run.machine.memory_bytes, Unit.BYTES)}"
    lines = (
        ("Plan", f"{run.plan}: {run.plan_description}" if run.plan_description else run.plan),
        ("Stages", ", ".join(_stages(report))),
        ("Arrivals", f"{run.arrivals}, seed {run.seed}"),
        ("Run", f"{run.id}, {OUTCOMES[report.outcome]}"),
        ("Time", " to ".join(filter(None, (run.started_at, run.ended_at)))),
        ("Judged", f"{wording.number(run.judged_seconds)} s, {run.requests:,} requests"),
        ("Budgets", ", ".join(report.judgement.budgets)),
        ("Environment", report.judgement.environment),
        ("Commit", run.commit),
        ("Target", _target(report)),
        ("Machine", f"{machine}, {run.machine.kernel}, Python {run.machine.python}"),
        ("Repeat", report.repeat),
    )
    return tuple((label, wording.plain(text)) for label, text in lines if text)


def _stages(report: Report) -> list[str]:
    """Such as ``warm-up 0:00–0:10 at 80/s (not judged)``."""
    return [
        f"{span.name} {wording.clock(span.from_s)}–{wording.clock(span.to_s)}{_load(span)}"
        f"{'' if span.judged else ' (not judged)'}"
        for span in report.timeline.stages
    ]


def _load(span: Span) -> str:
    if span.users_from or span.users_to:
        return f" with {_ends(span.users_from, span.users_to)} users"
    return f" at {_ends(span.rate_from, span.rate_to)}/s" if span.rate_from or span.rate_to else ""


def _ends(first: float, last: float) -> str:
    ends = dict.fromkeys((wording.number(first), wording.number(last)))
    return " to ".join(ends)


def _target(report: Report) -> str:
    target = report.judgement.run.target
    workers = "1 worker" if target.workers == 1 else f"{target.workers} workers" if target.workers else ""
    version = f"version {target.version}" if target.version else ""
    return ", ".join(filter(None, (target.url, version, target.environment, workers)))
