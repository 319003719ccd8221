"""``python -m tests.benchmarks.images``: pictures a second and core, and how often blur and copies are told rightly."""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import cv2
import msgspec
import rich_click as click
from rich.console import Console

from loadtests._running._machine import facts
from slo.documentation import put
from tests.benchmarks.images import accuracy, photos, speed, tables
from tests.benchmarks.images.findings import Measured, misses

RESULTS = Path(".loadstone/images")
PAGE = Path(__file__).parents[3] / "docs/images.md"
PACKAGES = ("simplejpeg", "opencv-python-headless", "Pillow")


@click.command()
@click.option(
    "--photos",
    "folders",
    multiple=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of photos (JPEG); may be given again. Without one, pictures are drawn.",
)
@click.option(
    "--labelled",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder with photos that people called blurred in `blur`, and sharp in `noblur`.",
)
@click.option("--quick", is_flag=True, help="Fewer photos and turns: half a minute.")
@click.option("--write", is_flag=True, help="Write the tables into docs/images.md.")
@click.option("--strict", is_flag=True, help="Exit 1 unless every goal is reached.")
def main(folders: tuple[Path, ...], labelled: Path | None, quick: bool, write: bool, strict: bool) -> None:
    """Measure the analysis of pictures on one core, against Pillow doing the same to the same files in turns.

    Then count how often the verdict on blur is right, and how many changed copies of photos are found by their hashes.
    The whole is also written as JSON to `.loadstone/images`.
    """
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    cv2.setNumThreads(1)
    console = Console()
    with console.status("starting") as status:
        measured = _measured(photos.paths_in(folders), labelled, quick, status.update)
    path = RESULTS / f"{measured.started_at.replace(':', '').replace('-', '')}.json"
    RESULTS.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(measured), indent=1))
    if write:
        page = put(PAGE.read_text(encoding="utf-8"), "speed", tables.speed(measured))
        PAGE.write_text(put(page, "accuracy", tables.accuracy(measured)), encoding="utf-8")
    tables.show(measured, console)
    console.print(f"results: {path}", soft_wrap=True)
    sys.exit(1 if strict and misses(measured) else 0)


def _measured(paths: list[Path], labelled: Path | None, quick: bool, tell: Callable[[str], None]) -> Measured:
    started_at = datetime.now(UTC).isoformat(timespec="seconds")
    rounds = 3 if quick else 9
    timed = list(photos.read(paths, 4 if quick else 12))
    paces = speed.paces(timed, rounds, tell)
    tell("stages")
    stages = speed.stages(timed, rounds)
    tell("blur")
    judged = list(photos.read(paths, 20 if quick else 200, edge=1_024, seed=2))
    copies, strangers = accuracy.copies(
        list(photos.read(paths, 20 if quick else 400, edge=1_024, seed=3)),
        tell,
    )
    return Measured(
        started_at=started_at,
        machine=facts().cpu,
        python=platform.python_version(),
        packages={name: version(name) for name in PACKAGES},
        drawn=not paths,
        rounds=rounds,
        paces=paces,
        stages=stages,
        labelled=accuracy.labelled(labelled) if labelled else None,
        spoiled=accuracy.spoiled(judged),
        copies=copies,
        strangers=strangers,
    )


if __name__ == "__main__":
    main(prog_name="python -m tests.benchmarks.images")
