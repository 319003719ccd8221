"""What it costs to have a catalogue in memory, and what a search costs, from its text or file to its hits."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from statistics import median
from time import perf_counter, process_time
from typing import Final, NamedTuple

import msgspec
import numpy as np
import psutil

from service.sentences import engine
from service.workloads.products import pictures
from service.workloads.products.columns import Where
from service.workloads.products.index import Index, Query
from tests.benchmarks.products.stock import Stock, Wanted
from tests.service.pictures.drawing import file, photo

LIMIT: Final = 10
FILES: Final = 8
"""Different pictures that are looked for."""
TEXTS: Final = 64
"""That are embedded to see how fast that is."""
TEXT_MS: Final = 60.0
PICTURE_MS: Final = 40.0
"""Within which 95 of 100 searches are to be answered."""
GOAL_MEGABYTES: Final = 150.0
"""Of memory for 100,000 products."""


class Kind(NamedTuple):
    """A kind of search."""

    name: str
    by_text: bool = False
    by_words: bool = False
    by_picture: bool = False
    filtered: bool = False
    counted: bool = False
    with_engines: bool = True
    goal_ms: float | None = None


KINDS: Final = (
    Kind("text", by_text=True, by_words=True, goal_ms=TEXT_MS),
    Kind("text, filters", by_text=True, by_words=True, filtered=True, goal_ms=TEXT_MS),
    Kind("text, filters, facets", by_text=True, by_words=True, filtered=True, counted=True, goal_ms=TEXT_MS),
    Kind("picture", by_picture=True, goal_ms=PICTURE_MS),
    Kind("picture, filters, facets", by_picture=True, filtered=True, counted=True, goal_ms=PICTURE_MS),
    Kind("text and picture", by_text=True, by_words=True, by_picture=True),
    Kind("text, its vector and words being there", by_text=True, by_words=True, with_engines=False),
    Kind("text, its vector being there", by_text=True, with_engines=False),
    Kind("picture, its vector being there", by_picture=True, with_engines=False),
    Kind("facets of all products", counted=True),
)


class Search(msgspec.Struct, frozen=True):
    """How long one kind of search took, from what is sent to the hits; milliseconds."""

    kind: str
    median_ms: float
    slow_ms: float
    """95 of 100 took no longer."""
    processor_ms: float
    """Of the processor, the median."""
    goal_ms: float | None = None


class Building(msgspec.Struct, frozen=True):
    """What it takes to have the catalogue in memory."""

    products: int
    seconds: float
    megabytes: float
    """By what the index tells."""
    resident_megabytes: float
    """By what the process grew."""
    pictures_a_second: float
    """Vectors, on one core, decoding included."""
    texts_a_second: float


def built(stock: Stock) -> tuple[Index, float, float]:
    """The index of ``stock``, the seconds it took, and the megabytes that the process grew by."""
    index = Index()
    entries = list(stock.entries())
    gc.collect()
    before, began = psutil.Process().memory_info().rss, perf_counter()
    for first in range(0, len(entries), 1_000):
        index.add(entries[first : first + 1_000])
    seconds = perf_counter() - began
    gc.collect()
    return index, seconds, (psutil.Process().memory_info().rss - before) / 1e6


def building(index: Index, seconds: float, grown: float) -> Building:
    """What was built, and how fast vectors come."""
    files = [file(photo(1_024, 768, seed)) for seed in range(FILES)]
    texts = Stock(TEXTS, seed=9).titles
    pictures.vectors(files[:1]), engine.passages(texts[:1])
    return Building(
        products=len(index),
        seconds=seconds,
        megabytes=index.resident_bytes / 1e6,
        resident_megabytes=grown,
        pictures_a_second=len(files) / seconds_of(lambda: pictures.vectors(files)),
        texts_a_second=len(texts) / seconds_of(lambda: engine.passages(texts)),
    )


def searches(index: Index, wanted: Sequence[Wanted], tell: Callable[[str], None]) -> list[Search]:
    """Every kind of search, in turns."""
    files = [file(photo(1_024, 768, seed)) for seed in range(FILES)]
    times: dict[Kind, list[tuple[float, float]]] = {kind: [] for kind in KINDS}
    for number, one in enumerate(wanted):
        tell(f"search {number + 1} of {len(wanted)}")
        for kind in KINDS:
            began, processed = perf_counter(), process_time()
            _search(index, kind, one, files[number % FILES])
            if number:  # the first turn warms up
                times[kind].append((perf_counter() - began, process_time() - processed))
    return [
        Search(
            kind.name,
            *spread([took for took, _ in times[kind]]),
            1e3 * median(processor for _, processor in times[kind]),
            kind.goal_ms,
        )
        for kind in KINDS
    ]


def _search(index: Index, kind: Kind, wanted: Wanted, content: bytes) -> None:
    """The vectors are computed as they would be, and those of the stock are looked for."""
    if kind.with_engines and kind.by_text:
        engine.queries([wanted.words])
    if kind.with_engines and kind.by_picture:
        pictures.vectors([content])
    where = wanted.where if kind.filtered else Where()
    if kind.by_text or kind.by_picture:
        index.search(
            Query(
                picture=wanted.picture if kind.by_picture else None,
                text=wanted.text if kind.by_text else None,
                words=wanted.words if kind.by_words else "",
                where=where,
                limit=LIMIT,
            )
        )
    if kind.counted:
        index.facets(where)


def spread(times: Sequence[float]) -> tuple[float, float]:
    """Of seconds, the milliseconds of the median, and of that which 95 of 100 do not pass."""
    middle, slow = np.percentile(np.array(times) * 1e3, [50, 95])
    return float(middle), float(slow)


def seconds_of(work: Callable[[], object]) -> float:
    """How long it takes by the clock."""
    began = perf_counter()
    work()
    return perf_counter() - began
