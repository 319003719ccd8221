"""The comparison for a terminal or the log of a job."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rich import box
from rich.table import Table
from rich.text import Text

from slo.reports import wording
from slo.reports.comparison.change import Tone
from slo.reports.comparison.figures import Cell
from slo.reports.comparison.summary import Comparison
from slo.reports.paper import Paper

_TONES = {Tone.BETTER: "green", Tone.WORSE: "red", Tone.OPEN: "dim"}


def render(
    comparison: Comparison, *, places: Mapping[str, Path] | None = None, width: int = 100, colour: bool = False
) -> str:
    """The text in at most ``width`` columns; ``places`` are the written forms by name."""
    paper = Paper(width=width, colour=colour)
    paper.print()
    for side in comparison.sides:
        judgement = side.report.judgement
        verdict = f"{wording.OVERALL_SIGNS[judgement.overall]} {wording.OVERALL_WORDS[judgement.overall]}"
        baseline = " (baseline)" if side.letter == "A" else ""
        run = wording.plain(f"{judgement.run.plan or 'no plan'}, {judgement.run.started_at}")
        style = wording.OVERALL_STYLES[judgement.overall]
        paper.print(Text.assemble((f"{side.letter}  ", "bold"), f"{side.name}{baseline}, {run}: ", (verdict, style)))
    for notice in comparison.notices:
        paper.bullet(notice.text, style="bold red" if notice.grave else "")
    paper.print()
    paper.print(_figures(comparison))
    if comparison.objectives:
        paper.print(_objectives(comparison))
    differing = [row.label for row in comparison.circumstances if row.differs]
    if differing:
        paper.print(f"Circumstances that differ: {', '.join(differing)}.")
    paper.print(wording.COMPARED)
    paper.places(places or {})
    return paper.text


def _figures(comparison: Comparison) -> Table:
    table = _table(comparison, "")
    for group in comparison.groups:
        table.add_row(Text(group.title, style="bold"))
        for row in group.rows:
            table.add_row(f"  {wording.plain(row.title)}", *map(_cell, row.cells))
    return table


def _cell(cell: Cell) -> Text:
    text = Text(cell.value)
    if cell.interval:
        text.append(f"\n{cell.interval}", style="dim")
    if cell.change:
        text.append(f"\n{cell.change.words}", style=_TONES[cell.change.tone])
    return text


def _objectives(comparison: Comparison) -> Table:
    table = _table(comparison, "Objective")
    for row in comparison.objectives:
        cells = [
            Text("–")
            if verdict is None
            else Text.assemble(
                (
                    f"{wording.STATE_SIGNS[verdict.state]} {wording.STATE_WORDS[verdict.state]}",
                    wording.STATE_STYLES[verdict.state],
                ),
                (f"\n{wording.measured(verdict)}", "dim"),
            )
            for verdict in row.verdicts
        ]
        table.add_row(wording.plain(row.name), *cells)
    return table


def _table(comparison: Comparison, title: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column(title)
    for side in comparison.sides:
        table.add_column(side.letter)
    return table
