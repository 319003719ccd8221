"""How far another process's clock is ahead of this one's, from the round trips of messages.

This process notes when it asks (a) and when the answer is there (r), the other one what its clock shows in between
(t). However long either way took, the other clock is then ahead by t - a at most and by t - r at least. Several
answers narrow that down, as all of their bounds hold.

The clocks are monotonic ones, so that nobody sets them, and count from anything: two machines need not agree on the
time of day.

Source: F. Cristian, Probabilistic clock synchronization, Distributed Computing 3 (1989).
"""

from __future__ import annotations

import math


class RemoteClock:
    """The clock of one other process."""

    def __init__(self) -> None:
        self._least = -math.inf
        self._most = math.inf
        self._ahead: float | None = None
        self._moved = 0.0

    @property
    def known(self) -> bool:
        """Whether it was read at all."""
        return math.isfinite(self._most - self._least)

    @property
    def error(self) -> float:
        """Seconds by which `there` may be wrong, or is proven to be wrong by now, whichever is more."""
        return max((self._most - self._least) / 2.0, self._moved)

    def take(self, *, asked: float, shown: float, answered: float) -> None:
        """Use one round trip; after `settle` it can only show that the clocks run apart."""
        least, most = shown - answered, shown - asked
        if self._ahead is None:
            self._least, self._most = max(self._least, least), min(self._most, most)
        else:
            self._moved = max(self._moved, least - self._ahead, self._ahead - most)

    def settle(self) -> None:
        """Take the clock to be ahead by the middle of what is possible, from now on."""
        self._ahead = (self._least + self._most) / 2.0

    def there(self, moment: float) -> float:
        """What it shows when this process's clock shows ``moment``; to be asked once it is settled."""
        if self._ahead is None:
            raise ValueError("the clock is not settled")
        return moment + self._ahead
