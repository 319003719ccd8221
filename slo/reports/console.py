"""The report for a terminal or the log of a job: the verdict, the objectives, where the rest is."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from pathlib import Path

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from slo.model import Overall, State
from slo.reports import wording
from slo.reports.summary import Report

NARROWEST = 60
"""Columns; a narrower terminal wraps lines by itself."""
ROOMY = 120
"""Columns from which on a table also says what was measured; a log has as many."""

_OVERALL_STYLES = {
    Overall.MET: "bold green",
    Overall.MISSED: "bold red",
    Overall.INCONCLUSIVE: "bold yellow",
    Overall.UNJUDGED: "bold magenta",
}
_STATE_STYLES = {
    State.PASSED: "green",
    State.WARNING: "yellow",
    State.INCONCLUSIVE: "yellow",
    State.CRITICAL: "red",
    State.NO_DATA: "magenta",
    State.NEEDS_BASE: "dim",
}


def render(report: Report, *, places: Mapping[str, Path] | None = None, width: int = 100, colour: bool = False) -> str:
    """The text in at most ``width`` columns; ``places`` are the written forms by name."""
    output = StringIO()
    console = Console(
        file=output,
        width=max(width, NARROWEST),
        force_terminal=colour,
        no_color=not colour,
        highlight=False,
        emoji=False,
        markup=False,
        legacy_windows=False,
    )
    judgement = report.judgement
    sign, words = wording.OVERALL_SIGNS[judgement.overall], wording.OVERALL_WORDS[judgement.overall]
    console.print()
    console.print(Text.assemble((f"{sign} {words}", _OVERALL_STYLES[judgement.overall]), f"  {_which(report)}"))
    console.print(wording.plain(wording.sentence(judgement)))
    for cause in report.further_causes:
        _print_bullet(console, cause)
    if judgement.verdicts:
        console.print(f"\n{wording.tally(judgement)}")
        console.print(_objectives(report, roomy=width >= ROOMY))
    if report.causes and report.observations:
        console.print("What the figures show" if judgement.verdicts else "\nWhat the figures show")
        for observation in report.observations:
            _print_bullet(console, observation)
        console.print()
    for name, path in (places or {}).items():
        console.print(f"{name:<9} {path}", soft_wrap=True)
    return "".join(f"{line.rstrip()}\n" for line in output.getvalue().splitlines())


def _which(report: Report) -> str:
    run = report.judgement.run
    return wording.plain(f"{run.plan or 'no plan'}, seed {run.seed}, {run.requests:,} requests")


def _print_bullet(console: Console, text: str) -> None:
    console.print(Padding(Text(f"- {wording.plain(text)}"), (0, 0, 0, 2)))


def _objectives(report: Report, *, roomy: bool) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("Verdict", no_wrap=True)
    table.add_column("Objective", no_wrap=roomy)
    table.add_column("Target", min_width=18)
    table.add_column("Measured", no_wrap=roomy)
    for verdict in wording.worst_first(report.judgement.verdicts):
        label = f"{wording.STATE_SIGNS[verdict.state]} {wording.STATE_WORDS[verdict.state]}"
        table.add_row(
            Text(label, style=_STATE_STYLES[verdict.state]),
            Text.assemble(
                wording.plain(f"{verdict.name}{'' if verdict.enforced else ' (not enforced)'}"),
                (f"\n{wording.plain(verdict.indicator)}" if roomy else "", "dim"),
            ),
            Text(wording.target(verdict)),
            Text(wording.measured(verdict)),
        )
    return table
