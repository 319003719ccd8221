"""One timer for the deadlines of all requests: nearly none ever passes, and a timer for each costs microseconds."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any, Generic, TypeVar

import gevent

Item = TypeVar("Item", bound=Hashable)


class Deadlines(Generic[Item]):
    """Calls ``passed``, in the event loop, with each item that has not ended ``seconds`` after it began.

    All items have the same time, so the oldest is always the next one due, and a dictionary keeps them in order.
    """

    def __init__(self, seconds: float, clock: Callable[[], float], passed: Callable[[Item], object]) -> None:
        self.seconds = seconds
        self._clock = clock
        self._passed = passed
        self._due: dict[Item, float] = {}
        self._loop: Any = gevent.get_hub().loop
        self._timer: Any = None

    def begin(self, item: Item, now: float) -> None:
        """Watch ``item``, which begins ``now`` on the clock."""
        self._due[item] = now + self.seconds
        if self._timer is None:
            self._set(self.seconds)

    def end(self, item: Item) -> None:
        """Watch ``item`` no longer."""
        self._due.pop(item, None)

    def _set(self, seconds: float) -> None:
        self._timer = self._loop.timer(max(seconds, 0.0))
        self._timer.start(self._look, update=True)

    def _look(self) -> None:
        self._timer.close()
        self._timer = None
        now = self._clock()
        while self._due:
            item, due = next(iter(self._due.items()))
            if due > now:
                self._set(due - now)
                return
            del self._due[item]
            self._passed(item)
