"""The way of every request: admit -> cache -> batch -> analyse -> measure.

    request ─split─▶ items ─▶ lane's path ─▶ outcomes ─▶ postscripts ─join─▶ answer

Whoever answers callers admits each call first, and lets it leave at its end::

    ticket = pipeline.admit(call)
    try:
        answer = await pipeline.answer(decode(body), call)
    finally:
        pipeline.leave(ticket)

A worker that takes one job after the other needs no admission.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Generic

from service.core.cache import Cache
from service.core.call import Call
from service.core.errors import (
    AnalysisError,
    DependencyError,
    ItemsFailedError,
    OverloadError,
    QueueFullError,
    WaitedTooLongError,
)
from service.core.fetching import Fetcher
from service.core.keepsakes import KeepsakeStore
from service.core.limits import ConcurrencyLimit
from service.core.memory_watch import MemoryWatch
from service.core.metrics import PRIORITIES, REFUSAL_REASONS, REFUSALS, Metrics
from service.core.path import LanePath
from service.core.pool import ComputePool, cores
from service.core.postscripts import PostscriptStage, Stores
from service.core.workload import Answer, Item, Outcome, Request, Workload


class Pipeline(Generic[Request, Item, Outcome, Answer]):
    """Answers one workload's requests, in the event loop that runs when it is made.

    ``cache``, ``limit``, ``pool`` and ``watch`` are shared by all workloads of the process. Without a ``pool`` it has
    its own, without a ``watch`` memory is taken to be endless; ``clock`` is that of the cache.
    """

    def __init__(
        self,
        workload: Workload[Request, Item, Outcome, Answer],
        *,
        cache: Cache,
        limit: ConcurrencyLimit,
        metrics: Metrics,
        pool: ComputePool | None = None,
        watch: MemoryWatch | None = None,
        fetcher: Fetcher | None = None,
        keepsakes: KeepsakeStore | None = None,
        stores: Stores | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.workload = workload
        self._limit = limit
        self._watch = watch
        self._clock = clock
        self._own_pool = None
        if pool is None:
            pool = self._own_pool = ComputePool(cores())
        self._paths: dict[str, LanePath[Item, Outcome]] = {
            lane.name: LanePath(
                workload,
                lane,
                cache=cache,
                meters=metrics.lane(workload.name, lane.name),
                traffic=limit.traffic(),
                pool=pool,
                clock=clock,
                fetcher=fetcher,
                keepsakes=keepsakes,
            )
            for lane in workload.lanes
        }
        self._postscripts = (
            None
            if workload.postscripts is None
            else PostscriptStage[Item, Outcome](workload.postscripts(stores or Stores()))
        )
        self._refusals = [
            {reason: metrics.count(REFUSALS, workload.name, priority, reason) for reason in REFUSAL_REASONS}
            for priority in PRIORITIES
        ]

    def edition(self, tenant: str) -> str:
        """Differs when answers to ``tenant`` may differ from what they were: one of another edition is not given."""
        return "" if self._postscripts is None else self._postscripts.edition(tenant)

    def admit(self, call: Call) -> Call:
        """Take a place for ``call``, to be given back with `leave`; OverloadError when there is none."""
        reason = "memory"
        try:
            if self._watch is not None and self._watch.shortage:
                self._watch.check(call.priority)
            reason = "concurrency"
            self._limit.enter(call.priority)
        except OverloadError:
            self._count_refusal(call, reason)
            raise
        call.admitted_at = self._clock()
        return call

    def leave(self, ticket: Call) -> None:
        """Give the place back, and tell how long it took."""
        self._limit.leave(ticket.priority)
        if ticket.analysed is not None:
            traffic, items = ticket.analysed
            seconds = self._clock() - ticket.admitted_at - ticket.waited
            self._limit.note(traffic, ticket.priority, items, seconds, ticket.waited)

    async def answer(self, request: Request, call: Call) -> Answer:
        """The answer to ``request``.

        Raises what ``split`` raises, OverloadError when there is no room, ItemsFailedError when items failed and
        DependencyError when they did because a server is away.
        """
        outcomes = await self.each(self.workload.split(request), call)
        return self.workload.join(request, whole(outcomes))

    async def each(self, items: Sequence[Item], call: Call) -> Sequence[Outcome | AnalysisError]:
        """What became of each of ``items``, in order; OverloadError when there is no room for those not known."""
        try:
            outcomes = await self._outcomes(items, call)
        except QueueFullError:
            self._count_refusal(call, "queue")
            raise
        except WaitedTooLongError:
            self._count_refusal(call, "deadline")
            raise
        return outcomes if self._postscripts is None else await self._postscripts.completed(items, outcomes, call)

    async def close(self) -> None:
        """Finish what is on its way in every lane."""
        for path in self._paths.values():
            await path.close()
        if self._own_pool is not None:
            self._own_pool.shutdown()

    async def _outcomes(self, items: Sequence[Item], call: Call) -> Sequence[Outcome | AnalysisError]:
        lanes = [self.workload.lane_of(item) for item in items]
        names = dict.fromkeys(lanes)
        if len(names) == 1:
            return await self._paths[lanes[0]].outcomes(items, call)
        places = {name: [place for place, lane in enumerate(lanes) if lane == name] for name in names}
        parts = await asyncio.gather(
            *(self._paths[name].outcomes([items[place] for place in places[name]], call) for name in names)
        )
        found = {
            place: outcome
            for name, part in zip(names, parts, strict=True)
            for place, outcome in zip(places[name], part, strict=True)
        }
        return [found[place] for place in range(len(items))]

    def _count_refusal(self, call: Call, reason: str) -> None:
        self._refusals[call.priority][reason].add()


def whole(outcomes: Sequence[Outcome | AnalysisError]) -> list[Outcome]:
    """``outcomes`` when all items have one; ItemsFailedError otherwise, or the DependencyError behind a failure."""
    good = [outcome for outcome in outcomes if not isinstance(outcome, AnalysisError)]
    if len(good) < len(outcomes):
        failures = {place: error for place, error in enumerate(outcomes) if isinstance(error, AnalysisError)}
        for error in failures.values():
            if isinstance(error.__cause__, DependencyError):
                raise error.__cause__
        raise ItemsFailedError({place: error.reason for place, error in failures.items()}, len(outcomes))
    return good
