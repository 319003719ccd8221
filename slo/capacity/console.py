"""A capacity test for the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rich import box
from rich.table import Table
from rich.text import Text

from slo.capacity import wording
from slo.capacity.model import Agreement, Capacity, StepState
from slo.reports.paper import Paper
from slo.reports.wording import plain

_STYLES = {
    StepState.CARRIED: "green",
    StepState.BROKEN: "red",
    StepState.UNDECIDED: "yellow",
    StepState.TOO_FEW: "dim",
    StepState.GENERATOR: "magenta",
    StepState.SPOILT: "magenta",
}


def render(
    runs: Sequence[Capacity],
    agreement: Agreement | None,
    places: Mapping[str, Path],
    *,
    width: int,
    colour: bool,
) -> str:
    """The last of ``runs``, how they agree, and where the rest is."""
    found = runs[-1]
    paper = Paper(width=width, colour=colour)
    paper.print()
    paper.print(_steps(found))
    paper.print(Text(found.headline, style="bold"))
    paper.print(found.first_to_saturate)
    paper.print(_figures(found))
    if found.scalability is not None:
        paper.bullet(found.scalability.reading)
    for note in found.notes:
        paper.bullet(note, "dim")
    if agreement is not None:
        paper.print()
        paper.print(_agreements(agreement))
        paper.print(Text(agreement.reading, style="bold green" if agreement.agree else "bold red"))
    paper.print()
    paper.places(places)
    return paper.text


def _steps(found: Capacity) -> Table:
    table = Table(title=f"Steps of {plain(found.plan)}", title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("offered", "answered", "p50", "p95", "p99", "in flight", "CPU a request"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("outcome")
    for step in sorted(found.steps, key=lambda each: each.offered_per_s):
        table.add_row(
            wording.rate(step.offered_per_s),
            wording.rate(step.answered_per_s),
            *(wording.milliseconds(latency) for latency in (step.p50_ms, step.p95_ms, step.p99_ms)),
            wording.figure(step.in_flight),
            wording.milliseconds(step.cpu_ms_per_request),
            Text(f"{wording.SIGNS[step.state]} {step.state.value}", style=_STYLES[step.state]),
        )
    return table


def _figures(found: Capacity) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True, style="dim")
    table.add_column()
    for title, figure in wording.key_figures(found):
        table.add_row(title, Text(plain(figure)))
    return table


def _agreements(agreement: Agreement) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    for number in range(1, len(agreement.runs) + 1):
        table.add_column(f"test {number}", justify="right")
    table.add_column("in common", justify="right")
    for row in wording.agreements(agreement):
        table.add_row(*row)
    return table
