"""What statistics say: intervals, values within them, and events that are worth fewer than they are."""

from __future__ import annotations

from typing import NamedTuple


class Interval(NamedTuple):
    """Both ends belong to it."""

    low: float
    high: float


class Estimate(NamedTuple):
    """A value and the interval around it."""

    value: float
    low: float
    high: float


class Sample(NamedTuple):
    """Events that either are good or are not, and how many independent ones they are worth."""

    good: float
    total: float
    effective: float

    @property
    def ratio(self) -> float:
        """The share of good events."""
        return self.good / self.total
