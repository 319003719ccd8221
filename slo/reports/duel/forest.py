"""The findings as a forest plot: every change with its interval against its budget, all on one scale."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from slo.duel.model import Finding
from slo.model import Comparison, Unit
from slo.reports.duel import findings
from slo.reports.duel.scale import Scale, scale_for

_POINTS = 0.02
"""A share is drawn fifty times as large as a change in percent: one point more of failures is not a little."""


class Tick(msgspec.Struct, frozen=True, kw_only=True):
    """A labelled place on the axis."""

    at: float
    label: str


class Branch(msgspec.Struct, frozen=True, kw_only=True):
    """One finding, as places on its drawing; nothing where there is nothing to draw."""

    value: float
    low: float | None
    high: float | None
    budget: float | None
    hint: float | None
    bad_from: float | None
    bad_to: float | None
    """The zone beyond the budget."""
    zero: float
    ticks: tuple[Tick, ...]


def scales(found: Sequence[Finding]) -> dict[bool, Scale]:
    """The scale of shares (True) and that of all other changes (False)."""
    return {
        points: scale_for(
            (change for each in found if (each.unit is Unit.RATIO) is points for change in _changes(each)),
            unit=_POINTS if points else 1.0,
        )
        for points in (False, True)
    }


def ticks(scale: Scale, unit: Unit) -> tuple[Tick, ...]:
    """The labelled places of ``scale``."""
    return tuple(Tick(at=scale.place(each), label=_label(each, unit)) for each in scale.ticks())


def branch(finding: Finding, scale: Scale) -> Branch | None:
    """The drawing of one finding; nothing where its change is not known."""
    if finding.change is None:
        return None
    budget = finding.critical or finding.warning
    edge = None if budget is None else scale.place(budget.value)
    worse_up = budget is None or budget.comparison is Comparison.AT_MOST
    spread = finding.low is not None and finding.high is not None and not finding.exact
    return Branch(
        value=scale.place(finding.change),
        low=scale.place(finding.low) if spread and finding.low is not None else None,
        high=scale.place(finding.high) if spread and finding.high is not None else None,
        budget=edge,
        hint=scale.place(finding.warning.value) if finding.critical and finding.warning else None,
        bad_from=None if edge is None else edge if worse_up else 0.0,
        bad_to=None if edge is None else scale.length if worse_up else edge,
        zero=scale.place(0.0),
        ticks=ticks(scale, finding.unit),
    )


def _changes(finding: Finding) -> list[float]:
    limits = [limit.value for limit in (finding.warning, finding.critical) if limit]
    # A hint of room beyond the budget, so that there is a zone to shade.
    beyond = [value * 1.3 for value in limits]
    return [each for each in (finding.change, finding.low, finding.high, *beyond) if each is not None]


def _label(change: float, unit: Unit) -> str:
    return "0" if not change else findings.difference(change, unit).removesuffix(" points").removesuffix(" %")
