"""What is said of a finding, and of a whole duel, in one sentence."""

from __future__ import annotations

import math
from collections.abc import Sequence

from slo.duel.metrics import METRICS, Design, Metric
from slo.duel.model import Finding, Outcome, Samples, Series
from slo.model import Distrust, Limit
from slo.quantities import written
from slo.stats import Estimate


def reason(metric: Metric, found: Outcome, change: Estimate | None, series: Series, critical: Limit | None) -> str:
    """Why ``found`` was found, with the figures that it rests on."""
    figures = f"{written(series.base, metric.unit)} → {written(series.head, metric.unit)}"
    if change is None:
        return f"{figures}: there was none of it before"
    moved = _changed(change, metric)
    budget = f", the budget is {share(critical.value, metric)}" if critical else ""
    match found:
        case Outcome.FAILED:
            return f"{figures}, {moved}{budget}"
        case Outcome.INCONCLUSIVE:
            return f"{figures}, {moved}{budget}: the data do not decide"
        case Outcome.REPORTED:
            return f"{figures}, {moved}; no budget holds it"
        case _:
            return f"{figures}, {moved}{budget}"


def share(change: float, metric: Metric) -> str:
    """A change for people: ``+5.2 %``, or points of a share."""
    size = abs(change) * 100
    digits = 3 if 0 < size < 0.1 else 2 if size < 1 else 1 if size < 100 else 0
    text = f"{'+' if change >= 0 else '−'}{size:.{digits}f}"
    return f"{text} points" if metric.design is Design.COUNTED else f"{text} %"


def _changed(change: Estimate, metric: Metric) -> str:
    if metric.design is Design.EXACT:
        return f"exactly {share(change.value, metric)}"
    if not (math.isfinite(change.low) and math.isfinite(change.high)):
        return f"{share(change.value, metric)} (one launch alone has no interval)"
    return f"{share(change.value, metric)} ({share(change.low, metric)} to {share(change.high, metric)})"


def headline(found: Outcome, findings: Sequence[Finding], samples: Samples) -> str:
    """The whole in one sentence."""
    distrusts: Sequence[Distrust] = samples.distrusts
    names = {outcome: _named(findings, outcome) for outcome in Outcome}
    match found:
        case Outcome.INVALID if distrusts:
            return f"The duel cannot be judged: {distrusts[0].reason}."
        case Outcome.INVALID if names[Outcome.NOT_MEASURED]:
            return f"The duel cannot be judged: {names[Outcome.NOT_MEASURED]} not measured."
        case Outcome.INVALID:
            return "The duel cannot be judged: no budget speaks of anything that was measured."
        case Outcome.FAILED:
            return f"The change makes the service worse: {names[Outcome.FAILED]}."
        case Outcome.INCONCLUSIVE:
            return f"Nothing is worse for certain, and the data do not decide on {names[Outcome.INCONCLUSIVE]}."
        case Outcome.ACCEPTED:
            return f"Worse, and answered for: {names[Outcome.ACCEPTED]}."
        case Outcome.WARNING:
            return f"Within the budget, near its edge: {names[Outcome.WARNING]}."
        case _:
            return "The change keeps within the budget."


def _named(findings: Sequence[Finding], outcome: Outcome) -> str:
    """The enforced ones of ``outcome``, three at most."""
    found = [finding for finding in findings if finding.enforced and finding.outcome is outcome]
    words = [_word(finding) for finding in found[:3]]
    rest = f" and {len(found) - 3} more" if len(found) > 3 else ""
    return ", ".join(words) + rest


def _word(finding: Finding) -> str:
    of = f" of {finding.workload}" if finding.workload else ""
    moved = "" if finding.change is None else f" {share(finding.change, METRICS[finding.metric])}"
    return f"{finding.title}{of}{moved}"
