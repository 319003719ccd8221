"""How often the right function is named: ``python -m tests.benchmarks.culprits``.

Slowdowns of known size are planted, one at a time, into functions of a copy of the service, drawn from a seed. Each
time the same requests are counted and compared with the unchanged service, and the functions that are named are
compared with the one that was changed. As often nothing is changed: then nobody must be named.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import rich_click as click
from rich.console import Console
from rich.progress import track

from profiles.culprit import suspects
from profiles.diff import difference
from profiles.recording import SUFFIX, Recording
from slo import profiling
from tests.benchmarks.culprits import plants
from tests.benchmarks.culprits.table import Trial, rows, write

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "culprits.md"
RESULTS = ROOT / ".loadstone" / "culprits.json"
ROOMS = ("service", "profiles", "slo", "loadtests")
KIND_OF = {"bytecodes": "deterministic", "bytes": "memory"}
REQUESTS = 60


@click.command()
@click.option("--plants", "count", default=50, show_default=True, type=click.IntRange(1, 1000), help="Slowdowns.")
@click.option("--unchanged", default=10, show_default=True, type=click.IntRange(0, 1000), help="Trials without one.")
@click.option("--seed", default=1, show_default=True, help="Of the choice of functions.")
@click.option("--write", "writes", is_flag=True, help=f"Put the table into {PAGE.relative_to(ROOT)}.")
def main(count: int, unchanged: int, seed: int, writes: bool) -> None:
    """Plant slowdowns into the service and see whether the right functions are named."""
    console = Console(stderr=True)
    with _tree() as (tree, folder):
        base = {unit: _counted(tree, folder / "base", unit) for unit in KIND_OF}
        candidates = plants.targets(Recording.load(folder / "base" / f"calls{SUFFIX}"))
        trials = []
        for target, kind, size in track(
            list(plants.chosen(candidates, count, seed)), description="planting", console=console
        ):
            amount = size * base[kind.unit].profile().total / base[kind.unit].answered / target.calls
            with plants.planted(tree, target, kind.code(amount)):
                trials.append(
                    _trial(base[kind.unit], _counted(tree, folder / "head", kind.unit), kind.name, target.frame)
                )
        for number in track(range(unchanged), description="unchanged", console=console):
            unit = list(KIND_OF)[number % len(KIND_OF)]
            trials.append(_trial(base[unit], _counted(tree, folder / "head", unit), "nothing", ""))
    write(RESULTS, trials)
    table = rows(trials)
    click.echo(table)
    if writes:
        _put(table)


@contextmanager
def _tree() -> Iterator[tuple[Path, Path]]:
    """A copy of the source, and a folder to work in."""
    with tempfile.TemporaryDirectory(prefix="loadstone-culprits-") as name:
        folder = Path(name)
        for room in ROOMS:
            shutil.copytree(ROOT / room, folder / "tree" / room, ignore=shutil.ignore_patterns("__pycache__"))
        yield folder / "tree", folder


def _counted(tree: Path, folder: Path, unit: str) -> Recording:
    profiling.counted(folder, "gate", REQUESTS, KIND_OF[unit], seed=1, tree=tree)
    return Recording.load(folder / f"{unit}{SUFFIX}")


def _trial(base: Recording, head: Recording, kind: str, planted: str) -> Trial:
    found = difference(base, head)
    named: Sequence[str] = [each.change.frame for each in suspects(found, is_exact=True)]
    return Trial(kind=kind, planted=planted, added=found.total.by / found.total.before, named=tuple(named))


def _put(table: str) -> None:
    begin, end = "<!-- measured: begin -->", "<!-- measured: end -->"
    page = PAGE.read_text(encoding="utf-8")
    head, _, rest = page.partition(begin)
    PAGE.write_text(f"{head}{begin}\n\n{table}\n\n{end}{rest.partition(end)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main(prog_name="python -m tests.benchmarks.culprits")
