"""Counts what a worker does: what its store is asked for as it happens, and how things stand when somebody looks."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence

from service.campaigns.bench import Benches
from service.campaigns.hand import Hand
from service.campaigns.stopwatch import Stopwatch
from service.core.batches import Chunk, ChunkStore, RowResult, RowState
from service.core.metrics import OTHER, Metrics
from service.core.worker_metrics import (
    CHUNKS,
    CHUNKS_IN_HAND,
    CLAIMED,
    FAILED_ROWS,
    LEASES_LOST,
    ROW_ERRORS,
    ROWS,
    ROWS_A_SECOND,
    ROWS_IN_FLIGHT,
    ROWS_IN_HAND,
    STAGE_SECONDS,
    WIDTH,
)


class WorkerMeters:
    """Of the worker whose layout has `service.core.worker_metrics.series` of ``workloads``; ``loop_seconds`` is the CPU
    time of the thread that it is asked in, which is that of the event loop."""

    def __init__(
        self,
        metrics: Metrics,
        workloads: Iterable[str],
        stopwatch: Stopwatch,
        loop_seconds: Callable[[], float] = time.thread_time,
    ) -> None:
        self._metrics = metrics
        self._workloads = frozenset(workloads)
        self._stopwatch = stopwatch
        self._loop_seconds = loop_seconds
        self._kinds = frozenset(ROW_ERRORS)
        self._hand: Hand | None = None
        self._benches: Benches | None = None

    def watch(self, hand: Hand, benches: Benches) -> None:
        """These are looked at from now on."""
        self._hand, self._benches = hand, benches

    def asked_for(self, seconds: float) -> None:
        """The database took so long to answer."""
        self._metrics.count(STAGE_SECONDS, "database").add(seconds)

    def claimed(self, chunks: Sequence[Chunk]) -> None:
        """They are in hand."""
        for chunk in chunks:
            self._metrics.count(CLAIMED, self._named(chunk.workload)).add()

    def given_back(self, chunks: Sequence[Chunk]) -> None:
        """Others have them."""
        for chunk in chunks:
            self._metrics.count(CHUNKS, self._named(chunk.workload), "given-back").add()

    def completed(self, chunk: Chunk, results: Sequence[RowResult], *, is_kept: bool) -> None:
        """The results of ``chunk`` were kept, or came too late."""
        name = self._named(chunk.workload)
        self._metrics.count(CHUNKS, name, "completed" if is_kept else "late").add()
        if not is_kept:
            return
        self._metrics.count(ROWS, name).add(len(results))
        for result in results:
            if result.state is RowState.FAILED:
                kind = result.error if result.error in self._kinds else OTHER
                self._metrics.count(FAILED_ROWS, name, kind).add()

    def refresh(self) -> None:
        """Bring up to date what is not counted as it happens; in the thread of the event loop."""
        if self._hand is not None:
            held = list(self._hand)
            self._metrics.level(CHUNKS_IN_HAND).set(len(held))
            self._metrics.level(ROWS_IN_HAND).set(sum(len(one.chunk.rows) for one in held))
            self._metrics.level(LEASES_LOST).set(self._hand.losses)
        for name, bench in self._benches.by_name() if self._benches is not None else ():
            label = self._named(name)
            self._metrics.level(ROWS_A_SECOND, label).set(bench.pace.rows_per_second or 0.0)
            self._metrics.level(ROWS_IN_FLIGHT, label).set(bench.width.in_flight)
            self._metrics.level(WIDTH, label).set(bench.width.items)
        everywhere, here = self._stopwatch.spent()
        self._metrics.level(STAGE_SECONDS, "analysis").set(everywhere)
        self._metrics.level(STAGE_SECONDS, "own").set(max(0.0, self._loop_seconds() - here))

    def _named(self, workload: str) -> str:
        return workload if workload in self._workloads else OTHER


class MeteredStore:
    """A `ChunkStore` that is ``store`` and tells ``meters`` what is asked of it."""

    def __init__(self, store: ChunkStore, meters: WorkerMeters, clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._meters = meters
        self._clock = clock

    async def claim(self, worker: str, lease: float, most_items: int) -> Sequence[Chunk]:
        """As the store's."""
        began = self._clock()
        chunks = await self._store.claim(worker, lease, most_items)
        self._meters.asked_for(self._clock() - began)
        self._meters.claimed(chunks)
        return chunks

    async def extend(self, chunks: Sequence[Chunk], lease: float) -> Sequence[Chunk]:
        """As the store's."""
        return await self._store.extend(chunks, lease)

    async def begin(self, chunks: Sequence[Chunk]) -> None:
        """As the store's."""
        began = self._clock()
        await self._store.begin(chunks)
        self._meters.asked_for(self._clock() - began)

    async def suspect(self, chunk: Chunk, line: int) -> bool:
        """As the store's."""
        return await self._store.suspect(chunk, line)

    async def complete(self, chunk: Chunk, results: Sequence[RowResult]) -> bool:
        """As the store's."""
        began = self._clock()
        is_kept = await self._store.complete(chunk, results)
        self._meters.asked_for(self._clock() - began)
        self._meters.completed(chunk, results, is_kept=is_kept)
        return is_kept

    async def give_back(self, chunks: Sequence[Chunk]) -> None:
        """As the store's."""
        await self._store.give_back(chunks)
        self._meters.given_back(chunks)

    async def tidy(self) -> float | None:
        """As the store's."""
        return await self._store.tidy()
