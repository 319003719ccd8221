"""``python -m tests.benchmarks.products.search``: what a search among 100,000 products takes, and what others would.

On one core, in one process, and with PostgreSQL on the same core: a drawn catalogue (see `stock`), searches of every
kind in turns, from text or file to hits, without any cache; then all ways to find the nearest in turns.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from datetime import UTC, datetime

import cv2
import msgspec
import rich_click as click
from rich.console import Console

from tests.benchmarks.products import nearest, speed, tables
from tests.benchmarks.products.nearest import Nearest
from tests.benchmarks.products.speed import Building, Search
from tests.benchmarks.products.stock import Stock
from tests.benchmarks.products.tables import Titled, of, percent


class Speed(msgspec.Struct, frozen=True, kw_only=True):
    """All that one run found."""

    started_at: str
    machine: str
    rounds: int
    building: Building
    searches: list[Search]
    nearest: list[Nearest]


def measured(products: int, rounds: int, tell: Callable[[str], None]) -> Speed:
    """Everything, among so many products, each kind of search so many times."""
    started_at = datetime.now(UTC).isoformat(timespec="seconds")
    tell("drawing a catalogue")
    stock = Stock(products)
    wanted = stock.wanted(rounds + 1)
    tell("building")
    index, seconds, grown = speed.built(stock)
    building = speed.building(index, seconds, grown)
    searches = speed.searches(index, wanted, tell)
    tell("all ways")
    ways = nearest.measured(stock, index, seconds, wanted)
    return Speed(
        started_at=started_at,
        machine=tables.machine(),
        rounds=rounds,
        building=building,
        searches=searches,
        nearest=ways,
    )


def misses(found: Speed) -> list[str]:
    """Goals that were not reached."""
    told = [
        f"{each.kind}: {each.slow_ms:.0f} ms, not {each.goal_ms:.0f}"
        for each in found.searches
        if each.goal_ms is not None and each.slow_ms > each.goal_ms
    ]
    megabytes = found.building.resident_megabytes * 1e5 / found.building.products
    if megabytes > speed.GOAL_MEGABYTES:
        told.append(f"{megabytes:.0f} MB for 100,000 products, not {speed.GOAL_MEGABYTES:.0f}")
    return told


def titled(found: Speed) -> list[Titled]:
    """The findings as tables."""
    building = found.building
    return [
        Titled(
            f"A search among {building.products:,} products, from its text or file (1,024 × 768) to its hits",
            ("search", "median", "95 of 100 within", "goal", "of a processor, median"),
            of(
                found.searches,
                lambda each: each.kind,
                lambda each: f"{each.median_ms:.1f} ms",
                lambda each: f"{each.slow_ms:.1f} ms",
                lambda each: f"≤ {each.goal_ms:.0f} ms" if each.goal_ms else "",
                lambda each: f"{each.processor_ms:.1f} ms",
            ),
        ),
        Titled(
            "The nearest by a text's vector alone",
            ("way", "built in", "memory", "median", "95 of 100 within", "recall of ten", "with filters", "recall"),
            of(
                found.nearest,
                lambda each: each.name,
                lambda each: f"{each.build_seconds:.1f} s",
                lambda each: f"{each.megabytes:.0f} MB",
                lambda each: f"{each.median_ms:.1f} ms",
                lambda each: f"{each.slow_ms:.1f} ms",
                lambda each: percent(each.recall),
                lambda each: "cannot" if each.filtered_ms is None else f"{each.filtered_ms:.1f} ms",
                lambda each: percent(each.filtered_recall),
            ),
        ),
        Titled(
            "The catalogue",
            ("", "figure"),
            [
                ("put into the index, vectors being there", f"{building.seconds:.1f} s"),
                ("memory, by the index", f"{building.megabytes:.0f} MB"),
                ("memory, by the process", f"{building.resident_megabytes:.0f} MB"),
                ("vectors of pictures, a second and core", f"{building.pictures_a_second:.0f}"),
                ("vectors of texts of 15 words, a second and core", f"{building.texts_a_second:.0f}"),
            ],
        ),
    ]


def introduction(found: Speed) -> str:
    """Under which circumstances it was found."""
    return (
        f"Measured on one core of {found.machine}, {found.started_at[:10]}: {found.rounds} searches of each kind in "
        "turns, without any cache."
    )


@click.command()
@click.option("--products", type=click.IntRange(1_000, 1_000_000), default=100_000, show_default=True)
@click.option("--rounds", type=click.IntRange(20, 2_000), default=200, show_default=True)
@click.option("--write", is_flag=True, help="Put the tables into docs/products.md.")
@click.option("--strict", is_flag=True, help="Exit 1 unless every goal is reached.")
def main(products: int, rounds: int, write: bool, strict: bool) -> None:
    """Measure searches in a drawn catalogue, and other ways to find the nearest."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    cv2.setNumThreads(1)
    console = Console()
    with console.status("starting") as status:
        found = measured(products, rounds, status.update)
    path = tables.keep("search", found)
    if write:
        tables.write("search", introduction(found), titled(found))
    tables.show(titled(found), misses(found), console)
    console.print(f"results: {path}", soft_wrap=True)
    sys.exit(1 if strict and misses(found) else 0)


if __name__ == "__main__":
    main(prog_name="python -m tests.benchmarks.products.search")
