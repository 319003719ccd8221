"""The report as Markdown, for a comment on a pull request or the summary of a job."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

from slo.model import ObjectiveVerdict, Overall
from slo.reports import wording
from slo.reports.facts import facts
from slo.reports.summary import Report
from slo.reports.timeline import Column

_SIGNS = {Overall.MET: "✅", Overall.MISSED: "❌", Overall.INCONCLUSIVE: "🟡", Overall.UNJUDGED: "⛔"}
_BLOCKS = "▁▂▃▄▅▆▇█"
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "@": "&#64;"}
_SPARK_WIDTH = 40


def marker(plan: str) -> str:
    """The hidden first line, by which the comment on an earlier run of ``plan`` is found again."""
    return f"<!-- loadstone-report plan={re.sub(r'[^A-Za-z0-9_.]', '_', plan)} -->"


def render(report: Report) -> str:
    """The text; it begins with `marker`."""
    judgement = report.judgement
    sign, words = _SIGNS[judgement.overall], wording.OVERALL_WORDS[judgement.overall]
    parts = [
        marker(judgement.run.plan),
        f"### {sign} {words}: {_escaped(judgement.run.plan)}",
        _escaped(wording.sentence(judgement)),
        _bullets(report.further_causes),
        f"*{wording.tally(judgement)}*",
        _verdicts(judgement.verdicts),
        _latency(report),
        _details("What the figures show", _bullets(report.observations)),
        _details("Routes", _routes(report)),
        _details("Circumstances", _table(("", ""), facts(report))),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def sparkline(values: Column, width: int = _SPARK_WIDTH) -> str:
    """``values`` as a line of blocks from 0 to the highest, a dot where there is none; the worst of a group shows."""
    if not values:
        return ""
    groups = min(width, len(values))
    ends = [round(len(values) * index / groups) for index in range(groups + 1)]
    worst = [
        max((value for value in values[begin:end] if value is not None), default=None) for begin, end in pairwise(ends)
    ]
    highest = max((value for value in worst if value is not None), default=0.0)
    return "".join("·" if value is None else _block(value, highest) for value in worst)


def _block(value: float, highest: float) -> str:
    return _BLOCKS[min(int(value / highest * len(_BLOCKS)), len(_BLOCKS) - 1)] if highest > 0 else _BLOCKS[0]


def _escaped(text: str) -> str:
    """``text`` as itself: no markup, no mention, no end of a table's cell."""
    safe = "".join(_ENTITIES.get(character, character) for character in wording.plain(text))
    return re.sub(r"([\\`*|\[\]~#]|(?<!\w)_|_(?!\w))", r"\\\1", safe)


def _bullets(sentences: Sequence[str]) -> str:
    return "\n".join(f"- {_escaped(sentence)}" for sentence in sentences)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *([_escaped(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


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
    return _table(("Verdict", "Objective", "Target", "Measured"), rows)


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
    return _table(("Route", "Requests", "Failed", "Per second", "p50", "p95", "p99"), rows) if rows else ""


def _details(title: str, content: str) -> str:
    return f"<details><summary>{title}</summary>\n\n{content}\n\n</details>" if content else ""
