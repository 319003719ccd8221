"""Analyses on the event loop: what arrives in one turn of the loop together, and no longer than a turn may take."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import Context

from service.core.batcher import Analyse, Batcher, Landing, isolated
from service.core.flight import Item, Outcome
from service.core.metrics import LaneMeters
from service.core.workload import Lane


class LoopBatcher(Batcher[Item, Outcome]):
    """A lane without threads.

    The first item that comes has a batch begun in the next turn of the loop, with all that come in this one. What
    does not fit into a batch is for the turn after it, so that others have theirs in between.
    """

    def __init__(
        self,
        lane: Lane,
        analyse: Analyse[Item, Outcome],
        landing: Landing[Item, Outcome],
        meters: LaneMeters,
        clock: Callable[[], float],
    ) -> None:
        super().__init__(lane, analyse, landing, meters, clock)
        self._loop = asyncio.get_running_loop()
        # A context of its own: what belongs to the request that comes first must not seem to belong to the batch.
        self._context = Context()
        self._begun = False

    def _start(self) -> None:
        if not self._begun:
            self._begun = True
            self._loop.call_soon(self._work, context=self._context)

    def _work(self) -> None:
        began_at = self._clock()
        self._expire(began_at)
        batch = self._line.take(self._lane.batch_items, self._fitting(), began_at)
        self._begun = False
        if self._line.count:
            self._start()
        if batch:
            outcomes = isolated(self._analyse, self._lane.name, [flight.item for flight in batch])
            self._land(batch, outcomes, began_at, self._clock() - began_at)
