"""From the series of a duel to findings: what became worse for certain, what did not, and what cannot be told.

    timed      FAILED when the adjusted p is below `ALPHA` and the estimate exceeds the budget;
               PASSED when the upper end of the 95 % interval lies under the budget; else INCONCLUSIVE
    counted    failed requests, by Fisher's exact test, likewise
    exact      FAILED when beyond the budget, else PASSED: no chance is in it

The p of a timed metric is the larger of two: that of the launches, of which each counts once, and with windows enough
that of the windows' ranks. All of a duel's p are adjusted for its looks, and those of the metrics that decide then
together by Holm, so that a change that does nothing fails in one of 100 duels at most, however many metrics there are;
those that decide nothing are a family of their own.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from slo import stats
from slo.duel.budgets import ChangeLimit, Limits, limit_on
from slo.duel.metrics import METRICS, Design, Metric
from slo.duel.model import Finding, Outcome, Samples, Series
from slo.duel.wording import reason
from slo.model import Distrust
from slo.stats import Estimate, LaunchSpread

ALPHA = 0.01
"""The most that the chance of a false alarm of a whole duel may be."""
CONFIDENCE = 0.95
POWER = 0.95
RANKED_FROM = 20
"""Windows; with fewer, not even the clearest change has ranks as rare as alpha shared among the metrics asks for."""
_LARGEST_LOGARITHM = 700.0
_LARGEST_TOLD = 10.0
"""As a logarithm; whoever sees only beyond it sees nothing."""

Spreads = Mapping[tuple[str, str], LaunchSpread]
"""How far launches of equal builds usually lie apart, by metric and workload."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What one series says, before anything is adjusted or limited."""

    series: Series
    change: Estimate | None
    """As in `Finding`; None where the base had none of it, and so nothing can be divided by."""
    p: float | None


def judged(
    samples: Samples, limits: Limits, *, spreads: Spreads | None = None, planned_looks: int = 1
) -> tuple[Finding, ...]:
    """Every series of ``samples`` judged by ``limits``, and every enforced limit without a series told; worst first."""
    priors = spreads or {}
    found = [evidence(each, priors.get((each.metric, each.workload))) for each in samples.series]
    adjusted: dict[int, float] = {}
    alpha = ALPHA
    for enforced in (False, True):
        family = [each for each in found if each.p is not None and _is_held(each.series, limits, enforced=enforced)]
        by_looks = [stats.adjusted_for_looks(each.p or 0.0, planned_looks, samples.looks) for each in family]
        adjusted |= {id(each): p for each, p in zip(family, stats.holm(by_looks), strict=True)}
        alpha = ALPHA * stats.share(planned_looks, samples.looks) / max(len(family), 1)
    findings = [
        _finding(
            each,
            limit_on(limits, each.series.metric, each.series.workload),
            adjusted.get(id(each)),
            _smallest(each.series, limits, alpha, priors.get((each.series.metric, each.series.workload))),
        )
        for each in found
    ]
    return tuple(sorted([*findings, *_unmeasured(samples, limits)], key=_gravity))


def _is_held(series: Series, limits: Limits, *, enforced: bool) -> bool:
    limit = limit_on(limits, series.metric, series.workload)
    return limit is not None and limit.enforced is enforced


def outcome(findings: Sequence[Finding], distrusts: Sequence[Distrust]) -> Outcome:
    """Doubt first, then what failed, then what was not measured or not decided; nothing judged is nothing passed."""
    deciding = [finding for finding in findings if finding.enforced and finding.outcome is not Outcome.REPORTED]
    if distrusts or not deciding:
        return Outcome.INVALID
    states = {finding.outcome for finding in deciding}
    if Outcome.FAILED in states:
        return Outcome.FAILED
    if Outcome.NOT_MEASURED in states:
        return Outcome.INVALID
    for state in (Outcome.INCONCLUSIVE, Outcome.ACCEPTED, Outcome.WARNING):
        if state in states:
            return state
    return Outcome.PASSED


def evidence(series: Series, prior: LaunchSpread | None = None) -> Evidence:
    """What ``series`` says of its metric."""
    match METRICS[series.metric].design:
        case Design.EXACT:
            return Evidence(series=series, change=_exactly(series), p=None)
        case Design.COUNTED:
            counts = series.base_bad, series.base_events, series.head_bad, series.head_events
            return Evidence(
                series=series, change=stats.share_difference(*counts, CONFIDENCE), p=stats.more_bad(*counts)
            )
        case _:
            interval = stats.two_level_interval(series.launches, CONFIDENCE, prior=prior)
            return Evidence(series=series, change=_growth(interval), p=_worse(series, prior))


def _exactly(series: Series) -> Estimate | None:
    if not series.base and series.head:
        return None
    change = (series.head - series.base) / series.base if series.base else 0.0
    return Estimate(change, change, change)


def _growth(interval: Estimate) -> Estimate:
    """Of logarithms that of what they are of; an end beyond all that can be told is endless."""
    low = math.expm1(interval.low) if math.isfinite(interval.low) else -math.inf
    high = math.expm1(interval.high) if interval.high < _LARGEST_LOGARITHM else math.inf
    return Estimate(math.expm1(min(interval.value, _LARGEST_LOGARITHM)), low, high)


def _worse(series: Series, prior: LaunchSpread | None) -> float:
    launches = _oriented(series)
    p = stats.cluster_p(launches, prior=prior)
    windows = np.concatenate([np.asarray(launch) for launch in launches])
    if METRICS[series.metric].design is Design.MIXED and len(windows) >= RANKED_FROM:
        p = max(p, stats.signed_rank(windows.tolist()))
    return p


def _oriented(series: Series) -> list[list[float]]:
    """The windows with what is worse above 0."""
    sign = -1.0 if METRICS[series.metric].higher_is_better else 1.0
    return [[sign * value for value in launch] for launch in series.launches]


def _finding(each: Evidence, limit: ChangeLimit | None, p_adjusted: float | None, smallest: float | None) -> Finding:
    series, metric, change = each.series, METRICS[each.series.metric], each.change
    found = _outcome(metric, change, limit, p_adjusted)
    return Finding(
        metric=metric.name,
        title=metric.title,
        workload=series.workload,
        unit=metric.unit,
        outcome=found,
        reason=reason(metric, found, change, series, limit.critical if limit else None),
        base=series.base,
        head=series.head,
        change=None if change is None else change.value,
        low=_finite(change.low if change else None),
        high=_finite(change.high if change else None),
        p=each.p,
        p_adjusted=p_adjusted,
        warning=limit.warning if limit else None,
        critical=limit.critical if limit else None,
        enforced=limit is not None and limit.enforced,
        exact=metric.design is Design.EXACT,
        smallest=smallest,
        launches=series.launches,
    )


def _finite(value: float | None) -> float | None:
    return value if value is not None and math.isfinite(value) else None


def _outcome(metric: Metric, change: Estimate | None, limit: ChangeLimit | None, p_adjusted: float | None) -> Outcome:
    if limit is None or (limit.critical is None and limit.warning is None):
        return Outcome.REPORTED
    if change is None:
        return Outcome.FAILED if limit.critical else Outcome.WARNING
    if limit.critical is not None:
        worst = change.low if metric.higher_is_better else change.high
        if metric.design is Design.EXACT:
            if not limit.critical.keeps(change.value):
                return Outcome.FAILED
        elif not limit.critical.keeps(change.value) and p_adjusted is not None and p_adjusted < ALPHA:
            return Outcome.FAILED
        elif not limit.critical.keeps(worst):
            return Outcome.INCONCLUSIVE
    if limit.warning is not None and not limit.warning.keeps(change.value):
        return Outcome.WARNING
    return Outcome.PASSED


def _smallest(series: Series, limits: Limits, alpha: float, prior: LaunchSpread | None) -> float | None:
    limit = limit_on(limits, series.metric, series.workload)
    launches = [launch for launch in series.launches if launch]
    if METRICS[series.metric].design in (Design.EXACT, Design.COUNTED) or len(launches) < 2:
        return None
    sign = -1.0 if METRICS[series.metric].higher_is_better else 1.0
    spread = stats.moderated(launches, prior)
    found = stats.smallest_change(
        math.sqrt(spread.variance),
        0.0,
        len(launches),
        1,
        alpha,
        POWER,
        budget=sign * math.log1p(limit.critical.value) if limit and limit.critical else 0.0,
        prior_degrees=spread.degrees - (len(launches) - 1),
    )
    return abs(math.expm1(sign * found)) if math.isfinite(found) and found < _LARGEST_TOLD else None


def _unmeasured(samples: Samples, limits: Limits) -> list[Finding]:
    measured = {(each.metric, each.workload) for each in samples.series} | {
        (each.metric, "") for each in samples.series
    }
    return [
        Finding(
            metric=limit.metric,
            title=METRICS[limit.metric].title,
            workload=limit.workload,
            unit=METRICS[limit.metric].unit,
            outcome=Outcome.NOT_MEASURED,
            reason=f"{METRICS[limit.metric].title} has a budget and was not measured",
            base=None,
            head=None,
            change=None,
            warning=limit.warning,
            critical=limit.critical,
            enforced=limit.enforced,
        )
        for key, limit in limits.items()
        if key not in measured
    ]


_ORDER = (
    Outcome.FAILED,
    Outcome.NOT_MEASURED,
    Outcome.INCONCLUSIVE,
    Outcome.ACCEPTED,
    Outcome.WARNING,
    Outcome.PASSED,
    Outcome.REPORTED,
)


def _gravity(finding: Finding) -> tuple[int, int, int]:
    return not finding.enforced, _ORDER.index(finding.outcome), list(METRICS).index(finding.metric)
