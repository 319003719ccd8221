"""The duties as a table for people."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from slo import stats
from slo.indicators import REFERENCE_SECONDS
from slo.record import Duty

CONFIDENCE = 0.95


def rows(duties: Sequence[Duty]) -> list[tuple[str, str, str, str]]:
    """Name, title, µs here, and µs on the machine of reference with the interval; medians over the rounds."""
    return [(duty.name, duty.title, *_figures(duty)) for duty in duties]


def _figures(duty: Duty) -> tuple[str, str]:
    here = stats.median(duty.added, CONFIDENCE).value * 1e6
    ratios = [own / reference for own, reference in zip(duty.added, duty.reference, strict=True)]
    value, low, high = (ratio * REFERENCE_SECONDS * 1e6 for ratio in stats.median(ratios, CONFIDENCE))
    return f"{here:.2f}", f"{value:.2f} ({low:.2f} to {high:.2f})"


def show(duties: Sequence[Duty], console: Console) -> None:
    """Print them, and how fast this machine is."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for name in ("duty", "what it is"):
        table.add_column(name)
    for name in ("µs a request, here", "where the reference takes 10 µs (95 %)"):
        table.add_column(name, justify="right")
    for row in rows(duties):
        table.add_row(*row)
    console.print(table)
    reference = stats.median(duties[0].reference, CONFIDENCE).value * 1e6
    console.print(f"{len(duties[0].added)} rounds; the reference takes {reference:.2f} µs here")
