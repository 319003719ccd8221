"""Groups the items of all callers into batches; `LoopBatcher` and `ThreadBatcher` say when and where they are analysed.

    submit ──▶ line ──(as much as fits into the time of a batch)──▶ analyse ──▶ landing

How much fits follows the pace that was seen. A batch that fails as a whole is tried item by item, so that a bad item
fails alone; an item that waited longer than it may is refused rather than analysed for nobody.
"""

from __future__ import annotations

import logging
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import Final, Generic, Protocol, TypeAlias

from service.core.call import Priority
from service.core.errors import AnalysisError, OverloadError, QueueFullError, WaitedTooLongError
from service.core.flight import Flight, Item, Outcome
from service.core.line import Line
from service.core.metrics import LaneMeters
from service.core.workload import Lane

_log = logging.getLogger(__name__)

Analyse: TypeAlias = Callable[[str, Sequence[Item]], Sequence[Outcome | AnalysisError]]

_SMOOTHING: Final = 0.3
"""Weight of the newest batch in the pace."""


class Landing(Protocol[Item, Outcome]):
    """Where flights end. Nothing here raises."""

    def land(
        self,
        batch: Sequence[Flight[Item, Outcome]],
        outcomes: Sequence[Outcome | AnalysisError],
        began_at: float,
        seconds: float,
    ) -> None:
        """``batch`` was analysed from ``began_at`` on, in so many seconds."""

    def refuse(self, flights: Sequence[Flight[Item, Outcome]], error: OverloadError) -> None:
        """``flights`` are not analysed."""


class Batcher(ABC, Generic[Item, Outcome]):
    """One lane; belongs to one event loop. ``hands`` batches are analysed at a time.

    ``clock`` gives seconds that only rise; uvloop's own stands still within a turn of the loop.
    """

    def __init__(
        self,
        lane: Lane,
        analyse: Analyse[Item, Outcome],
        landing: Landing[Item, Outcome],
        meters: LaneMeters,
        clock: Callable[[], float],
        hands: int = 1,
    ) -> None:
        self._lane = lane
        self._analyse = analyse
        self._landing = landing
        self._meters = meters
        self._clock = clock
        self._line: Line[Item, Outcome] = Line(meters.queue_wait.observe)
        self._hands = hands
        self._pace: float | None = None
        """Seconds a byte; None as long as nothing was analysed."""

    def submit(self, flights: Sequence[Flight[Item, Outcome]], priority: Priority) -> None:
        """Analyse ``flights``, which wait together from now on; takes on all or, with QueueFullError, none."""
        waiting = self._line.count
        if waiting + len(flights) > self._lane.queue_items:
            raise QueueFullError(f"{waiting} items wait for the lane {self._lane.name}", self.retry_after())
        if self.drain_seconds() > self._lane.queue_seconds:
            raise QueueFullError(
                f"the lane {self._lane.name} is busy for longer than may be waited", self.retry_after()
            )
        self._line.join(flights, priority, self._clock())
        self._start()

    def drain_seconds(self) -> float:
        """How long it takes to analyse what waits."""
        return self._line.size * (self._pace or 0.0) / self._hands

    def retry_after(self) -> float:
        """Whole seconds until the line should be short again, at least one."""
        return float(max(1, math.ceil(self.drain_seconds())))

    @abstractmethod
    def _start(self) -> None:
        """See to it that what waits is analysed."""

    def _fitting(self) -> float:
        """Bytes of items that fit into the time of a batch; none as long as nobody knows, so that one is tried."""
        if self._pace is None:
            return 0.0
        return self._lane.batch_seconds / self._pace if self._pace else math.inf

    def _expire(self, now: float) -> None:
        """Refuse what waited too long."""
        if expired := self._line.expire(now - self._lane.queue_seconds):
            error = WaitedTooLongError(f"the lane {self._lane.name} is too busy", self.retry_after())
            self._landing.refuse(expired, error)

    def _land(
        self,
        batch: Sequence[Flight[Item, Outcome]],
        outcomes: Sequence[Outcome | AnalysisError],
        began_at: float,
        seconds: float,
    ) -> None:
        self._meters.batch_items.observe(len(batch))
        self._meters.batch_duration.observe(seconds)
        pace = seconds / sum([flight.size for flight in batch])
        self._pace = pace if self._pace is None else self._pace + _SMOOTHING * (pace - self._pace)
        self._landing.land(batch, outcomes, began_at, seconds)


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
