"""Leaves alone what fails again and again, and has it tried once in a while.

closed ──(TOLERANCE of the last WINDOW calls failed)──▶ open ──(rest is over)──▶ half open: one probe
   ▲                                                     ▲                          │        │
   │                                                     └─(it failed: rest doubles)┘        │
   └──────────────────────────────────(it succeeded)─────────────────────────────────────────┘
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from enum import Enum, auto

_log = logging.getLogger(__name__)

WINDOW = 10
TOLERANCE = 3
_MASK = (1 << WINDOW) - 1


class _State(Enum):
    CLOSED = auto()
    OPEN = auto()
    HALF_OPEN = auto()


class Breaker:
    """Knows whether ``subject`` may be asked; who asks tells how it went. For one thread.

    ``rest`` is the first rest in seconds, ``longest_rest`` the longest that it grows to; ``clock`` gives
    seconds that only rise.
    """

    __slots__ = ("_clock", "_longest_rest", "_next_rest", "_outcomes", "_rest", "_resumes_at", "_state", "subject")

    def __init__(
        self, subject: str, clock: Callable[[], float], *, rest: float = 1.0, longest_rest: float = 15.0
    ) -> None:
        self.subject = subject
        self._clock = clock
        self._rest = rest
        self._longest_rest = longest_rest
        self._next_rest = rest
        self._state = _State.CLOSED
        self._outcomes = 0  # the last calls, a bit each, set where one failed
        self._resumes_at = 0.0

    @property
    def is_closed(self) -> bool:
        """Whether all may ask."""
        return self._state is _State.CLOSED

    def wants_probe(self) -> bool:
        """Whether the one who asks now is to try it for all; says so once, then waits for how that went."""
        if self._state is not _State.OPEN or self._clock() < self._resumes_at:
            return False
        self._state = _State.HALF_OPEN
        return True

    def succeeded(self) -> None:
        """A call went well; of an open one only the probe's word counts."""
        if self._state is _State.CLOSED:
            self._outcomes = self._outcomes << 1 & _MASK
        elif self._state is _State.HALF_OPEN:
            _log.warning("%s is asked again", self.subject)
            self._state = _State.CLOSED
            self._outcomes = 0
            self._next_rest = self._rest

    def failed(self, reason: str) -> None:
        """A call failed by ``reason``."""
        if self._state is _State.CLOSED:
            self._outcomes = (self._outcomes << 1 | 1) & _MASK
            if self._outcomes.bit_count() >= TOLERANCE:
                _log.warning("%s is left alone: %s", self.subject, reason)
                self._open()
        elif self._state is _State.HALF_OPEN:
            self._open()

    def _open(self) -> None:
        self._state = _State.OPEN
        self._resumes_at = self._clock() + self._next_rest
        self._next_rest = min(self._next_rest * 2, self._longest_rest)
