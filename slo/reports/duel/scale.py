"""The axis on which changes are drawn: linear around no change, logarithmic far from it; ±1 % and ±50 % both show."""

from __future__ import annotations

import math
from collections.abc import Iterable

import msgspec

_SOFT = 0.02
"""Changes well below this lie on the linear part."""
_TICKS = (0.0, *(sign * size for size in (0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0) for sign in (-1, 1)))
_FURTHEST_DOWN, _FURTHEST_UP = -0.9, 9.0


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """From a change to a place between 0 and ``length``."""

    first: float
    last: float
    unit: float
    """What a change is measured in: 1 for changes in percent, less for small shares."""
    length: float
    margin: float

    def place(self, change: float) -> float:
        """Where ``change`` lies; beyond an end it lies at that end."""
        low, high = self._bent(self.first), self._bent(self.last)
        share = min(max((self._bent(change) - low) / (high - low), 0.0), 1.0)
        return round(self.margin + share * (self.length - 2 * self.margin), 1)

    def ticks(self) -> tuple[float, ...]:
        """Round changes, rising, of which no two stand too close to be labelled."""
        inside = sorted(tick * self.unit for tick in _TICKS if self.first <= tick * self.unit <= self.last)
        kept: list[float] = []
        for tick in sorted(inside, key=lambda each: (abs(each), each)):
            if all(abs(self.place(tick) - self.place(other)) >= self.length / 9 for other in kept):
                kept.append(tick)
        return tuple(sorted(kept))

    def _bent(self, change: float) -> float:
        return math.asinh(change / (_SOFT * self.unit))


def scale_for(changes: Iterable[float], *, unit: float = 1.0, length: float = 300.0, margin: float = 10.0) -> Scale:
    """A scale that shows all ``changes``, and some percent to both sides of none."""
    found = [change / unit for change in changes if math.isfinite(change)]
    first = max(min([-0.05, *found]), _FURTHEST_DOWN)
    last = min(max([0.05, *found]), _FURTHEST_UP)
    return Scale(first=first * unit, last=last * unit, unit=unit, length=length, margin=margin)
