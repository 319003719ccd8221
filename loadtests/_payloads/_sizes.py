"""How many items a request holds, as a plan's distributions have it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from random import Random
from statistics import NormalDist
from typing import Annotated, Protocol

import msgspec

_PARTS = 1000


class Sizes(Protocol):
    """A distribution of sizes."""

    def draw(self, random: Random) -> int:
        """One size, at least 1."""

    @property
    def mean(self) -> float:
        """The mean size."""


class SizeTable:
    """Sizes and their weights, one by one."""

    def __init__(self, weights: Mapping[int, float]) -> None:
        self._sizes = list(weights)
        self._weights = list(weights.values())

    def draw(self, random: Random) -> int:
        """One size, as often as its weight has it."""
        return random.choices(self._sizes, self._weights)[0]

    @property
    def mean(self) -> float:
        """The weighted mean."""
        total = sum(self._weights)
        return sum(size * weight for size, weight in zip(self._sizes, self._weights, strict=True)) / total


class Lognormal(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Sizes as they come when nobody sets them: most small, few very large."""

    median: Annotated[float, msgspec.Meta(ge=1.0, le=1000.0)]
    sigma: Annotated[float, msgspec.Meta(gt=0.0, le=4.0)]
    """Standard deviation of the logarithm: one size in six is above ``median``·e^``sigma``."""
    most: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 1000
    """Where the tail is cut off: what would be larger is as large as this."""

    def draw(self, random: Random) -> int:
        """One size, rounded, from 1 to ``most``."""
        return self._size(random.gauss(0.0, 1.0))

    @property
    def mean(self) -> float:
        """The mean size, taken over the middles of a thousand equally likely parts."""
        normal = NormalDist()
        return sum(self._size(normal.inv_cdf((part + 0.5) / _PARTS)) for part in range(_PARTS)) / _PARTS

    def _size(self, deviations: float) -> int:
        return min(max(round(self.median * math.exp(self.sigma * deviations)), 1), self.most)
