"""Whether and when to try again: exponential backoff with full jitter, under a budget.

The delay before the n-th retry is drawn from 0 to ``base * 2**(n-1)`` seconds (Brooker, "Exponential Backoff And
Jitter", AWS Architecture Blog, 2015). The budget is a bucket of retries: every operation fills it by a share, every
retry takes one out. So when everything fails, retries add no more than that share to the load.
"""

from __future__ import annotations

import random
from collections.abc import Callable


class Retries:
    """The retries of one kind of operation; ``draw`` gives random numbers from 0 to 1."""

    __slots__ = ("_attempts", "_base", "_budget", "_draw", "_longest", "_reserve", "_share")

    def __init__(
        self,
        *,
        attempts: int = 4,
        base: float = 0.05,
        longest: float = 1.0,
        share: float = 0.1,
        reserve: float = 10.0,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._attempts = attempts
        self._base = base
        self._longest = longest
        self._share = share
        self._reserve = reserve
        self._budget = reserve
        self._draw = draw

    def begin(self) -> None:
        """Note that an operation begins, whatever becomes of it."""
        if self._budget < self._reserve:
            self._budget = min(self._reserve, self._budget + self._share)

    def delay(self, failures: int) -> float | None:
        """Seconds to wait before trying again after so many ``failures``, at least one; None to give up.

        Takes the retry out of the budget.
        """
        if failures >= self._attempts or self._budget < 1.0:
            return None
        self._budget -= 1.0
        return min(self._longest, self._base * 2.0 ** (failures - 1)) * self._draw()
