"""One culprit in words: where it stands, what a request costs in it, and whether the change edits it."""

from __future__ import annotations

from slo.duel.model import Culprit
from slo.model import Unit
from slo.reports import wording

KINDS = {
    "cpu": "processor time",
    "wait": "waiting",
    "query": "queries",
    "allocations": "allocations",
    "payload": "size of answers",
}
"""What a culprit costs, by its kind."""

_UNITS = {"bytes": (Unit.BYTES, 1.0), "waited µs": (Unit.SECONDS, 1e-6)}
"""Costs that are written with a fitting prefix; all others are counts of what their unit names."""


def place(culprit: Culprit) -> str:
    """``file:line``; empty where nobody knows it."""
    return wording.plain(f"{culprit.place.file}:{culprit.place.line}") if culprit.place else ""


def amount(culprit: Culprit, figure: float) -> str:
    """A cost for each request."""
    return wording.plain(f"{_figure(culprit, figure)}{'' if culprit.unit in _UNITS else f' {culprit.unit}'}")


def costs(culprit: Culprit) -> str:
    """Before and after, such as ``120 → 150 bytecodes``."""
    bare = culprit.unit not in _UNITS
    before = _figure(culprit, culprit.before) if bare else amount(culprit, culprit.before)
    return f"{before} → {amount(culprit, culprit.after)}"


def rise(culprit: Culprit) -> str:
    """After − before with its interval, such as ``+30 (+28 to +32)``; counted costs have none."""
    told = _signed(culprit, culprit.after - culprit.before)
    if culprit.low == culprit.high:
        return told
    return f"{told} ({_signed(culprit, culprit.low)} to {_signed(culprit, culprit.high)})"


def _signed(culprit: Culprit, figure: float) -> str:
    sign = "+" if figure > 0 else "−" if figure < 0 else ""
    return f"{sign}{_figure(culprit, abs(figure))}"


def _figure(culprit: Culprit, figure: float) -> str:
    unit, factor = _UNITS.get(culprit.unit, (Unit.COUNT, 1.0))
    return wording.quantity(figure * factor, unit)


def explains(culprit: Culprit) -> str:
    """How much of the rise of a whole request it explains."""
    return f"{culprit.explains * 100:.0f} %"


def calls(culprit: Culprit) -> str:
    """How often a request calls it, before and after; empty where that was not counted."""
    return _pair(culprit.calls_before, culprit.calls_after, Unit.COUNT)


def memory(culprit: Culprit) -> str:
    """How many bytes a request allocates in it, before and after; empty where that was not counted."""
    return _pair(culprit.bytes_before, culprit.bytes_after, Unit.BYTES)


def _pair(before: float | None, after: float | None, unit: Unit) -> str:
    if before is None and after is None:
        return ""
    return " → ".join("–" if each is None else wording.quantity(each, unit) for each in (before, after))


def touch(culprit: Culprit) -> str:
    """What the change has to do with it."""
    if culprit.touched:
        return "edited by the change"
    if culprit.touched_callees:
        return wording.plain(f"calls {', '.join(culprit.touched_callees)}, edited by the change")
    return "not edited by the change"


def sentence(culprit: Culprit) -> str:
    """All of it in one line, for a note beside the code."""
    parts = [
        f"{culprit.function}: {KINDS[culprit.kind]} rose by {rise(culprit)}, {costs(culprit)} a request",
        f"{explains(culprit)} of the rise",
        touch(culprit),
        f"calls {calls(culprit)}" if calls(culprit) else "",
        culprit.detail,
    ]
    return wording.plain("; ".join(filter(None, parts)))
