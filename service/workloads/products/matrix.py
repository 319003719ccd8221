"""Vectors by the hundred thousand, each number in one byte, all of which are compared with a query.

The kernel is usearch's for whole numbers. Only directions count, so each vector has a step of its own and fills its
byte.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib import import_module
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from service.workloads.products.network import Floats

ROOM: Final = 1_024
"""Rows at first."""
GROWTH: Final = 1.03
"""Of the room, once it is full. Little, as `extend` moves nothing, and room that is not used is memory, too."""

Steps = NDArray[np.int8]
Rows = NDArray[np.int64]


def stepped(vectors: Floats) -> Steps:
    """``vectors`` (n, d) as whole steps, the largest number of each row being 127; zeros stay zeros."""
    largest = np.abs(vectors).max(axis=1, keepdims=True, initial=0)
    scaled: Steps = np.rint(vectors * (127 / np.maximum(largest, 1e-12))).astype(np.int8)
    return scaled


class Matrix:
    """Rows 0 ... ``count`` - 1 of vectors of one length; a row may be empty, which is zeros."""

    def __init__(self, length: int) -> None:
        self.length = length
        self.count = 0
        self._steps: Steps = np.zeros((ROOM, length), np.int8)
        self._filled = np.zeros(ROOM, np.bool_)
        self._empty = 0

    @property
    def steps(self) -> Steps:
        """All rows as they are kept (count, d)."""
        return self._steps[: self.count]

    @property
    def filled(self) -> NDArray[np.bool_]:
        """Which rows have a vector (count,)."""
        return self._filled[: self.count]

    @property
    def resident_bytes(self) -> int:
        """Memory of what is kept."""
        return int(self.steps.nbytes + self.filled.nbytes)

    def extend(self, steps: Steps) -> None:
        """Put ``steps`` (n, d) behind the last row."""
        end = self.count + len(steps)
        if end > len(self._steps):
            self._grow(end)
        self._steps[self.count : end] = steps
        self._filled[self.count : end] = steps.any(axis=1)
        self._empty += len(steps) - int(self._filled[self.count : end].sum())
        self.count = end

    def put(self, row: int, steps: Steps) -> None:
        """Another vector (d,) into ``row``."""
        self._empty += int(self._filled[row])
        self._steps[row] = steps
        self._filled[row] = steps.any()
        self._empty -= int(self._filled[row])

    def remove(self, row: int) -> None:
        """Take ``row`` out; the last row takes its place."""
        self._empty -= int(not self._filled[row])
        self.count -= 1
        self._steps[row] = self._steps[self.count]
        self._filled[row] = self._filled[self.count]

    def nearest(self, query: Floats, count: int, rows: Rows | None = None) -> tuple[Rows, Floats]:
        """The ``count`` rows nearest to ``query`` (d,), of all or of ``rows``, and their cosines, best first."""
        search, cosine = _kernel()
        if self._empty:
            rows = np.flatnonzero(self.filled) if rows is None else rows[self.filled[rows]]
        steps = self.steps if rows is None else self._steps[rows]
        count = min(count, len(steps))
        wanted = stepped(query[None])
        if count < 1 or not wanted.any():
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        matches = search(steps, wanted[0], count, cosine, exact=True, threads=1)
        found, distances = np.asarray(matches.keys, np.int64), np.asarray(matches.distances, np.float32)
        order = np.lexsort((found, distances))  # equals by their place
        found = found[order]
        return found if rows is None else rows[found], 1 - distances[order]

    def likeness(self, query: Floats, rows: Rows) -> Floats:
        """The cosines of ``query`` (d,) with ``rows`` (n,); 0 with an empty one."""
        steps = self._steps[rows].astype(np.float32)
        lengths = np.linalg.norm(steps, axis=1) * max(float(np.linalg.norm(query)), 1e-9)
        found: Floats = steps @ query / np.maximum(lengths, 1e-9)
        return found

    def _grow(self, least: int) -> None:
        room = max(least, int(len(self._steps) * GROWTH))
        extend(self._steps, room)
        extend(self._filled, room)


def extend(array: NDArray[Any], room: int) -> None:
    """Give ``array`` as many rows, new ones of zeros, where it lies: no view of it may be in use.

    A copy would take the memory of both for a while, and leave a hole behind.
    """
    array.resize((room, *array.shape[1:]), refcheck=False)


@lru_cache(maxsize=1)
def _kernel() -> tuple[Callable[..., Any], Any]:
    """usearch's comparison of one vector with many, and what it calls the cosine.

    onnxruntime is loaded first: loaded after usearch, it ends the process.
    """
    import_module("onnxruntime")
    from usearch.compiled import MetricKind
    from usearch.index import search

    return search, MetricKind.Cos
