"""Axes: from a figure to a place on the drawing, with ticks that people read easily."""

from __future__ import annotations

import math
from typing import NamedTuple


class Tick(NamedTuple):
    """A mark on an axis."""

    place: float
    label: str


class Scale(NamedTuple):
    """``low`` is drawn at ``begin``, ``high`` at ``end``."""

    low: float
    high: float
    begin: float
    end: float
    logarithmic: bool

    def place(self, value: float) -> float:
        """Where ``value`` is drawn; what lies outside is drawn on the edge."""
        inside = min(max(value, self.low), self.high)
        part = (
            math.log(inside / self.low) / math.log(self.high / self.low)
            if self.logarithmic
            else (inside - self.low) / (self.high - self.low)
        )
        return round(self.begin + part * (self.end - self.begin), 2)

    @property
    def ticks(self) -> list[Tick]:
        """Round figures inside of the scale, about four to nine."""
        values = _decades(self.low, self.high) if self.logarithmic else _steps(self.low, self.high)
        return [Tick(self.place(value), _label(value)) for value in values if self.low <= value <= self.high]


def logarithmic(values: list[float], begin: float, end: float) -> Scale:
    """A scale for positive ``values`` with a little room around them."""
    positive = [value for value in values if value > 0] or [1.0]
    low, high = min(positive) / 1.15, max(positive) * 1.15
    return Scale(low, high, begin, end, logarithmic=True)


def linear(values: list[float], begin: float, end: float) -> Scale:
    """A scale from 0 for ``values``, with a little room above."""
    return Scale(0.0, max([*values, 1e-9]) * 1.06, begin, end, logarithmic=False)


def _decades(low: float, high: float) -> list[float]:
    exponents = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    wide = high / low > 300
    return [digit * 10.0**exponent for exponent in exponents for digit in ((1,) if wide else (1, 2, 5))]


def _steps(low: float, high: float) -> list[float]:
    rough = (high - low) / 5
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * unit for factor in (1, 2, 5, 10) if factor * unit >= rough)
    return [step * number for number in range(math.ceil(low / step), math.floor(high / step) + 1)]


def _label(value: float) -> str:
    if value == 0:
        return "0"
    if value >= 10_000:
        return f"{value / 1000:,.0f}k" if value % 1000 == 0 else f"{value / 1000:g}k"
    return f"{value:,.0f}" if value >= 1 and value == round(value) else f"{value:.3g}"
