"""Calibration as tables, for the terminal and for the documentation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from slo.calibration.model import Calibration, Leaning, Power, Tally
from slo.calibration.resampling import SIZES
from slo.duel.metrics import METRICS
from slo.stats import Interval

Row = tuple[str, ...]

ALARMS_HEAD: Row = ("equal builds", "gates", "failed", "share", "95 % interval", "undecided")
LEANING_HEAD: Row = ("head against an equal base", "mean", "95 % interval")
PLANTED_HEAD: Row = ("planted", "gates", "found", "share", "95 % interval")


def markdown(found: Calibration) -> str:
    """All tables, and the circumstances."""
    parts = [circumstances(found)]
    parts += [as_markdown(head, rows) for head, rows in _tables(found) if rows]
    return "\n\n".join(parts)


def show(found: Calibration, console: Console) -> None:
    """The same on a terminal."""
    console.print(circumstances(found), soft_wrap=True)
    for head, rows in _tables(found):
        if rows:
            table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
            for number, name in enumerate(head):
                table.add_column(name, justify="right" if number else "left", no_wrap=True)
            for row in rows:
                table.add_row(*row)
            console.print(table)


def circumstances(found: Calibration) -> str:
    """On what, when and for how long."""
    refused = f" {found.refused} more could not be judged and are left out." if found.refused else ""
    return (
        f"{found.machine.cpu}, {found.machine.cores} cores, {found.measured_on}: rhythm {found.rhythm}, "
        f"plan {found.plan}, {found.minutes:.1f} minutes a gate.{refused}"
    )


def as_markdown(head: Row, rows: Iterable[Row]) -> str:
    """A table for a page."""
    ruler = ("---", *("---:" for _ in head[1:]))
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ruler, *rows))


def share(part: int, whole: int) -> str:
    """A share in percent, with as many digits as it can bear."""
    return f"{part / whole:.{1 if whole < 1000 else 2}%}" if whole else "–"


def span(interval: Interval) -> str:
    """An interval of shares."""
    return f"{interval.low:.2%} to {interval.high:.2%}"


def _tables(found: Calibration) -> list[tuple[Row, list[Row]]]:
    sizes = [size for size in SIZES if any(abs(each.planted.size) == size for each in found.power)]
    power_head = ("% found", "budget", *(f"{100 * size:g}%" for size in sizes), "from")
    return [
        (ALARMS_HEAD, [_alarms("real", found.real), _alarms("drawn from them", found.resampled)]),
        (LEANING_HEAD, [_leaning(each) for each in found.leanings]),
        (PLANTED_HEAD, [_planted(each) for each in found.planted]),
        (power_head, _power(found, sizes)),
    ]


def _alarms(name: str, tally: Tally) -> Row:
    return (
        name,
        f"{tally.gates:,}",
        f"{tally.failed:,}",
        share(tally.failed, tally.gates),
        span(tally.interval),
        share(tally.undecided, tally.gates),
    )


def _leaning(each: Leaning) -> Row:
    title = METRICS[each.metric].title + (f", {each.workload}" if each.workload else "")
    return title, f"{each.change:+.2%}", f"{each.low:+.2%} to {each.high:+.2%}"


def _planted(each: Power) -> Row:
    title = METRICS[each.planted.metric].title
    return (
        f"{title} {100 * each.planted.size:+g} %",
        f"{each.gates:,}",
        f"{each.found:,}",
        share(each.found, each.gates),
        span(each.interval),
    )


def _power(found: Calibration, sizes: Sequence[float]) -> list[Row]:
    rows = []
    for metric in dict.fromkeys(each.planted.metric for each in found.power):
        by_size = {abs(each.planted.size): each for each in found.power if each.planted.metric == metric}
        budget, smallest = found.budgets.get(metric), found.smallest(metric)
        rows.append(
            (
                metric,
                "–" if budget is None else f"{100 * budget:+g}%",
                *(f"{100 * by_size[size].share:.3g}" if size in by_size else "" for size in sizes),
                "–" if smallest is None else f"{100 * smallest:+g}%",
            )
        )
    return rows
