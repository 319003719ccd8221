"""The report as Markdown, for a comment on a pull request or the summary of a job."""

from __future__ import annotations

import re

from slo.model import ObjectiveVerdict, Overall
from slo.reports import wording
from slo.reports.markup import bullets, details, escaped, table
from slo.reports.run.facts import facts
from slo.reports.run.summary import Report
from slo.reports.sparkline import sparkline

_SIGNS = {Overall.MET: "✅", Overall.MISSED: "❌", Overall.INCONCLUSIVE: "🟡", Overall.UNJUDGED: "⛔"}


def marker(plan: str) -> str:
    """The hidden first line, by which the comment on an earlier run of ``plan`` is found again."""
    return f"<!-- loadstone-report plan={re.sub(r'[^A-Za-z0-9_.]', '_', plan)} -->"


def render(report: Report) -> str:
    """The text; it begins with `marker`."""
    judgement = report.judgement
    sign, words = _SIGNS[judgement.overall], wording.OVERALL_WORDS[judgement.overall]
    parts = [
        marker(judgement.run.plan),
        f"### {sign} {words}: {escaped(judgement.run.plan)}",
        escaped(wording.sentence(judgement)),
        bullets(report.further_causes),
        f"*{wording.tally(judgement)}*",
        _verdicts(judgement.verdicts),
        _latency(report),
        details("What the figures show", bullets(report.observations)),
        details("Routes", _routes(report)),
        details("Circumstances", table(("", ""), facts(report))),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _verdicts(verdicts: tuple[ObjectiveVerdict, ...]) -> str:
    if not verdicts:
        return ""
    rows = [
        (
            f"{wording.STATE_SIGNS[verdict.state]} {wording.STATE_WORDS[verdict.state]}",
            f"{verdict.name}: {verdict.indicator}{'' if verdict.enforced else ' (not enforced)'}",
            wording.target(verdict),
            wording.measured(verdict),
        )
        for verdict in wording.worst_first(verdicts)
    ]
    return table(("Verdict", "Objective", "Target", "Measured"), rows)


def _latency(report: Report) -> str:
    column = report.timeline.latency.p95_ms
    measured = [value for value in column if value is not None]
    if not measured:
        return ""
    lowest, highest = (wording.milliseconds(value) for value in (min(measured), max(measured)))
    return f"p95 over the run, {lowest} to {highest}: `{sparkline(column)}`"


def _routes(report: Report) -> str:
    rows = [
        (
            totals.route or totals.workload,
            f"{totals.requests:,}",
            wording.percent(totals.failure_ratio),
            wording.number(totals.requests_per_s),
            *(wording.milliseconds(value) for value in (totals.p50_ms, totals.p95_ms, totals.p99_ms)),
        )
        for totals in report.routes
    ]
    return table(("Route", "Requests", "Failed", "Per second", "p50", "p95", "p99"), rows) if rows else ""
