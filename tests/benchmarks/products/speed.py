"""What a search costs, from its text or file to its hits, and what each way to find the nearest does."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final

import msgspec
import numpy as np
import psutil

from service.adapters.embedded import EmbeddedServers
from service.sentences import engine
from service.workloads.products import pictures
from service.workloads.products.index import Index, Query
from tests.benchmarks.products.rivals import Ours, Plain, Postgres, UsearchGraph, Way
from tests.benchmarks.products.stock import Stock, Wanted
from tests.service.pictures.drawing import file, photo

LIMIT: Final = 10
GOALS: Final = {"text": 60.0, "picture": 40.0}
"""Milliseconds within which 95 of 100 searches are to be answered."""
GOAL_MEGABYTES: Final = 150.0
"""Of memory for 100,000 products."""


class Search(msgspec.Struct, frozen=True):
    """How long one kind of search took, from what is sent to the hits; milliseconds."""

    kind: str
    median_ms: float
    slow_ms: float
    """95 of 100 took no longer."""
    goal_ms: float | None = None


class Nearest(msgspec.Struct, frozen=True):
    """What one way to find the nearest did, given the vector."""

    name: str
    build_seconds: float
    megabytes: float
    median_ms: float
    slow_ms: float
    recall: float
    """Of the ten nearest, those that were found."""
    filtered_ms: float | None
    filtered_recall: float | None


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
    files = [file(photo(1_024, 768, seed)) for seed in range(8)]
    texts = [f"{title}" for title in _titles(64)]
    pictures.vectors(files[:1]), engine.passages(texts[:1])
    return Building(
        products=len(index),
        seconds=seconds,
        megabytes=index.resident_bytes / 1e6,
        resident_megabytes=grown,
        pictures_a_second=len(files) / _seconds(lambda: pictures.vectors(files)),
        texts_a_second=len(texts) / _seconds(lambda: engine.passages(texts)),
    )


def searches(index: Index, wanted: Sequence[Wanted], tell: Callable[[str], None]) -> list[Search]:
    """Every kind of search, in turns."""
    files = [file(photo(1_024, 768, seed)) for seed in range(16)]

    def text(one: Wanted) -> None:
        engine.queries([one.words])
        index.search(Query(text=one.text, words=one.words, limit=LIMIT))

    def picture(one: Wanted) -> None:
        pictures.vectors([files[len(one.words) % len(files)]])
        index.search(Query(picture=one.picture, limit=LIMIT))

    def both(one: Wanted) -> None:
        engine.queries([one.words])
        pictures.vectors([files[len(one.words) % len(files)]])
        index.search(Query(picture=one.picture, text=one.text, words=one.words, limit=LIMIT))

    def filtered(one: Wanted) -> None:
        engine.queries([one.words])
        index.search(Query(text=one.text, words=one.words, where=one.where, limit=LIMIT))

    def facets(one: Wanted) -> None:
        filtered(one)
        index.facets(one.where)

    def filtered_picture(one: Wanted) -> None:
        pictures.vectors([files[len(one.words) % len(files)]])
        index.search(Query(picture=one.picture, where=one.where, limit=LIMIT))

    kinds: dict[str, tuple[Callable[[Wanted], None], float | None]] = {
        "text": (text, GOALS["text"]),
        "text, filters": (filtered, GOALS["text"]),
        "text, filters, facets": (facets, GOALS["text"]),
        "picture": (picture, GOALS["picture"]),
        "picture, filters": (filtered_picture, GOALS["picture"]),
        "both": (both, None),
        "the vectors alone: text": (lambda one: _ask(index, Query(text=one.text, limit=LIMIT)), None),
        "the vectors alone: text and words": (
            lambda one: _ask(index, Query(text=one.text, words=one.words, limit=LIMIT)),
            None,
        ),
        "the vectors alone: picture": (lambda one: _ask(index, Query(picture=one.picture, limit=LIMIT)), None),
        "facets of all alone": (lambda one: _count(index), None),
    }
    times: dict[str, list[float]] = {kind: [] for kind in kinds}
    for number, one in enumerate(wanted):
        tell(f"search {number + 1} of {len(wanted)}")
        for kind, (work, _) in kinds.items():
            took = _seconds(lambda work=work, one=one: work(one))  # type: ignore[misc]  # bound at once
            if number:  # the first turn warms up
                times[kind].append(took)
    return [Search(kind, *_spread(times[kind]), goal) for kind, (_, goal) in kinds.items()]


def rivals(stock: Stock, index: Index, built_in: float, wanted: Sequence[Wanted]) -> list[Nearest]:
    """All ways, asked the same in turns; the graph of pgvector after pgvector without one, which it would replace."""
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="products-"))
        servers = stack.enter_context(EmbeddedServers(Path(folder)))
        postgres = stack.enter_context(Postgres(servers.start_postgres()))
        graph: list[UsearchGraph] = []
        graph_took = _seconds(lambda: graph.append(UsearchGraph(stock)))
        table_took = _seconds(lambda: postgres.build(stock))
        plain = Plain(stock)
        ways: list[tuple[Way, float]] = [(Ours(index), built_in), (plain, 0.0), (graph[0], graph_took)]
        found = _compared([*ways, (postgres, table_took)], plain, wanted)
        took = postgres.connect_nearest()
        again = _compared([(Ours(index), built_in), (postgres, table_took + took)], plain, wanted)
    return [*found, again[-1]]


def _compared(ways: Sequence[tuple[Way, float]], exact: Way, wanted: Sequence[Wanted]) -> list[Nearest]:
    times: list[tuple[list[float], list[float]]] = [([], []) for _ in ways]
    hits = np.zeros((len(ways), 2))
    sought = np.zeros(2)
    for one in wanted:
        for filtered in (False, True):
            right = {*exact.found(one, LIMIT, filtered=filtered)}
            sought[filtered] += len(right)
            for place, (way, _) in enumerate(ways):
                if filtered and not way.can_filter:
                    continue
                began = perf_counter()
                rows = way.found(one, LIMIT, filtered=filtered)
                times[place][filtered].append(perf_counter() - began)
                hits[place, int(filtered)] += len(right & {*rows})
    return [
        Nearest(
            way.name,
            seconds,
            way.resident_bytes / 1e6,
            *_spread(times[place][False]),
            float(hits[place, 0] / sought[0]),
            1e3 * median(times[place][True]) if way.can_filter else None,
            float(hits[place, 1] / sought[1]) if way.can_filter else None,
        )
        for place, (way, seconds) in enumerate(ways)
    ]


def _ask(index: Index, query: Query) -> None:
    index.search(query)


def _count(index: Index) -> None:
    index.facets(Query().where)


def _titles(count: int) -> list[str]:
    return Stock(count, seed=9).titles


def _spread(times: Sequence[float]) -> tuple[float, float]:
    middle, slow = np.percentile(np.array(times) * 1e3, [50, 95])
    return float(middle), float(slow)


def _seconds(work: Callable[[], object]) -> float:
    began = perf_counter()
    work()
    return perf_counter() - began
