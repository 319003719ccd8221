"""How many users of a closed plan are there over time, and which.

Users are numbered from 0. With u(t) people asked for, user n is there while u(t) ≥ n + ½, so that the number of
users is u(t) rounded; user 0 is there as soon as anybody is, so that no workload of a mix is left out.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

_ANYBODY = 1e-9
NEVER = math.inf


class Population:
    """Users over the stages of a plan; ``legs`` are (seconds, users at the begin, users at the end), linear within."""

    def __init__(self, legs: Iterable[tuple[float, float, float]]) -> None:
        self._legs = tuple(legs)

    @property
    def most(self) -> int:
        """The largest number of users at once."""
        return max((_rounded(max(first, last)) for _, first, last in self._legs), default=0)

    def users_at(self, moment: float) -> int:
        """Users at ``moment`` seconds from the start; 0 outside of the stages."""
        begin = 0.0
        for seconds, first, last in self._legs:
            if begin <= moment < begin + seconds:
                return _rounded(first + (last - first) * (moment - begin) / seconds)
            begin += seconds
        return 0

    def turn(self, number: int, moment: float) -> float:
        """The first second from ``moment`` on at which user ``number`` is there; `NEVER` if it does not come again."""
        needed = number + 0.5 if number else _ANYBODY
        begin = 0.0
        for seconds, first, last in self._legs:
            end, slope = begin + seconds, (last - first) / seconds
            since = max(moment, begin)
            if since < end:
                if first + slope * (since - begin) >= needed:
                    return since
                if slope > 0.0 and (comes := begin + (needed - first) / slope) < end:
                    return max(comes, since)
            begin = end
        return NEVER


def _rounded(users: float) -> int:
    return max(math.floor(users + 0.5), 1) if users >= _ANYBODY else 0
