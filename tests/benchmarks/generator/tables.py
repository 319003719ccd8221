"""What was found, as tables for the terminal and for the documentation."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from slo.stats import Estimate
from tests.benchmarks.generator import findings
from tests.benchmarks.generator.findings import FAST, FORMS, GOAL, OPEN, OURS, Measured

Row = tuple[str, ...]

RATE_HEAD: Row = ("user", "requests/CPU-s", "CPU a request", "requests/s", "failed")
RATIO_HEAD: Row = ("user", "against", "for a second of", "times as many", "95 % interval", "goal")
ACCURACY_HEAD: Row = ("percentile", "exact", "run record", "off by", "Locust's statistics", "off by")


def rate_rows(measured: Measured) -> list[Row]:
    """Requests per second and core; medians over the blocks."""
    rows: list[Row] = []
    for form in FORMS:
        cpu, clock = findings.rate(measured, form), findings.rate(measured, form, by="clock")
        failed = sum(block.failures for block in measured.blocks if block.form == form)
        rows.append((form, f"{cpu.value:,.0f}", f"{1e6 / cpu.value:.1f} µs", f"{clock.value:,.0f}", f"{failed:,}"))
    return rows


def ratio_rows(measured: Measured) -> list[Row]:
    """How many times as many requests as with `FastHttpUser`."""
    return [
        (OURS, FAST, "processor time", *_times(findings.ratio(measured)), f"≥ {GOAL:g}"),
        (OURS, FAST, "clock", *_times(findings.ratio(measured, by="clock")), ""),
        (OPEN, FAST, "processor time", *_times(findings.ratio(measured, OPEN)), ""),
    ]


def accuracy_rows(measured: Measured) -> list[Row]:
    """Percentiles, told three times."""
    return [
        (
            f"p{100 * each.fraction:g}",
            f"{each.exact_ms:.4f} ms",
            f"{each.recorded_ms:.4f} ms",
            f"{each.error:.2%}",
            f"{each.locust_ms:g} ms",
            f"{each.locust_error:.1%}",
        )
        for each in measured.percentiles
    ]


def show(measured: Measured, console: Console) -> None:
    """Everything, and what speaks against it."""
    for title, head, rows in _tables(measured):
        table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
        for name in head:
            table.add_column(name)
        for row in rows:
            table.add_row(*row)
        console.print(table)
    for miss in findings.misses(measured):
        console.print(f"! {miss}", style="yellow")


def markdown(measured: Measured) -> str:
    """The tables for the documentation."""
    number = len(measured.blocks) // len(FORMS)
    shared = " Server and generator shared one core." if measured.one_core else ""
    circumstances = (
        f"Measured on {measured.machine}, Python {measured.python}, Locust {measured.locust}, "
        f"{measured.started_at[:10]}: {number} blocks of {measured.block_seconds:g} s for each user, "
        f"{measured.users} users; percentiles of {measured.latencies:,} latencies.{shared}"
    )
    parts = [circumstances, *(_markdown(head, rows) for _, head, rows in _tables(measured))]
    if misses := findings.misses(measured):
        parts.append("\n".join(("Against these figures speaks:", "", *(f"- {miss}" for miss in misses))))
    return "\n\n".join(parts)


def _tables(measured: Measured) -> list[tuple[str, Row, list[Row]]]:
    return [
        ("Requests of one generator process, on one core", RATE_HEAD, rate_rows(measured)),
        ("Against Locust's FastHttpUser", RATIO_HEAD, ratio_rows(measured)),
        ("Percentiles against latencies kept one by one", ACCURACY_HEAD, accuracy_rows(measured)),
    ]


def _times(times: Estimate) -> tuple[str, str]:
    return f"{times.value:.2f}", f"{times.low:.2f} to {times.high:.2f}"


def _markdown(head: Row, rows: Sequence[Row]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
