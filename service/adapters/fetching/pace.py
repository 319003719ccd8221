"""How often one origin is asked: a rate that follows how it answers, and pauses that it asks for.

The rate rises by a tenth when more than 95 % of the last answers were good and somebody had to wait for it, and falls
by a tenth when fewer than 80 % were; that is looked at once in `ANSWERS` answers. Good is what does not speak of an
origin in trouble: a missing page is, and a timeout is not.
"""

from __future__ import annotations

from typing import Final

FIRST = 50.0
LEAST = 1.0
"""Requests a second."""
ANSWERS = 20
LONGEST_PAUSE = 30.0
"""Seconds that an origin is left alone at most, whatever it asks for."""

_STEP: Final = 0.1
_GOOD, _BAD = 0.95, 0.8
_LAG: Final = 0.05
"""What was not asked in the last so many seconds may be asked at once: timers are no more precise."""


class Pace:
    """The rate of one origin, which begins at ``first`` and never exceeds ``most``.

    Every ``now`` is seconds of one clock that only rises.
    """

    __slots__ = ("_answers", "_due", "_good", "_is_held", "_most", "_resumes", "rate", "share")

    def __init__(self, first: float = FIRST, most: float = 500.0) -> None:
        self.rate = min(first, most)
        """Requests a second."""
        self.share = 1.0
        """Of good answers, when that was last looked at."""
        self._most = most
        self._due = float("-inf")
        self._resumes = float("-inf")
        self._answers = 0
        self._good = 0
        self._is_held = False

    def paused(self, now: float) -> float:
        """Seconds of a pause that are left."""
        return max(0.0, self._resumes - now)

    def wait(self, now: float) -> float:
        """Seconds until the next request may start; 0 for now. Who asks wants to start one."""
        seconds = max(self._due, self._resumes) - now
        if seconds <= 0.0:
            return 0.0
        self._is_held |= self._due > now
        return seconds

    def start(self, now: float) -> None:
        """A request starts."""
        self._due = max(self._due, now - _LAG) + 1.0 / self.rate

    def answer(self, *, is_good: bool) -> None:
        """A request has ended."""
        self._answers += 1
        self._good += is_good
        if self._answers < ANSWERS:
            return
        self.share = self._good / self._answers
        if self.share < _BAD:
            self.rate = max(min(LEAST, self._most), self.rate * (1.0 - _STEP))
        elif self.share > _GOOD and self._is_held:
            self.rate = min(self._most, self.rate * (1.0 + _STEP))
        self._answers = self._good = 0
        self._is_held = False

    def pause(self, seconds: float, now: float) -> None:
        """The origin asks to be left alone for so long; an earlier pause is not made shorter."""
        self._resumes = max(self._resumes, now + min(seconds, LONGEST_PAUSE))
