"""Deadlines for many short waits at next to no cost: one timer looks after all of them.

``asyncio.timeout`` makes a timer for every wait, although nearly none ever fires. Here a wait is an entry in a
table, and the table is looked through a few times in the span that a wait may take. So a wait ends up to
`GRAIN` of its span late, never early.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

GRAIN = 0.05
"""How often the table is looked through, as a share of the span."""


class Deadlines:
    """Cancels the tasks that wait longer than ``seconds``; belongs to one event loop.

    A task that is cancelled by it sees `leave` answer True, and tells so by an error of its own::

        deadlines.enter(task)
        try:
            await something
        except asyncio.CancelledError:
            if deadlines.leave(task): raise TooSlowError from None
            raise
        deadlines.leave(task)
    """

    __slots__ = ("_clock", "_due", "_expired", "_timer", "seconds")

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self.seconds = seconds
        self._clock = clock
        self._due: dict[asyncio.Task[object], float] = {}
        self._expired: set[asyncio.Task[object]] = set()
        self._timer: asyncio.TimerHandle | None = None

    def enter(self, task: asyncio.Task[object]) -> None:
        """From now on ``task`` has so many seconds."""
        self._due[task] = self._clock() + self.seconds
        if self._timer is None:
            self._look_later()

    def leave(self, task: asyncio.Task[object]) -> bool:
        """The wait is over; True when this has cancelled the task, whose cancellation is taken back then."""
        self._due.pop(task, None)
        if task not in self._expired:
            return False
        self._expired.discard(task)
        # Another cancellation that came meanwhile stays.
        return task.uncancel() <= 0

    def _look_later(self) -> None:
        self._timer = asyncio.get_running_loop().call_later(self.seconds * GRAIN, self._look)

    def _look(self) -> None:
        self._timer = None
        now = self._clock()
        # Entries are in the order of their deadlines, so the first that has time left ends the look.
        for task, due in list(self._due.items()):
            if due > now:
                break
            del self._due[task]
            self._expired.add(task)
            task.cancel()
        if self._due:
            self._look_later()
