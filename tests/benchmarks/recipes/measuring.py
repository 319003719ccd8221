"""Cards read one after another, and what each cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import psutil

from service.core.errors import AnalysisError
from service.workloads.recipes.analysis import analysed
from service.workloads.recipes.items import Item
from service.workloads.recipes.messages import EngineWish, Reading
from tests.benchmarks.recipes.cards import KINDS, Card, Kind, card
from tests.benchmarks.recipes.scoring import Missed, Score, score
from tests.benchmarks.recipes.writing import Tongue

TONGUES: tuple[Tongue, ...] = ("es", "en")


class Order(NamedTuple):
    """A card that is to be drawn and read."""

    kind: Kind
    language: Tongue
    seed: str


class Outcome(NamedTuple):
    """What became of it."""

    card: Card
    reading: Reading | None
    """None if it could not be read."""
    score: Score | None
    missed: list[Missed]
    seconds: float


def orders(part: str, count: int) -> list[Order]:
    """``count`` cards of a part, each kind and language as often as the others; no recipe is in two parts."""
    kinds = [(kind, language) for kind in KINDS for language in TONGUES]
    return [Order(*kinds[number % len(kinds)], f"{part} {number}") for number in range(count)]


def outcomes(
    wanted: Iterable[Order], engine: EngineWish, threads: int, done: Callable[[], object]
) -> Iterator[Outcome]:
    """What becomes of each, in order; ``done`` is called after each."""

    def read(order: Order) -> Outcome:
        drawn = card(*order)
        began = time.perf_counter()
        try:
            reading: Reading | None = analysed(Item(content=drawn.content, engine=engine))
        except AnalysisError:
            reading = None
        seconds = time.perf_counter() - began
        told, missed = (None, []) if reading is None else score(drawn, reading)
        done()
        return Outcome(drawn._replace(content=b""), reading, told, missed, seconds)

    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(read, wanted)


def largest_resident_bytes() -> int:
    """The most memory that a process that reads had so far."""
    peaks = [_peak(child.pid) for child in psutil.Process().children(recursive=True)]
    return max(peaks, default=0)


def _peak(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            lines = [line for line in status if line.startswith("VmHWM")]
    except FileNotFoundError:
        return 0
    return int(lines[0].split()[1]) * 1024 if lines else 0
