"""How many rows are done in a second, lately."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final

MEMORY_SECONDS: Final = 5.0
"""What was done so long ago counts a third (1/e)."""


class Pace:
    """Rows a second while there was something to do; ``clock`` gives seconds that only rise."""

    __slots__ = ("_busy_from", "_clock", "_in_hand", "_rows", "_seconds")

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._rows = self._seconds = 0.0
        self._in_hand = 0
        self._busy_from = 0.0

    def begin(self, rows: int) -> None:
        """So many more rows are being done."""
        if not self._in_hand:
            self._busy_from = self._clock()
        self._in_hand += rows

    def end(self, rows: int, done: int | None = None) -> None:
        """So many fewer are; ``done`` of them have a result, all unless it says otherwise."""
        now = self._clock()
        elapsed, self._busy_from = now - self._busy_from, now
        kept = math.exp(-elapsed / MEMORY_SECONDS)
        self._seconds = self._seconds * kept + elapsed
        self._rows = self._rows * kept + (rows if done is None else done)
        self._in_hand -= rows

    @property
    def rows_per_second(self) -> float | None:
        """None as long as nobody knows."""
        return self._rows / self._seconds if self._rows and self._seconds else None
