"""How often one origin is asked: a rate that follows how it answers, and pauses that it asks for.

The rate rises by a tenth when more than 95 % of the last answers were good and somebody had to wait for it, and falls
by a tenth when fewer than 80 % were; that is looked at once in `ANSWERS` answers. Good is what does not speak of an
origin in trouble: a missing page is, and a timeout is not.

Where processes share what they know of an origin, the rate is that of all together, and follows what all were answered;
each takes its part of it.
"""

from __future__ import annotations

from typing import Final, NamedTuple

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


class Report(NamedTuple):
    """What an origin answered to one process since that last told of it."""

    answers: int
    good: int
    is_held: bool
    """Somebody had to wait for the rate."""
    pause: float
    """Seconds for which it asks to be left alone."""


class Standing(NamedTuple):
    """What all processes together know of an origin."""

    rate: float
    share: float
    processes: int
    """That ask it now."""
    pause: float
    """Seconds for which it is to be left alone."""


class Pace:
    """The rate of one origin, which begins at ``first`` and never exceeds ``most``.

    Every ``now`` is seconds of one clock that only rises.
    """

    __slots__ = (
        *("_answers", "_asked_pause", "_due", "_good", "_is_held", "_processes", "_resumes"),
        *("first", "is_shared", "most", "rate", "share"),
    )

    def __init__(self, first: float = FIRST, most: float = 500.0) -> None:
        self.first = min(first, most)
        self.most = most
        self.rate = self.first
        """Requests a second; of all processes together, where they share it."""
        self.is_shared = False
        """Whether it follows what all processes know."""
        self.share = 1.0
        """Of good answers, when that was last looked at."""
        self._processes = 1
        self._asked_pause = 0.0
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
        self._due = max(self._due, now - _LAG) + self._processes / self.rate

    def answer(self, *, is_good: bool) -> None:
        """A request has ended."""
        self._answers += 1
        self._good += is_good
        if self._answers < ANSWERS or self.is_shared:
            return
        self.share = self._good / self._answers
        if self.share < _BAD:
            self.rate = max(min(LEAST, self.most), self.rate * (1.0 - _STEP))
        elif self.share > _GOOD and self._is_held:
            self.rate = min(self.most, self.rate * (1.0 + _STEP))
        self._answers = self._good = 0
        self._is_held = False

    def pause(self, seconds: float, now: float) -> None:
        """The origin asks to be left alone for so long; an earlier pause is not made shorter."""
        seconds = min(seconds, LONGEST_PAUSE)
        self._resumes = max(self._resumes, now + seconds)
        self._asked_pause = max(self._asked_pause, seconds)

    def report(self) -> Report:
        """What is to be told of it; what was told is forgotten."""
        report = Report(self._answers, self._good, self._is_held, self._asked_pause)
        self._answers = self._good = 0
        self._is_held, self._asked_pause = False, 0.0
        return report

    def adopt(self, standing: Standing, now: float) -> None:
        """Follow what all processes know."""
        self.is_shared = True
        self.rate, self.share = min(self.most, standing.rate), standing.share
        self._processes = max(1, standing.processes)
        self._resumes = max(self._resumes, now + min(standing.pause, LONGEST_PAUSE))

    def leave(self) -> None:
        """Go on alone, with what was the part of this process."""
        self.rate = max(min(LEAST, self.most), self.rate / self._processes)
        self._processes = 1
        self.is_shared = False
