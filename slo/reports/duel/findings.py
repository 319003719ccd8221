"""One finding in words: what was compared, what it was before and after, by how much it changed, what is allowed."""

from __future__ import annotations

from collections.abc import Iterable

from slo.duel.model import Duel, Finding, Outcome
from slo.model import Comparison, Limit, Unit
from slo.reports import wording


def name(finding: Finding) -> str:
    """Such as ``Median latency, comments``."""
    return wording.plain(", ".join(filter(None, (wording.capitalised(finding.title), finding.workload))))


def value(finding: Finding, figure: float | None) -> str:
    """What one side measured."""
    return "–" if figure is None else wording.quantity(figure, finding.unit)


def change(finding: Finding) -> str:
    """From base to head with its interval, such as ``+5.2 % (+4.1 to +6.3 %)``."""
    if finding.change is None:
        return "–"
    told = difference(finding.change, finding.unit)
    if finding.exact:
        return f"{told}, counted"
    if finding.low is None or finding.high is None:
        return told
    low, space, unit = difference(finding.low, finding.unit).partition(" ")
    high = difference(finding.high, finding.unit)
    return f"{told} ({low if high.endswith(f' {unit}') else low + space + unit} to {high})"


def difference(change: float, unit: Unit) -> str:
    """A change, such as ``+5.2 %``; that of a share is told in points."""
    sign = "+" if change > 0 else "−" if change < 0 else "±"
    return f"{sign}{size(change, unit)}"


def size(change: float, unit: Unit) -> str:
    """How large a change is, whichever way it goes."""
    told = wording.percent(abs(change))
    return f"{told.removesuffix('%')}points" if unit is Unit.RATIO else told


def budget(finding: Finding) -> str:
    """What the change may be, such as ``at most +3 %``."""
    if finding.critical:
        return _edge(finding.critical, finding.unit)
    return f"hint: {_edge(finding.warning, finding.unit)}" if finding.warning else "no budget"


def limits(finding: Finding) -> str:
    """The budget with its hint, such as ``at most +3 %, hint beyond +2 %``."""
    if not finding.critical or not finding.warning:
        return budget(finding)
    return f"{budget(finding)}, hint beyond {difference(finding.warning.value, finding.unit)}"


def _edge(limit: Limit, unit: Unit) -> str:
    words = "at most" if limit.comparison is Comparison.AT_MOST else "at least"
    return f"{words} {difference(limit.value, unit)}"


def notes(finding: Finding) -> tuple[str, ...]:
    """What else to know of it, a sentence each."""
    said = [wording.sentence_of(finding.reason)]
    if finding.acceptance:
        said.append(wording.sentence_of(f"Accepted: {finding.acceptance}"))
    if not finding.enforced and finding.outcome is not Outcome.REPORTED:
        said.append("Not enforced: it decides nothing.")
    return tuple(wording.plain(each) for each in said if each)


def chance(finding: Finding) -> str:
    """The adjusted probability, such as ``p = 0.0012``; empty where it was counted."""
    if finding.p_adjusted is None:
        return ""
    return "p < 0.0001" if finding.p_adjusted < 1e-4 else f"p = {float(f'{finding.p_adjusted:.2g}'):.6f}".rstrip("0.")


def striking(duel: Duel, most: int) -> tuple[Finding, ...]:
    """Those that a reader must see: all that are not simply within the budget, or the first few where all are."""
    open_ones = [each for each in enforced(duel.findings) if each.outcome is not Outcome.PASSED]
    return tuple((open_ones or enforced(duel.findings) or list(duel.findings))[:most])


def enforced(found: Iterable[Finding]) -> list[Finding]:
    """Those that decide, in their order."""
    return [each for each in found if each.enforced]
