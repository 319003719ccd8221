"""What each way to find the texts nearest to one takes, and how many it finds: all asked the same, in turns."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

import msgspec
import numpy as np

from service.adapters.embedded import EmbeddedServers
from service.workloads.products.index import Index
from tests.benchmarks.products.rivals import Ours, Plain, Postgres, UsearchGraph, Way
from tests.benchmarks.products.speed import LIMIT, seconds_of, spread
from tests.benchmarks.products.stock import Stock, Wanted


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


def measured(stock: Stock, index: Index, built_in: float, wanted: Sequence[Wanted]) -> list[Nearest]:
    """All ways, asked the same in turns; the graph of pgvector after pgvector without one, which it would replace."""
    with ExitStack() as stack:
        folder = stack.enter_context(TemporaryDirectory(prefix="products-"))
        servers = stack.enter_context(EmbeddedServers(Path(folder)))
        postgres = stack.enter_context(Postgres(servers.start_postgres()))
        graph: list[UsearchGraph] = []
        graph_took = seconds_of(lambda: graph.append(UsearchGraph(stock)))
        table_took = seconds_of(lambda: postgres.build(stock))
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
            *spread(times[place][False]),
            float(hits[place, 0] / sought[0]),
            1e3 * median(times[place][True]) if way.can_filter else None,
            float(hits[place, 1] / sought[1]) if way.can_filter else None,
        )
        for place, (way, seconds) in enumerate(ways)
    ]
