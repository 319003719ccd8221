"""The report for a terminal or the log of a job: the verdict, the objectives, where the rest is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from rich import box
from rich.table import Table
from rich.text import Text

from slo.reports import wording
from slo.reports.paper import Paper
from slo.reports.run.summary import Report

ROOMY = 120
"""Columns from which on a table also says what was measured; a log has as many."""


def render(report: Report, *, places: Mapping[str, Path] | None = None, width: int = 100, colour: bool = False) -> str:
    """The text in at most ``width`` columns; ``places`` are the written forms by name."""
    paper = Paper(width=width, colour=colour)
    judgement = report.judgement
    sign, words = wording.OVERALL_SIGNS[judgement.overall], wording.OVERALL_WORDS[judgement.overall]
    paper.print()
    paper.print(Text.assemble((f"{sign} {words}", wording.OVERALL_STYLES[judgement.overall]), f"  {_which(report)}"))
    paper.print(wording.plain(wording.sentence(judgement)))
    for cause in report.further_causes:
        paper.bullet(cause)
    if judgement.verdicts:
        paper.print(f"\n{wording.tally(judgement)}")
        paper.print(_objectives(report, roomy=width >= ROOMY))
    if report.causes and report.observations:
        paper.print("What the figures show" if judgement.verdicts else "\nWhat the figures show")
        for observation in report.observations:
            paper.bullet(observation)
        paper.print()
    paper.places(places or {})
    return paper.text


def _which(report: Report) -> str:
    run = report.judgement.run
    return wording.plain(f"{run.plan or 'no plan'}, seed {run.seed}, {run.requests:,} requests")


def _objectives(report: Report, *, roomy: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Verdict", no_wrap=True)
    table.add_column("Objective", no_wrap=roomy)
    table.add_column("Target", min_width=18)
    table.add_column("Measured", no_wrap=roomy)
    for verdict in wording.worst_first(report.judgement.verdicts):
        label = f"{wording.STATE_SIGNS[verdict.state]} {wording.STATE_WORDS[verdict.state]}"
        table.add_row(
            Text(label, style=wording.STATE_STYLES[verdict.state]),
            Text.assemble(
                wording.plain(f"{verdict.name}{'' if verdict.enforced else ' (not enforced)'}"),
                (f"\n{wording.plain(verdict.indicator)}" if roomy else "", "dim"),
            ),
            Text(wording.target(verdict)),
            Text(wording.measured(verdict)),
        )
    return table
