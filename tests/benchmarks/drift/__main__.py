"""How often drift is found, and where there is none: ``python -m tests.benchmarks.drift --otava PYTHON``.

Series are made from a seed. Ours go through the whole history, as entries; Apache Otava gets the levels of the same
entries. PYTHON is one of another environment, as Otava's dependencies are older than ours: ``python -m venv otava``,
``otava/bin/pip install apache-otava==0.8.0``.
"""

from __future__ import annotations

import json
import math
import subprocess
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import rich_click as click

from slo.documentation import put
from slo.history.drift import changes
from slo.history.levels import series
from tests.benchmarks.drift.made import CHAINS, LEVELS, Shape, entries

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "history.md"
PEER_SECONDS = 1800.0

Places = list[list[int]]


@click.command()
@click.option("--series", "number", default=200, show_default=True, type=click.IntRange(1, 100_000), help="Per row.")
@click.option("--seed", default=1, show_default=True, help="Of the series.")
@click.option("--otava", type=click.Path(exists=True, path_type=Path), help="The Python that has Otava.")
@click.option("--write", "writes", is_flag=True, help=f"Put the tables into {PAGE.relative_to(ROOT)}.")
def main(number: int, seed: int, otava: Path | None, writes: bool) -> None:
    """Compare what finds drift."""
    tables = [
        f"{title}, {number} series of 60 each, seed {seed}:\n\n" + _table(shapes, number, seed, otava, chained=chained)
        for title, shapes, chained in (
            ("Every commit against the same base", LEVELS, False),
            ("Every commit against the one before it", CHAINS, True),
        )
    ]
    text = "\n\n".join(tables)
    click.echo(text)
    if writes:
        PAGE.write_text(put(PAGE.read_text(encoding="utf-8"), "measured", text), encoding="utf-8")


def _table(shapes: Sequence[Shape], number: int, seed: int, otava: Path | None, *, chained: bool) -> str:
    lines = ["| series | Loadstone | Apache Otava on the levels |", "| --- | --- | --- |"]
    for row, shape in enumerate(shapes):
        ours: Places = []
        levels: list[list[float]] = []
        for trial in range(number):
            random = np.random.default_rng([seed, int(chained), row, trial])
            (one,) = series(entries(shape, random, chained=chained))
            levels.append([math.exp(point.level) for point in one.points])
            ours.append([(each.first + each.last) // 2 for each in changes(one, random)])
        theirs = None if otava is None else _asked(otava, levels)
        lines.append(f"| {shape.name} | {_rate(shape, ours)} | {_rate(shape, theirs) if theirs else 'not asked'} |")
    return "\n".join(lines)


def _rate(shape: Shape, found: Places) -> str:
    if shape.at is None:
        return f"{sum(bool(places) for places in found) / len(found):.1%} false alarms"
    at, width = shape.at, shape.width
    hits = sum(any(abs(place - at) <= width for place in places) for places in found)
    return f"{hits / len(found):.1%} found"


def _asked(python: Path, levels: list[list[float]]) -> Places:
    done = subprocess.run(
        [str(python), str(Path(__file__).with_name("peer.py"))],
        input=json.dumps(levels),
        capture_output=True,
        text=True,
        timeout=PEER_SECONDS,
        check=True,
    )
    answer: Places = json.loads(done.stdout)
    return answer


if __name__ == "__main__":
    main(prog_name="python -m tests.benchmarks.drift")
