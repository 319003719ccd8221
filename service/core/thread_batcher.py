"""Analyses in threads: waits a moment for company, and for a free thread."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from contextvars import Context
from functools import partial
from typing import Generic, NamedTuple

from service.core.batcher import Analyse, Batcher, Landing, isolated
from service.core.errors import AnalysisError
from service.core.flight import Flight, Item, Outcome
from service.core.metrics import LaneMeters
from service.core.pool import ComputePool
from service.core.workload import Lane


class _Analysed(NamedTuple, Generic[Outcome]):
    outcomes: Sequence[Outcome | AnalysisError]
    began_at: float
    seconds: float


class ThreadBatcher(Batcher[Item, Outcome]):
    """A lane whose batches are analysed in ``pool``, as many at a time as the lane may have threads.

    A batch begins when a thread is free and either enough items wait to fill one, or the oldest waited long enough
    for company. While all threads work items gather, so batches grow with the load; free threads share what waits.
    """

    def __init__(
        self,
        lane: Lane,
        analyse: Analyse[Item, Outcome],
        landing: Landing[Item, Outcome],
        meters: LaneMeters,
        clock: Callable[[], float],
        pool: ComputePool,
    ) -> None:
        super().__init__(lane, analyse, landing, meters, clock, hands=min(lane.threads, pool.threads))
        self._loop = asyncio.get_running_loop()
        # A context of its own: what belongs to the request that comes first must not seem to belong to the batch.
        self._context = Context()
        self._pool = pool
        self._free = self._hands
        self._timer: asyncio.TimerHandle | None = None

    def _start(self) -> None:
        """Begin every batch that is due, and come back when the next one will be."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._expire(self._clock())
        while self._line.count:
            if not self._free:
                due_in = self._line.earliest + self._lane.queue_seconds - self._clock()
            else:
                due_in = self._line.oldest() + self._lane.batch_wait - self._clock() if self._lane.batch_wait else 0.0
            if not self._free or (due_in > 0 and not self._is_full()):
                self._timer = self._loop.call_later(max(due_in, 0.0), self._start, context=self._context)
                return
            self._begin()

    def _is_full(self) -> bool:
        """Whether what waits fills a batch."""
        return self._line.count >= self._lane.batch_items or self._line.size >= max(1.0, self._fitting())

    def _begin(self) -> None:
        share = math.ceil(self._line.count / self._free)
        batch = self._line.take(min(share, self._lane.batch_items), self._fitting(), self._clock())
        self._free -= 1
        analysing = self._loop.run_in_executor(self._pool, self._analysed, [flight.item for flight in batch])
        analysing.add_done_callback(partial(self._end, batch), context=self._context)

    def _analysed(self, items: Sequence[Item]) -> _Analysed[Outcome]:
        began_at = self._clock()
        outcomes = isolated(self._analyse, self._lane.name, items)
        return _Analysed(outcomes, began_at, self._clock() - began_at)

    def _end(self, batch: Sequence[Flight[Item, Outcome]], analysing: asyncio.Future[_Analysed[Outcome]]) -> None:
        self._free += 1
        self._land(batch, *analysing.result())
        self._start()
