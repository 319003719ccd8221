"""The comparison as Markdown."""

from __future__ import annotations

from slo.model import ObjectiveVerdict
from slo.reports import wording
from slo.reports.comparison.figures import Cell
from slo.reports.comparison.side import Side
from slo.reports.comparison.summary import Comparison
from slo.reports.markup import bullets, details, escaped, table


def render(comparison: Comparison) -> str:
    """The text."""
    sides = comparison.sides
    graves = "\n".join(f"> **{escaped(notice.text)}**" for notice in comparison.notices if notice.grave)
    parts = [
        f"### {len(sides)} runs compared",
        graves,
        bullets([notice.text for notice in comparison.notices if not notice.grave]),
        table(("Run", "Plan", "Started", "Commit", "Verdict"), [_side(side) for side in sides]),
        *_figures(comparison),
        _objectives(comparison),
        details("Circumstances", _circumstances(comparison)),
        f"*{wording.COMPARED}*",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _side(side: Side) -> tuple[str, ...]:
    judgement = side.report.judgement
    run = judgement.run
    name = f"{side.letter}: {side.name}{' (baseline)' if side.letter == 'A' else ''}"
    sign, words = wording.OVERALL_SIGNS[judgement.overall], wording.OVERALL_WORDS[judgement.overall]
    return name, run.plan, run.started_at, wording.commit(run.commit), f"{sign} {words}"


def _figures(comparison: Comparison) -> list[str]:
    letters = [side.letter for side in comparison.sides]
    return [
        table((group.title, *letters), [(row.title, *map(_cell, row.cells)) for row in group.rows])
        for group in comparison.groups
    ]


def _cell(cell: Cell) -> str:
    figures = f"{cell.value} ({cell.interval})" if cell.interval else cell.value
    return f"{figures}; {cell.change.words}" if cell.change else figures


def _objectives(comparison: Comparison) -> str:
    if not comparison.objectives:
        return ""
    rows = [(row.name, *map(_verdict, row.verdicts)) for row in comparison.objectives]
    return table(("Objective", *(side.letter for side in comparison.sides)), rows)


def _verdict(verdict: ObjectiveVerdict | None) -> str:
    if verdict is None:
        return "–"
    return f"{wording.STATE_SIGNS[verdict.state]} {wording.STATE_WORDS[verdict.state]}: {wording.measured(verdict)}"


def _circumstances(comparison: Comparison) -> str:
    rows = [(f"{row.label}{' (differs)' if row.differs else ''}", *row.texts) for row in comparison.circumstances]
    return table(("", *(side.letter for side in comparison.sides)), rows)
