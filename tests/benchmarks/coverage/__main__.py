"""``python -m tests.benchmarks.coverage``: what the gate's intervals and tests hold, on duels whose truth is known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import rich_click as click
from rich.progress import track

from slo.documentation import put
from tests.benchmarks.coverage.designs import DESIGNS
from tests.benchmarks.coverage.simulation import Held, Steps, held, steps

PAGE = Path(__file__).parents[3] / "docs/statistics.md"
SERIES = ((60, 0.0, 0), (60, 1.0, 30), (60, 2.0, 30), (60, 2.0, 8), (60, 3.0, 6), (200, 1.0, 100), (200, 0.5, 100))
HELD_HEAD = (
    "launches × windows",
    "window sd",
    "t on centres",
    "with a prior",
    "bootstrap",
    "false alarms",
    "with a prior",
)
STEPS_HEAD = ("values", "step, in sd", "values after it", "series with a change point")


@click.command()
@click.option("--runs", default=2000, show_default=True, help="Duels of each design.")
@click.option("--seed", default=20_260_101, show_default=True, help="The same seed gives the same tables.")
@click.option("--write", is_flag=True, help="Write the tables into docs/statistics.md.")
def main(runs: int, seed: int, write: bool) -> None:
    """Draw duels between equals and series with and without a step, and count how often the statistics are right."""
    random = np.random.default_rng(seed)
    duels = [held(design, runs, random) for design in track(DESIGNS, "duels")]
    series = [steps(*each, max(runs // (1 if each[1] == 0 else 10), 1), random) for each in track(SERIES, "series")]
    intervals, points = _intervals(duels, runs, seed), _points(series, runs)
    if write:
        page = put(PAGE.read_text(encoding="utf-8"), "intervals", intervals)
        PAGE.write_text(put(page, "change points", points), encoding="utf-8")
    click.echo(f"{intervals}\n\n{points}")


def _intervals(duels: Sequence[Held], runs: int, seed: int) -> str:
    rows = [
        (
            f"{each.design.launches} × {each.design.windows}",
            f"{100 * each.design.window_sd:g} %{', 5 % wild' if each.design.wild else ''}",
            _share_and_width(each.student, each.student_width),
            _share_and_width(each.moderated, each.moderated_width),
            _share_and_width(each.resampled, each.resampled_width),
            f"{each.alarms:.2%}",
            f"{each.moderated_alarms:.2%}",
        )
        for each in duels
    ]
    return f"{runs:,} duels a row, seed {seed}.\n\n{_table(HELD_HEAD, rows)}"


def _points(series: Sequence[Steps], runs: int) -> str:
    rows = [(f"{each.length}", f"{each.size:g}", f"{each.last}", f"{each.alarmed:.1%}") for each in series]
    return f"{runs:,} series without a step, a tenth of that with each step.\n\n{_table(STEPS_HEAD, rows)}"


def _share_and_width(share: float, width: float) -> str:
    return f"{share:.1%} (± {50 * width:.1f} %)"


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(line)} |" for line in (head, ["---"] * len(head), *rows))


if __name__ == "__main__":
    main(prog_name="python -m tests.benchmarks.coverage")
