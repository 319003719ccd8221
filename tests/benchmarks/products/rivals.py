"""Other ways to find the texts nearest to one: each is built of the same stock, and asked the same.

NumPy compares all as they are; usearch's graph and pgvector's are asked as their makers propose, and pgvector without a
graph, too. Only vectors are compared: neither words nor pictures.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Protocol, Self

import asyncpg
import numpy as np

from service.workloads.products.columns import Where
from service.workloads.products.index import Index, Query
from tests.benchmarks.products.stock import Stock, Wanted

TOGETHER: Final = 5_000
SETTINGS: Final = ("SET maintenance_work_mem = '512MB'", "SET max_parallel_maintenance_workers = 0", "SET jit = off")
GRAPH_SETTINGS: Final = ("SET hnsw.ef_search = 64", "SET hnsw.iterative_scan = strict_order")


class Way(Protocol):
    """A way to find products."""

    name: str
    resident_bytes: int
    can_filter: bool

    def found(self, wanted: Wanted, limit: int, *, filtered: bool) -> Sequence[int]:
        """Rows of the stock, nearest first."""


class Ours:
    """The index as it is shipped, asked by a vector alone."""

    name = "every vector in bytes (shipped)"
    can_filter = True

    def __init__(self, index: Index) -> None:
        self._index = index
        self.resident_bytes = index.matrices["text"].resident_bytes

    def found(self, wanted: Wanted, limit: int, *, filtered: bool) -> Sequence[int]:
        """Rows of the stock, nearest first."""
        where = wanted.where if filtered else Where()
        hits = self._index.search(Query(text=wanted.text, where=where, limit=limit)).hits
        return [int(hit.id) for hit in hits]


class Plain:
    """NumPy and numbers of 32 bits: what is exact."""

    name = "every vector, NumPy"
    can_filter = True

    def __init__(self, stock: Stock) -> None:
        self._stock = stock
        self.resident_bytes = stock.texts.nbytes

    def found(self, wanted: Wanted, limit: int, *, filtered: bool) -> Sequence[int]:
        """Rows of the stock, nearest first."""
        likeness = self._stock.texts @ wanted.text
        if filtered:
            likeness = np.where(self._stock.fitting(wanted.where), likeness, -np.inf)
        best = np.argpartition(-likeness, limit)[:limit]
        return [int(row) for row in best[np.argsort(-likeness[best])] if np.isfinite(likeness[row])]


class UsearchGraph:
    """usearch's graph of numbers of 16 bits; it cannot filter."""

    name = "graph, usearch"
    can_filter = False

    def __init__(self, stock: Stock) -> None:
        # Not before onnxruntime, which the index loads: the other way round ends the process.
        from usearch.index import Index as Graph

        self._graph = Graph(ndim=stock.texts.shape[1], metric="cos", dtype="f16")
        self._graph.add(np.arange(stock.count), stock.texts, threads=1)
        self.resident_bytes = int(self._graph.memory_usage)

    def found(self, wanted: Wanted, limit: int, *, filtered: bool) -> Sequence[int]:
        """Rows of the stock, nearest first; whether they fit is not asked."""
        return [int(key) for key in self._graph.search(wanted.text, limit, threads=1).keys]


class Postgres:
    """pgvector on a server of its own, numbers of 16 bits, with a graph or without."""

    can_filter = True

    def __init__(self, url: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._connection = self._loop.run_until_complete(asyncpg.connect(url))
        self.name, self.resident_bytes = "every vector, pgvector", 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._loop.run_until_complete(self._connection.close())
        self._loop.close()

    def build(self, stock: Stock) -> None:
        """Keep the stock in a table, without a graph."""
        seen = f"seen halfvec({stock.texts.shape[1]})"
        table = f"CREATE TABLE goods (row int PRIMARY KEY, category text, price real, {seen})"
        for statement in (*SETTINGS, "CREATE EXTENSION vector", table):
            self._run(statement)
        for first in range(0, stock.count, TOGETHER):
            rows = range(first, min(first + TOGETHER, stock.count))
            told = [
                (row, f"category {stock.category[row]}", float(stock.price[row]), _written(stock.texts[row]))
                for row in rows
            ]
            self._loop.run_until_complete(
                self._connection.executemany("INSERT INTO goods VALUES ($1, $2, $3, $4::text::halfvec)", told)
            )
        self._run("VACUUM ANALYZE goods")
        self.resident_bytes = self._value("SELECT pg_table_size('goods')")

    def connect_nearest(self) -> float:
        """Build the graph, and ask it from now on; the seconds that took."""
        began = time.perf_counter()
        self._run("CREATE INDEX goods_seen ON goods USING hnsw (seen halfvec_cosine_ops)")
        took = time.perf_counter() - began
        for statement in GRAPH_SETTINGS:
            self._run(statement)
        self.name = "graph, pgvector"
        self.resident_bytes += self._value("SELECT pg_relation_size('goods_seen')")
        return took

    def found(self, wanted: Wanted, limit: int, *, filtered: bool) -> Sequence[int]:
        """Rows of the stock, nearest first."""
        where = wanted.where
        condition = "WHERE category = ANY($2) AND price BETWEEN $3 AND $4" if filtered else ""
        values = (list(where.categories), where.least_price, where.most_price) if filtered else ()
        query = f"SELECT row FROM goods {condition} ORDER BY seen <=> $1::text::halfvec LIMIT {limit}"
        rows = self._loop.run_until_complete(self._connection.fetch(query, _written(wanted.text), *values))
        return [row[0] for row in rows]

    def _run(self, statement: str) -> None:
        self._loop.run_until_complete(self._connection.execute(statement))

    def _value(self, query: str) -> int:
        return int(self._loop.run_until_complete(self._connection.fetchval(query)))


def _written(vector: np.ndarray) -> str:
    return f"[{','.join(f'{number:.5g}' for number in vector)}]"
