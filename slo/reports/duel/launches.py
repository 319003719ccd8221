"""The windows of a finding as dots, launch by launch: what the verdict was made of."""

from __future__ import annotations

import math

import msgspec

from slo.duel.model import Finding
from slo.model import Comparison, Unit
from slo.reports.duel import findings, forest
from slo.reports.duel.scale import Scale, scale_for

WIDTH, HEIGHT = 340.0, 150.0
_LEFT, _TOP, _BOTTOM = 44.0, 6.0, 18.0
_GAP = 8.0


class Dot(msgspec.Struct, frozen=True, kw_only=True):
    """A window."""

    x: float
    y: float


class Column(msgspec.Struct, frozen=True, kw_only=True):
    """A launch."""

    number: int
    x: float
    width: float
    dots: tuple[Dot, ...]


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """All windows of one finding; places are from the upper left corner."""

    name: str
    change: str
    columns: tuple[Column, ...]
    ticks: tuple[forest.Tick, ...]
    zero: float
    estimate: float | None
    low: float | None
    high: float | None
    budget: float | None
    bad_from: float | None
    bad_height: float | None
    """The zone beyond the budget."""


def panel(finding: Finding) -> Panel | None:
    """The drawing; nothing where the finding does not rest on windows."""
    windows = [[math.expm1(ratio) for ratio in launch] for launch in finding.launches]
    if not any(windows):
        return None
    limit = finding.critical or finding.warning
    ends = [each for each in (finding.change, finding.low, finding.high, limit and limit.value * 1.3) if each]
    scale = scale_for([*ends, *(each for launch in windows for each in launch)], length=HEIGHT - _TOP - _BOTTOM)
    budget = None if limit is None else _height(scale, limit.value)
    bad_from, bad_to = (None, None)
    if limit is not None and budget is not None:
        above = limit.comparison is Comparison.AT_MOST
        bad_from, bad_to = (_TOP, budget) if above else (budget, HEIGHT - _BOTTOM)
    return Panel(
        name=findings.name(finding),
        change=findings.change(finding),
        columns=_columns(windows, scale),
        ticks=tuple(
            forest.Tick(at=_height(scale, each), label="0" if not each else findings.difference(each, Unit.COUNT))
            for each in scale.ticks()
        ),
        zero=_height(scale, 0.0),
        estimate=None if finding.change is None else _height(scale, finding.change),
        low=None if finding.low is None else _height(scale, finding.low),
        high=None if finding.high is None else _height(scale, finding.high),
        budget=budget,
        bad_from=bad_from,
        bad_height=None if bad_from is None or bad_to is None else round(bad_to - bad_from, 1),
    )


def _columns(windows: list[list[float]], scale: Scale) -> tuple[Column, ...]:
    """Each launch has as much room as the others; its windows stand in the order of time."""
    width = (WIDTH - _LEFT) / len(windows)
    return tuple(
        Column(
            number=at + 1,
            x=round(_LEFT + at * width + _GAP / 2, 1),
            width=round(width - _GAP, 1),
            dots=tuple(
                Dot(
                    x=round(_LEFT + at * width + _GAP + (width - 2 * _GAP) * (index + 0.5) / len(launch), 1),
                    y=_height(scale, change),
                )
                for index, change in enumerate(launch)
            ),
        )
        for at, launch in enumerate(windows)
    )


def _height(scale: Scale, change: float) -> float:
    """More is higher up."""
    return round(_TOP + scale.length - scale.place(change), 1)
