"""Where a measured interval lies against its limits, as places on a small drawing."""

from __future__ import annotations

import msgspec

from slo.model import Comparison, Limit, ObjectiveVerdict, Unit

WIDTH = 200.0
"""Of the drawing, in its own units; the template scales it."""
_MARGIN = 8.0
_BREADTH = 0.2


class IntervalDrawing(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Places from 0 to `WIDTH`; nothing where there is nothing to draw."""

    good_from: float | None
    good_to: float | None
    """The zone of the good values."""
    critical: float | None
    warning: float | None
    low: float | None
    high: float | None
    value: float


def drawing(verdict: ObjectiveVerdict) -> IntervalDrawing | None:
    """The drawing of one verdict; nothing when it measured nothing or has no limit to measure against."""
    limits = [limit.value for limit in (verdict.warning, verdict.critical) if limit is not None]
    if verdict.value is None or not limits:
        return None
    ends = [end for end in (verdict.low, verdict.high) if end is not None]
    first, last = _domain([verdict.value, *limits, *ends], verdict.unit)

    def place(value: float) -> float:
        share = (value - first) / (last - first)
        return round(_MARGIN + (WIDTH - 2 * _MARGIN) * min(max(share, 0.0), 1.0), 1)

    def place_of(edge: Limit | None) -> float | None:
        return None if edge is None else place(edge.value)

    decisive = verdict.critical or verdict.warning
    at_most = decisive is not None and decisive.comparison is Comparison.AT_MOST
    edge = place_of(decisive)
    return IntervalDrawing(
        good_from=0.0 if at_most else edge,
        good_to=edge if at_most else WIDTH,
        critical=place_of(verdict.critical),
        warning=place_of(verdict.warning),
        low=None if verdict.low is None else place(verdict.low),
        high=None if verdict.high is None else place(verdict.high),
        value=place(verdict.value),
    )


def _domain(values: list[float], unit: Unit) -> tuple[float, float]:
    """From the lowest to the highest of ``values`` with some room around; no ratio below 0, no share above 1."""
    lowest, highest = min(values), max(values)
    room = (highest - lowest) * _BREADTH or abs(highest) * _BREADTH or 1.0
    first, last = lowest - room, highest + room
    if unit is Unit.RATIO and highest <= 1.0:
        last = min(last, 1.0)
    return max(first, 0.0) if lowest >= 0.0 else first, last
