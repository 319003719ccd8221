"""Groups the items of all callers into batches, by size and by age, for a lane that works in threads.

    analyse ──▶ waiting ──(full, or the oldest waited long enough, and a thread is free)──▶ thread ──▶ futures

While all threads work, items gather, so batches grow with the load. Equal items in flight are analysed
once. An item's future always ends with a value, its outcome or the `AnalysisError` that befell it alone,
and no caller's cancellation reaches it.
"""

from __future__ import annotations

import asyncio
import logging
import math
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeAlias, TypeVar

import msgspec

from service.core.errors import AnalysisError, QueueFullError
from service.core.metrics import LaneMeters
from service.core.workload import Lane

_log = logging.getLogger(__name__)
Item = TypeVar("Item")
Outcome = TypeVar("Outcome", bound=msgspec.Struct)

Analyse: TypeAlias = Callable[[str, Sequence[Item]], Sequence[Outcome | AnalysisError]]
Keep: TypeAlias = Callable[[Mapping[str, Outcome | AnalysisError]], Awaitable[None]]

_SMOOTHING = 0.2
"""Weight of the newest batch in the estimate of an item's cost."""


@dataclass(frozen=True, slots=True)
class _Waiting(Generic[Item]):
    key: str
    item: Item
    since: float


class Batcher(Generic[Item, Outcome]):
    """One lane with threads; belongs to the event loop that runs when it is made.

    ``keep`` is awaited with the outcomes of each batch before its callers are answered; ``clock`` gives
    seconds that only rise (uvloop's own stands still within a turn of the loop).
    """

    def __init__(
        self,
        lane: Lane,
        analyse: Analyse[Item, Outcome],
        keep: Keep[Outcome],
        meters: LaneMeters,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._lane = lane
        self._analyse = analyse
        self._keep = keep
        self._meters = meters
        self._loop = asyncio.get_running_loop()
        self._clock = clock
        self._threads = ThreadPoolExecutor(lane.threads, thread_name_prefix=f"lane-{lane.name}")
        self._free = lane.threads
        self._waiting: deque[_Waiting[Item]] = deque()
        self._in_flight: dict[str, asyncio.Future[Outcome | AnalysisError]] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._batches: set[asyncio.Task[None]] = set()
        self._item_seconds = 0.0

    async def analyse(self, work: Mapping[str, Item]) -> dict[str, Outcome | AnalysisError]:
        """The outcomes of ``work``, whose keys name equal work; takes on all or, with `QueueFullError`, nothing."""
        fresh = {key: item for key, item in work.items() if key not in self._in_flight}
        if len(self._waiting) + len(fresh) > self._lane.queue_items:
            raise QueueFullError(f"{len(self._waiting)} items wait for the lane {self._lane.name}", self.retry_after())
        now = self._clock()
        for key, item in fresh.items():
            self._in_flight[key] = self._loop.create_future()
            self._waiting.append(_Waiting(key, item, now))
        futures = {key: self._in_flight[key] for key in work}
        self._start_batches()
        await asyncio.wait(futures.values())  # unlike gather, leaves them alone when the caller is cancelled
        return {key: future.result() for key, future in futures.items()}

    def retry_after(self) -> float:
        """Whole seconds until the queue should be short again, at least one."""
        seconds = len(self._waiting) * self._item_seconds / self._lane.threads
        return float(max(1, math.ceil(seconds)))

    async def close(self) -> None:
        """Analyse what waits, then end the threads."""
        while self._in_flight:
            await asyncio.wait(list(self._in_flight.values()))
        self._threads.shutdown()

    def _start_batches(self) -> None:
        """Start every batch that is due, and come back when the oldest item will have waited long enough."""
        while self._free and self._waiting:
            due_in = self._waiting[0].since + self._lane.batch_wait - self._clock()
            if len(self._waiting) < self._lane.batch_items and due_in > 0:
                if self._timer is None:
                    self._timer = self._loop.call_later(due_in, self._timer_fired)
                return
            self._start_batch()

    def _timer_fired(self) -> None:
        self._timer = None
        self._start_batches()

    def _start_batch(self) -> None:
        size = min(len(self._waiting), self._lane.batch_items)
        batch = [self._waiting.popleft() for _ in range(size)]
        self._free -= 1
        task = self._loop.create_task(self._run(batch))
        self._batches.add(task)
        task.add_done_callback(self._batches.discard)

    async def _run(self, batch: Sequence[_Waiting[Item]]) -> None:
        started = self._clock()
        for waiting in batch:
            self._meters.queue_wait.observe(started - waiting.since)
        items = [waiting.item for waiting in batch]
        found = await self._loop.run_in_executor(
            self._threads, partial(isolated, self._analyse, self._lane.name, items)
        )
        outcomes = dict(zip((waiting.key for waiting in batch), found, strict=True))
        self._measure(len(batch), self._clock() - started)
        self._free += 1
        self._start_batches()
        try:
            await self._keep(outcomes)
        except Exception:
            _log.exception("%d outcomes of the lane %s were not kept", len(outcomes), self._lane.name)
        for key, outcome in outcomes.items():
            self._in_flight.pop(key).set_result(outcome)

    def _measure(self, items: int, seconds: float) -> None:
        self._meters.batch_items.observe(items)
        self._meters.batch_duration.observe(seconds)
        self._item_seconds += _SMOOTHING * (seconds / items - self._item_seconds)


def isolated(analyse: Analyse[Item, Outcome], lane: str, items: Sequence[Item]) -> Sequence[Outcome | AnalysisError]:
    """``analyse``, never raising: when a whole batch fails, each item is tried alone, and the bad ones fail alone."""
    try:
        outcomes = analyse(lane, items)
        if len(outcomes) == len(items):
            return outcomes
        _log.error("lane %s gave %d outcomes for %d items", lane, len(outcomes), len(items))
    except Exception:
        _log.exception("lane %s failed on %d items", lane, len(items))
    if len(items) > 1:
        return [isolated(analyse, lane, [item])[0] for item in items]
    return [AnalysisError("the item could not be analysed")]
