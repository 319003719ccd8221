"""The way of a lane's items: memory, then far tiers and analysis, once for equal items.

keys ──▶ memory ──hit, or stale (made anew in the background)──────────────────────────▶ outcomes
            └──▶ flight, or a seat in one ──▶ far tiers ──hit──▶ memory ──────────────────┤
                                                 └──▶ fetch ──▶ batcher ──▶ keepsakes ──▶ memory ┈▶ far tiers ┘
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from contextvars import Context
from typing import Any, Final, Generic

from service.core.batcher import Batcher
from service.core.cache import Cache
from service.core.call import Call, Priority, Timing
from service.core.entries import Entry
from service.core.errors import AnalysisError, OverloadError
from service.core.fetch_stage import FetchStage
from service.core.fetching import Fetcher
from service.core.flight import Flight, Item, Order, Outcome
from service.core.keepsake_stage import KeepsakeStage
from service.core.keepsakes import KeepsakeStore
from service.core.limits import Traffic
from service.core.loop_batcher import LoopBatcher
from service.core.metrics import LaneMeters
from service.core.pool import ComputePool
from service.core.shelf import Shelf
from service.core.thread_batcher import ThreadBatcher
from service.core.timeline import TIMING
from service.core.workload import Lane, Workload

_log = logging.getLogger(__name__)

ITEM_BYTES: Final = 32
"""What an item costs beside its content, in bytes of content."""


class LanePath(Generic[Item, Outcome]):
    """Answers for the items of one lane; belongs to the event loop that runs when it is made.

    ``clock`` is that of ``cache``; a ``fetcher`` is needed where items name what is to be fetched, and without
    ``keepsakes`` what outcomes bring to be kept is lost.
    """

    def __init__(
        self,
        workload: Workload[Any, Item, Outcome, Any],
        lane: Lane,
        *,
        cache: Cache,
        meters: LaneMeters,
        traffic: Traffic,
        pool: ComputePool,
        clock: Callable[[], float],
        fetcher: Fetcher | None = None,
        keepsakes: KeepsakeStore | None = None,
    ) -> None:
        self._key_of = workload.key_of
        self._policy = lane.cache
        self._cache = cache
        self._is_kept = lane.cache.ttl > 0
        self._is_far = self._is_kept and lane.cache.far and bool(cache.far)
        self._meters = meters
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        shelf = Shelf(workload, lane, cache)
        self._keys, self._outcome, self._keep = shelf.keys, shelf.outcome, shelf.keep
        self._flights: dict[str, Flight[Item, Outcome]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        """Look-ups and fetches."""
        self._keepsakes = (
            None
            if workload.keepsakes is None
            else KeepsakeStage[Item, Outcome](workload.keepsakes, keepsakes, self._land, self._begin)
        )
        self._landed: asyncio.Future[None] | None = None
        """Ends when nothing is on its way, once somebody waits for that."""
        self._traffic = traffic
        self._company = lane.batch_wait if lane.threads else 0.0
        """Seconds that an item waits without being in anybody's way."""
        self._batcher: Batcher[Item, Outcome] = (
            ThreadBatcher(lane, workload.analyse, self, meters, clock, pool)
            if lane.threads
            else LoopBatcher(lane, workload.analyse, self, meters, clock)
        )
        self._submit = self._analyse
        """Where what nobody knows goes: to be fetched, or to be analysed at once."""
        if workload.fetch is not None:
            if fetcher is None:
                raise ValueError(f"{workload.name} names what is to be fetched, and there is nobody who fetches")
            stage = FetchStage(
                workload.fetch, fetcher, lane, self._analyse, self._fail, self.refuse, self._begin, clock
            )
            self._submit = stage.take

    async def outcomes(self, items: Sequence[Item], call: Call) -> list[Outcome | AnalysisError]:
        """One outcome per item, in order; OverloadError when there is no room for those that are not known."""
        self._meters.items.add(len(items))
        call.counts = (*call.counts, (self._meters.items, len(items)))
        call.life = min(call.life, self._policy.ttl)
        timing = call.timing
        began = self._clock() if timing is not None else 0.0
        names = [self._key_of(item) for item in items]
        keys = self._keys(names, call.tenant)
        found = self._found(keys, items, names, call.tenant)
        if timing is not None:
            timing.cache += self._clock() - began
        gaps = found.count(None)
        if not gaps:
            return [outcome for outcome in found if outcome is not None]
        order = Order(found, gaps, self._clock(), self._loop.create_future())
        self._place(order, items, names, keys, call)
        outcomes = await order.filled()
        if order.began_at is not None:
            call.waited = max(0.0, order.began_at - order.since - order.fetch - self._company)
            call.analysed = self._traffic, gaps
            if timing is not None:
                timing.queue += call.waited
                timing.fetch += order.fetch
                timing.compute += order.compute
                timing.batch += max(0.0, self._clock() - order.began_at - order.compute)
        return outcomes

    async def close(self) -> None:
        """Finish what is on its way."""
        while self._flights:
            self._landed = self._loop.create_future()
            await self._landed

    def land(
        self,
        batch: Sequence[Flight[Item, Outcome]],
        outcomes: Sequence[Outcome | AnalysisError],
        began_at: float,
        seconds: float,
    ) -> None:
        """Keep what was analysed, and give it to everybody who waits for it."""
        if self._keepsakes is None:
            self._land(batch, outcomes, began_at, seconds)
        else:
            self._keepsakes.take(batch, outcomes, began_at, seconds)

    def _land(
        self,
        batch: Sequence[Flight[Item, Outcome]],
        outcomes: Sequence[Outcome | AnalysisError],
        began_at: float,
        seconds: float,
    ) -> None:
        failed = sum([isinstance(outcome, AnalysisError) for outcome in outcomes])
        if failed:
            self._meters.failed_items.add(failed)
        if self._is_kept:
            self._keep(batch, outcomes)
        for flight, outcome in zip(batch, outcomes, strict=True):
            flight.arrive_analysed(outcome, began_at, seconds)
        self._forget(batch)

    def refuse(self, flights: Sequence[Flight[Item, Outcome]], error: OverloadError) -> None:
        """Tell everybody who waits for them."""
        for flight in flights:
            flight.fail(error)
        self._forget(flights)

    def _found(
        self, keys: Sequence[str], items: Sequence[Item], names: Sequence[bytes], tenant: str
    ) -> list[Outcome | AnalysisError | None]:
        """What memory knows; what it knows from too long ago is made anew, once."""
        if not self._is_kept:
            return [None] * len(keys)
        entries = self._cache.peek_many(keys)
        if self._policy.stale > 0 and any(entries):
            now = self._clock()
            stale = {
                key: Flight[Item, Outcome](key, item, len(name) + ITEM_BYTES, tenant)
                for key, item, name, entry in zip(keys, items, names, entries, strict=True)
                if entry is not None and entry.fresh_until < now and key not in self._flights
            }
            if stale:
                self._flights.update(stale)
                self._submit(list(stale.values()), Priority.BULK)
        return [None if entry is None else self._outcome(entry) for entry in entries]

    def _place(
        self,
        order: Order[Outcome],
        items: Sequence[Item],
        names: Sequence[bytes],
        keys: Sequence[str],
        call: Call,
    ) -> None:
        """Have the gaps of ``order`` filled: by flights that are on their way already, and by new ones."""
        flights, fresh = self._flights, []
        for place, outcome in enumerate(order.outcomes):
            if outcome is None:
                key = keys[place]
                flight = flights.get(key)
                if flight is None:
                    flight = flights[key] = Flight(key, items[place], len(names[place]) + ITEM_BYTES, call.tenant)
                    fresh.append(flight)
                flight.join(order, place)
        if not fresh:
            return
        if self._is_far:
            self._begin(self._look_up(fresh, order, call.priority, call.timing))
        else:
            self._submit(fresh, call.priority)

    async def _look_up(
        self,
        flights: Sequence[Flight[Item, Outcome]],
        order: Order[Outcome],
        priority: Priority,
        timing: Timing | None,
    ) -> None:
        """Ask the far tiers, and have analysed what they do not know; ``order`` waits for its turn from then on."""
        if timing is not None:
            TIMING.set(timing)
        began = self._clock()
        entries: Sequence[Entry | None] = [None] * len(flights)
        try:
            entries = await self._cache.fetch_many([flight.key for flight in flights], self._policy)
        except Exception:
            _log.exception("%d outcomes were not looked up", len(flights))
        outcomes = [None if entry is None else self._outcome(entry) for entry in entries]
        for flight, outcome in zip(flights, outcomes, strict=True):
            if outcome is not None:
                flight.arrive(outcome)
        self._forget([flight for flight, outcome in zip(flights, outcomes, strict=True) if outcome is not None])
        order.since = self._clock()
        if timing is not None:
            timing.cache += order.since - began
        if unknown := [flight for flight, outcome in zip(flights, outcomes, strict=True) if outcome is None]:
            self._submit(unknown, priority)

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        # In a context of its own: it may outlive the request that begins it.
        task = self._loop.create_task(work, context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _fail(self, flight: Flight[Item, Outcome], error: AnalysisError) -> None:
        """It could not be fetched."""
        self._meters.failed_items.add(1)
        if self._is_kept:
            self._keep([flight], [error])
        flight.arrive(error)
        self._forget([flight])

    def _analyse(self, flights: Sequence[Flight[Item, Outcome]], priority: Priority) -> None:
        try:
            self._batcher.submit(flights, priority)
        except OverloadError as error:
            self.refuse(flights, error)

    def _forget(self, flights: Sequence[Flight[Item, Outcome]]) -> None:
        """``flights`` have ended."""
        for flight in flights:
            del self._flights[flight.key]
        if self._landed is not None and not self._flights and not self._landed.done():
            self._landed.set_result(None)
