"""All plans, a line each."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from loadtests._planning._course_drawing import ends
from loadtests._planning._plan import Plan

HEAD = ("plan", "length", "arrivals", "peak", "what it is for")


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A plan in the list; an open one has ``peak_rate_per_second``, a closed one ``peak_users``."""

    name: str
    description: str
    seconds: float
    arrivals: str
    peak_rate_per_second: float | None
    peak_users: int | None
    objectives: tuple[str, ...]


def entries(plans: Sequence[Plan]) -> bytes:
    """The list as JSON."""
    return msgspec.json.format(msgspec.json.encode([entry(plan) for plan in plans]), indent=2)


def catalogue(plans: Sequence[Plan], console: Console) -> None:
    """Print the list: a table on a terminal, elsewhere plain lines, aligned, each as long as it is."""
    rows = [_row(entry(plan)) for plan in plans]
    if not console.is_terminal:
        widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD) - 1)]
        for row in rows:
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
            console.print(Text("  ".join([*cells, row[-1]])), soft_wrap=True)
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for name in HEAD:
        table.add_column(name, justify="right" if name in ("length", "peak") else "left", no_wrap=name != HEAD[-1])
    for name, *cells in rows:
        table.add_row(Text(name, style="bold"), *cells)
    console.print(table)


def entry(plan: Plan) -> Entry:
    """``plan`` in the list."""
    peak = max(max(ends(plan, stage)) for stage in plan.stages)
    return Entry(
        name=plan.name,
        description=plan.description,
        seconds=plan.seconds,
        arrivals=plan.arrivals,
        peak_rate_per_second=None if plan.closed else peak,
        peak_users=round(peak) if plan.closed else None,
        objectives=plan.objectives,
    )


def _row(known: Entry) -> tuple[str, ...]:
    peak = f"{known.peak_users:,} users" if known.peak_users is not None else f"{known.peak_rate_per_second:,.4g}/s"
    return known.name, length(known.seconds), known.arrivals, peak, known.description


def length(seconds: float) -> str:
    """``seconds`` for people, in the largest unit that makes half a number of it: ``1.5 h``, ``90 s``, ``2 min``."""
    for size, unit in ((3600.0, "h"), (60.0, "min")):
        if seconds >= size and seconds % (size / 2) == 0.0:
            return f"{seconds / size:g} {unit}"
    return f"{seconds:.3g} s" if seconds < 1000.0 else f"{seconds:,.0f} s"
