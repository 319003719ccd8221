"""How many items are on their way at a time: the fewest with which next to nothing is lost.

What limits a campaign is not known beforehand: the cores, an origin far away, the database. So the width climbs on
throughput, over rungs that are √2 apart. At each it stays for a window in which its items turn over twice, and goes

    up      as long as the rung above does `GAIN` more, or nobody knows
    down    when the rung below does no less than that

so that it comes to rest where more at a time no longer brings more. There it looks at its neighbours once in a while.
A throughput that jumps at one rung says that everything has changed, and the others are learned anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

RUNGS: Final = tuple(dict.fromkeys(round(2 ** (power / 2)) for power in range(21)))
"""1, 2, 3, 4, 6, 8, … 1,024."""
START: Final = RUNGS.index(32)
GAIN: Final = 1.08
TURNS: Final = 2
"""A window sees so many items for each of its width."""
SHORTEST, LONGEST = 0.5, 10.0
"""A window is at least so many seconds long, and ends after the longest with what it saw."""
FEWEST: Final = 16
"""Items that a window sees, at least."""
CALM_WINDOWS: Final = 8
"""After so many windows at rest it looks at a neighbour."""
JUMP: Final = 1.5
"""A throughput that changes by such a factor between two windows of a rung makes all others void."""
WEIGHT: Final = 0.5
"""Of the newest window in what is known of its rung."""


class Width:
    """Bounds the items of one workload that are on their way in one process.

    ``clock`` gives seconds that only rise.
    """

    __slots__ = (
        *("_began", "_calm", "_clock", "_done", "_known", "_retreated", "_rung", "_settling", "_top", "_upwards"),
        "in_flight",
    )

    def __init__(self, clock: Callable[[], float], *, most: int = RUNGS[-1]) -> None:
        self._clock = clock
        self._top = max(rung for rung, width in enumerate(RUNGS) if width <= most)
        self._rung = min(START, self._top)
        self._known: dict[int, float] = {}
        """Items a second by rung."""
        self._calm = 0
        self._upwards = True
        self._retreated = float("-inf")
        self.in_flight = 0
        self._settle()

    @property
    def items(self) -> int:
        """So many may be on their way."""
        return RUNGS[self._rung]

    def begin(self, items: int) -> None:
        """So many more are on their way."""
        self.in_flight += items

    def end(self, items: int) -> None:
        """So many have arrived."""
        self.in_flight -= items
        if self._settling > 0:
            self._settling -= items
            if self._settling <= 0:
                self._began, self._done = self._clock(), 0
            return
        self._done += items
        seconds = self._clock() - self._began
        enough = self._done >= max(FEWEST, TURNS * self.items) and seconds >= SHORTEST
        if enough or (seconds >= LONGEST and self._done >= FEWEST // 2):
            self._learn(self._done / seconds)

    def starve(self) -> None:
        """There was nothing to begin: what was seen says nothing about the width."""
        self._settle()

    def overload(self, items: int) -> None:
        """So many found no room: half as many from now on, and what was known is void."""
        self.in_flight -= items
        now = self._clock()
        if now - self._retreated >= SHORTEST:  # what was begun together is refused together
            self._retreated = now
            self._rung = max(0, self._rung - 2)
            self._known.clear()
        self._settle()

    def _settle(self) -> None:
        """Begin the next window once what is on its way has arrived."""
        self._settling = max(1, self.in_flight)
        self._began, self._done = self._clock(), 0

    def _learn(self, rate: float) -> None:
        known = self._known.get(self._rung)
        if known is not None and not 1 / JUMP < rate / known < JUMP:
            self._known.clear()
            known = None
        self._known[self._rung] = rate if known is None else known + WEIGHT * (rate - known)
        step = self._step()
        if not step:
            self._began, self._done = self._clock(), 0
            return
        self._rung += step
        self._settle()

    def _step(self) -> int:
        rate = self._known[self._rung]
        above, below = self._known.get(self._rung + 1), self._known.get(self._rung - 1)
        if below is not None and rate < GAIN * below:
            self._calm = 0
            return -1
        if self._rung < self._top and (above is None or above > GAIN * rate):
            self._calm = 0
            return 1
        self._calm += 1
        if self._calm < CALM_WINDOWS:
            return 0
        self._calm = 0
        self._upwards = not self._upwards
        if self._upwards:
            return 1 if self._rung < self._top else 0
        return -1 if self._rung else 0
