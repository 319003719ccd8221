"""How often the right function is named: ``python -m tests.benchmarks.culprits``.

Slowdowns of known size are planted, one at a time, into functions of a copy of the service, drawn from a seed, among
edits of other functions that cost nothing. Each time the same requests are counted and compared with the unchanged
service, and the functions that are named are compared with the one that was slowed down. As often as one likes
nothing is made slower: then nobody must be named.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random

import rich_click as click
from rich.console import Console
from rich.progress import track

from loadstone.culprits import KINDS, Sides, named
from profiles.recording import Recording, Unit
from slo import profiling
from slo.documentation import put
from tests.benchmarks.culprits import plants
from tests.benchmarks.culprits.table import Trial, rows, write

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "culprits.md"
RESULTS = ROOT / ".loadstone" / "culprits.json"
ROOMS = ("service", "slo")
REQUESTS = 60
UNITS: tuple[Unit, ...] = ("bytecodes", "bytes", "waited", "queries")
"""Those by which functions are named."""


@dataclass(frozen=True, slots=True)
class Bench:
    """Two copies of the source, one of them to be changed, and the counts of the other."""

    folder: Path
    base: dict[Unit, Recording]

    @property
    def tree(self) -> Path:
        """The one to be changed."""
        return self.folder / "head-tree"

    def trial(self, kind: str, unit: Unit, right: tuple[str, ...]) -> Trial:
        """Count what the changed tree does in ``unit``, and see who is named."""
        head = _counted(self.folder, "head", {kind_of(unit), "deterministic"})
        both: tuple[Unit, Unit] = (unit, "calls")
        sides: dict[str, Sides] = {each: (self.base[each], head[each]) for each in both}
        costs = [side.profile().total / side.answered for side in sides[unit]]
        return Trial(
            kind=kind,
            right=right,
            added=costs[1] / costs[0] - 1 if costs[0] else None,
            named=tuple(each.function for each in named(sides, self.folder / "base-tree", self.tree)),
        )


@click.command()
@click.option("--plants", "count", default=60, show_default=True, type=click.IntRange(1, 1000), help="Slowdowns.")
@click.option("--unchanged", default=12, show_default=True, type=click.IntRange(0, 1000), help="Trials without one.")
@click.option("--seed", default=1, show_default=True, help="Of the choice of functions.")
@click.option("--write", "writes", is_flag=True, help=f"Put the table into {PAGE.relative_to(ROOT)}.")
def main(count: int, unchanged: int, seed: int, writes: bool) -> None:
    """Plant slowdowns into the service and see whether the right functions are named."""
    progress = partial(track, console=Console(stderr=True))
    random, trials = Random(f"{seed}/decoys"), []
    with _bench(seed) as bench:
        candidates = plants.targets(bench.base["calls"], bench.tree)
        costs = {unit: bench.base[unit].profile().total / bench.base[unit].answered for unit in UNITS}
        for plant in progress(list(plants.chosen(candidates, costs, count, seed)), description="planting"):
            with plants.planted(bench.tree, plant, candidates, random):
                trials.append(bench.trial(plant.kind, plant.unit, plant.right))
        for number in progress(range(unchanged), description="unchanged"):
            with plants.planted(bench.tree, None, candidates, random):
                trials.append(bench.trial("nothing", UNITS[number % len(UNITS)], ()))
    write(RESULTS, trials)
    table = rows(trials)
    click.echo(table)
    if writes:
        PAGE.write_text(put(PAGE.read_text(encoding="utf-8"), "measured", table), encoding="utf-8")


def kind_of(unit: Unit) -> str:
    """The kind of replay that counts ``unit``."""
    return next(kind for kind, units in KINDS.items() if unit in units)


@contextmanager
def _bench(seed: int) -> Iterator[Bench]:
    with tempfile.TemporaryDirectory(prefix="loadstone-culprits-") as name:
        folder = Path(name)
        for side in ("base", "head"):
            for room in ROOMS:
                ignored = shutil.ignore_patterns("__pycache__")
                shutil.copytree(ROOT / room, folder / f"{side}-tree" / room, ignore=ignored)
        profiling.drawn(folder / "requests.jsonl", "gate", REQUESTS, seed)
        yield Bench(folder, _counted(folder, "base", set(KINDS)))


def _counted(folder: Path, side: str, kinds: set[str]) -> dict[Unit, Recording]:
    """What the tree of ``side`` does, in the units of ``kinds``; two are counted at a time."""

    def counted(kind: str) -> list[Path]:
        return profiling.counted(folder / side, folder / "requests.jsonl", kind, tree=folder / f"{side}-tree")

    with ThreadPoolExecutor(2) as pool:
        paths = [path for found in pool.map(counted, sorted(kinds)) for path in found]
    return {(found := Recording.load(path)).unit: found for path in paths}


if __name__ == "__main__":
    main(prog_name="python -m tests.benchmarks.culprits")
