"""``python -m tests.benchmarks.recipes``: how much of printed and photographed recipes is understood, and how fast."""

from __future__ import annotations

import platform
import sys
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import get_args

import msgspec
import rich_click as click
from rich.console import Console
from rich.progress import track

from loadtests._running._machine import facts
from slo.documentation import put
from tests.benchmarks.recipes import receipts as scanned
from tests.benchmarks.recipes import tables
from tests.benchmarks.recipes.findings import Measured, misses
from tests.benchmarks.recipes.running import alone, score_of, spread
from tests.benchmarks.recipes.scoring import Score
from tests.benchmarks.recipes.speed import TIMED, Pictures, timed
from tests.benchmarks.recipes.words import Part

RESULTS = Path(".loadstone/recipes")
PAGE = Path(__file__).parents[3] / "docs/recipes.md"
PLACE = "recipes"
PACKAGES = ("rapidocr", "onnxruntime", "opencv-python-headless", "Pillow")
CARDS = 240
MOST_TIMED = 40


@click.command()
@click.option("--count", default=CARDS, show_default=True, type=click.IntRange(1), help="How many cards are read.")
@click.option(
    "--part",
    default="reported",
    show_default=True,
    type=click.Choice(get_args(Part)),
    help="Rules and thresholds are made on the cards of `tuned`; those of `reported` have other words.",
)
@click.option(
    "--receipts",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="A folder of scanned receipts: pictures in `img`, their text in `box`.",
)
@click.option("--failures", type=click.Path(dir_okay=False, path_type=Path), help="A file for all that went wrong.")
@click.option("--write", is_flag=True, help="Write the tables into docs/recipes.md.")
@click.option("--strict", is_flag=True, help="Exit 1 unless every goal is reached.")
def main(count: int, part: Part, receipts: Path | None, failures: Path | None, write: bool, strict: bool) -> None:
    """Draw recipe cards of which all is known, have the service read them, and count what it understood.

    Some cards are timed first, one after the other on one core. The others are read by two processes that compute only
    when nobody else does. The whole is also written as JSON to `.loadstone/recipes`.
    """
    console = Console()
    measured = _measured(count, part, receipts, console)
    path = RESULTS / f"{measured.started_at.replace(':', '').replace('-', '')}.json"
    RESULTS.mkdir(parents=True, exist_ok=True)
    path.write_bytes(msgspec.json.format(msgspec.json.encode(measured), indent=1))
    if failures:
        failures.write_text(_told(measured.scores), encoding="utf-8")
    if write:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(put(page, PLACE, tables.written(measured)), encoding="utf-8")
    tables.show(measured, console)
    console.print(f"results: {path}", soft_wrap=True)
    sys.exit(1 if strict and misses(measured) else 0)


def _measured(count: int, part: Part, receipts: Path | None, console: Console) -> Measured:
    started_at = datetime.now(UTC).isoformat(timespec="seconds")
    progress = partial(track, console=console, transient=True)
    times = [
        alone(timed, Pictures(part, kind, min(count, MOST_TIMED))) for kind in progress(TIMED, description="speed")
    ]
    places = [(part, number) for number in range(count)]
    scores = list(progress(spread(score_of, places), total=count, description="cards"))
    pictures = scanned.pictures_in(receipts) if receipts else []
    read = progress(spread(scanned.read_of, pictures), total=len(pictures), description="receipts")
    return Measured(
        started_at=started_at,
        machine=facts().cpu,
        python=platform.python_version(),
        packages={name: version(name) for name in PACKAGES},
        command=f"python -m tests.benchmarks.recipes --count {count} --part {part}{' --receipts DIR' * bool(pictures)}",
        part=part,
        scores=sorted(scores, key=lambda score: score.card),
        timed=times,
        receipts=sorted(read, key=lambda receipt: receipt.name),
    )


def _told(scores: Sequence[Score]) -> str:
    """How often what went wrong, and then each time."""
    troubles = Counter(failure.trouble for score in scores for failure in score.failures)
    return "\n".join(
        (
            *(f"{count:5} {trouble}" for trouble, count in troubles.most_common()),
            "",
            "card | kind, layout, engine | trouble | printed | read | understood",
            *(
                f"{score.card} | {score.kind}, {score.layout}, {score.engine} | {failure.trouble} | {failure.true} | "
                f"{failure.read} | {failure.understood}"
                for score in scores
                for failure in score.failures
            ),
            "",
        )
    )


if __name__ == "__main__":
    main(prog_name="python -m tests.benchmarks.recipes")
