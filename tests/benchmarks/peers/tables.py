"""What was found, as tables for the terminal and for the documentation."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from rich import box
from rich.console import Console
from rich.table import Table

from service.duties import table, trials
from slo.model import Unit
from slo.quantities import written
from slo.record import Duty
from tests.benchmarks.peers import findings
from tests.benchmarks.peers.findings import Comparison, Measured, State
from tests.benchmarks.peers.forms import BULK, CACHED, UNCACHED

Row = tuple[str, ...]

_SIGNS = {State.MET: "✔ met", State.MISSED: "✖ missed", State.UNDECIDED: "◐ undecided"}
_STYLES = {State.MET: "green", State.MISSED: "red", State.UNDECIDED: "yellow"}

COST_HEAD: Row = ("scenario", "form", "requests/CPU-s", "worker CPU", "Redis CPU", "sent", "answered", "failed")
PACE_HEAD: Row = ("scenario", "form", "rate", "p50", "p99", "longest", "sent", "answered", "failed")
MEMORY_HEAD: Row = ("form", "resident before all load", "after it", "proportional")
RATIO_HEAD: Row = ("scenario", "measure", "against", "times better", "95 % interval", "target", "verdict")


def cost_rows(measured: Measured) -> list[Row]:
    """Cost of a request, per scenario and form."""
    return [
        (
            cost.scenario,
            cost.form,
            f"{cost.requests_per_cpu_s:,.0f}",
            written(cost.worker_cpu_us / 1e6, Unit.SECONDS),
            written(cost.redis_cpu_us / 1e6, Unit.SECONDS),
            f"{cost.sent:,}",
            f"{cost.answered:,}",
            f"{cost.failed:,}",
        )
        for cost in findings.costs(measured)
    ]


def pace_rows(measured: Measured) -> list[Row]:
    """Latency at the same arrivals; medians over the blocks, and the longest of all."""
    rows: list[Row] = []
    for scenario, form in dict.fromkeys((pace.scenario, pace.form) for pace in measured.paces):
        own = [pace for pace in measured.paces if (pace.scenario, pace.form) == (scenario, form)]
        rows.append(
            (
                scenario,
                form,
                written(median(pace.rate_per_s for pace in own), Unit.PER_SECOND),
                written(median(pace.p50_ms for pace in own) / 1000, Unit.SECONDS),
                written(median(pace.p99_ms for pace in own) / 1000, Unit.SECONDS),
                written(max(pace.longest_ms for pace in own) / 1000, Unit.SECONDS),
                f"{sum(pace.sent for pace in own):,}",
                f"{sum(pace.answered for pace in own):,}",
                f"{sum(pace.failed for pace in own):,}",
            )
        )
    return rows


def memory_rows(measured: Measured) -> list[Row]:
    """Memory of one worker."""
    return [
        (
            held.form,
            *(written(size, Unit.BYTES) for size in (held.resting_bytes, held.resident_bytes, held.proportional_bytes)),
        )
        for held in measured.held
    ]


def ratio_rows(compared: Sequence[Comparison]) -> list[Row]:
    """How many times better, and whether that is enough."""
    return [
        (
            each.scenario,
            each.measure,
            each.form,
            f"{each.ratio:.2f}",
            "" if each.low == each.high else f"{each.low:.2f} to {each.high:.2f}",
            "" if each.target is None else f"≥ {each.target:g}",
            "" if each.state is None else _SIGNS[each.state],
        )
        for each in compared
    ]


def show(measured: Measured, console: Console) -> None:
    """Everything; the cached, uncached and bulk ratios come last."""
    _print(console, "CPU time of a request, closed loop", COST_HEAD, cost_rows(measured))
    _print(console, "Latency at the same arrivals, open loop", PACE_HEAD, pace_rows(measured))
    _print(console, "Memory of one worker", MEMORY_HEAD, memory_rows(measured))
    others = [*findings.pace_comparisons(measured), *findings.memory_comparisons(measured)]
    _print_ratios(console, "Loadstone against the others: latency and memory", others)
    for doubt in findings.doubts(measured):
        console.print(f"! {doubt}", style="yellow")
    by_scenario = findings.cost_comparisons(measured)
    for scenario in (CACHED, UNCACHED, BULK):
        _print_ratios(
            console,
            f"Loadstone against the others: {scenario} requests per CPU-second",
            [each for each in by_scenario if each.scenario == scenario],
        )


def markdown(measured: Measured) -> str:
    """The tables for the documentation."""
    circumstances = (
        f"Measured on {measured.machine}, Python {measured.python}, {measured.started_at[:10]}: "
        f"{measured.blocks} blocks of {measured.block_seconds:g} s for each form and scenario, "
        f"{measured.connections} connections; {measured.checked_answers:,} answers checked, "
        f"{len(measured.wrong_answers)} wrong."
    )
    parts = [
        circumstances,
        _markdown_table(RATIO_HEAD, ratio_rows(findings.comparisons(measured))),
        _markdown_table(COST_HEAD, cost_rows(measured)),
        _markdown_table(PACE_HEAD, pace_rows(measured)),
        _markdown_table(MEMORY_HEAD, memory_rows(measured)),
    ]
    doubts = findings.doubts(measured)
    if doubts:
        parts.append("\n".join(("Against these figures speaks:", "", *(f"- {doubt}" for doubt in doubts))))
    return "\n\n".join(parts)


def duties_markdown(duties: Sequence[Duty]) -> str:
    """What each duty adds, for the documentation."""
    head = ("duty", "what it is", "µs a request, here", "where the reference takes 10 µs (95 %)")
    alone = {trial.name for trial in trials.TRIALS if trial.own not in trials.WHOLE}
    rows = [(f"{name}{' *' if name in alone else ''}", *rest) for name, *rest in table.rows(duties)]
    return _markdown_table(head, rows)


def _print_ratios(console: Console, title: str, compared: Sequence[Comparison]) -> None:
    if not compared:
        return
    table = _table(title, RATIO_HEAD)
    for each, row in zip(compared, ratio_rows(compared), strict=True):
        style = "" if each.state is None else _STYLES[each.state]
        table.add_row(*row[:-1], f"[{style}]{row[-1]}[/]" if style else row[-1])
    console.print(table)


def _print(console: Console, title: str, head: Row, rows: Sequence[Row]) -> None:
    table = _table(title, head)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def _table(title: str, head: Row) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    words = {"scenario", "form", "measure", "against", "target", "verdict"}
    for name in head:
        table.add_column(name, justify="left" if name in words else "right")
    return table


def _markdown_table(head: Row, rows: Sequence[Row]) -> str:
    lines = [head, tuple("---" for _ in head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
