"""Items that name what they are about get it here, before they are analysed; equal ones once, as one flight."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Final, Generic, TypeAlias, TypeVar

import msgspec

from service.core.call import Priority
from service.core.errors import AnalysisError, OverloadError, QueueFullError
from service.core.fetching import Fetcher
from service.core.flight import Flight
from service.core.workload import Lane

Item = TypeVar("Item")
Outcome = TypeVar("Outcome", bound=msgspec.Struct)
Fetch: TypeAlias = Callable[[Item, Fetcher, Priority], Awaitable[Item]]

RETRY_AFTER: Final = 1.0
"""Seconds after which whoever found no room may come again: how long origins take is not known."""

_log = logging.getLogger(__name__)


class FetchStage(Generic[Item, Outcome]):
    """Fetches for one lane, `Lane.fetches` items at a time, and at most as many wait as may wait for analysis.

    What was fetched goes to ``analyse``, what could not be to ``fail`` and what there is no room for to ``refuse``;
    ``begin`` starts work that nobody waits for.
    """

    def __init__(
        self,
        fetch: Fetch[Item],
        fetcher: Fetcher,
        lane: Lane,
        analyse: Callable[[Sequence[Flight[Item, Outcome]], Priority], None],
        fail: Callable[[Flight[Item, Outcome], AnalysisError], None],
        refuse: Callable[[Sequence[Flight[Item, Outcome]], OverloadError], None],
        begin: Callable[[Coroutine[Any, Any, None]], None],
        clock: Callable[[], float],
    ) -> None:
        self._fetch = fetch
        self._fetcher = fetcher
        self._lane = lane
        self._analyse = analyse
        self._fail = fail
        self._refuse = refuse
        self._begin = begin
        self._clock = clock
        self._turns = asyncio.Semaphore(lane.fetches)
        self._waiting = 0
        """Flights that are fetched, or wait for that."""

    def take(self, flights: Sequence[Flight[Item, Outcome]], priority: Priority) -> None:
        """See to ``flights``; takes on all or none."""
        if self._waiting + len(flights) > self._lane.queue_items:
            reason = f"{self._waiting} items wait to be fetched for the lane {self._lane.name}"
            self._refuse(flights, QueueFullError(reason, RETRY_AFTER))
            return
        self._waiting += len(flights)
        for flight in flights:
            self._begin(self._bring(flight, priority))

    async def _bring(self, flight: Flight[Item, Outcome], priority: Priority) -> None:
        try:
            async with self._turns:
                began = self._clock()
                item = await self._fetch(flight.item, self._fetcher, priority)
                flight.fetched(item, self._clock() - began)
        except AnalysisError as error:
            self._fail(flight, error)
        except Exception:
            _log.exception("an item could not be fetched")
            self._fail(flight, AnalysisError("it could not be fetched", "fetch", may_pass=True))
        else:
            self._analyse([flight], priority)
        finally:
            self._waiting -= 1
