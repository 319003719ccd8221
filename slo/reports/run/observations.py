"""What the figures of a run show, in sentences: the first places to look when an objective is missed."""

from __future__ import annotations

from collections import Counter

from slo.model import Judgement, Unit
from slo.record import OK
from slo.reports import wording
from slo.reports.figures.timeline import Column, Timeline
from slo.reports.figures.totals import RouteTotals


def observations(judgement: Judgement, when: Timeline, routes: tuple[RouteTotals, ...]) -> tuple[str, ...]:
    """Failures by kind and time, latency beyond the thresholds, answers against the plan; only what there is."""
    judged = _judged_steps(when)
    said = [_failures(routes), _worst_failures(when, judged)]
    thresholds = {verdict.threshold for verdict in judgement.verdicts if verdict.threshold is not None}
    said += [_beyond(when, judged, threshold) for threshold in sorted(thresholds)]
    said.append(_shortfall(when, judged))
    return tuple(sentence for sentence in said if sentence)


def _judged_steps(when: Timeline) -> list[int]:
    spans = [span for span in when.stages if span.judged]
    return [
        index for index, start in enumerate(when.start_s) if any(span.from_s <= start < span.to_s for span in spans)
    ]


def _failures(routes: tuple[RouteTotals, ...]) -> str:
    totals = [each for each in routes if not each.route]
    outcomes = sum((Counter(each.outcomes) for each in totals), Counter[str]())
    requests = outcomes.total()
    failures = requests - outcomes.pop(OK, 0)
    if not failures:
        return ""
    kinds = ", ".join(f"{count:,} × {wording.plain(name)}" for name, count in outcomes.most_common(5))
    verb = "request" if failures == 1 else "requests"
    share = wording.percent(failures / requests)
    return f"{failures:,} judged {verb} of {requests:,} failed ({share}): {kinds}."


def _worst_failures(when: Timeline, judged: list[int]) -> str:
    worst = max(judged, key=lambda index: when.failed_per_s[index] or 0.0, default=None)
    rate = None if worst is None else when.failed_per_s[worst]
    if worst is None or not rate:
        return ""
    return f"Failures peaked at {wording.clock(when.start_s[worst])} with {wording.number(rate)} a second."


def _beyond(when: Timeline, judged: list[int], threshold: float) -> str:
    """The 95th percentile speaks for a threshold of any share: it is the line a reader sees in the chart."""
    measured = [index for index in judged if when.latency.p95_ms[index] is not None]
    over = [index for index in measured if _value(when.latency.p95_ms, index) > threshold * 1000]
    if not over:
        return ""
    steps = f"{len(over):,} of {len(measured):,} judged steps of {when.step_s} s"
    return (
        f"The 95th percentile of latency was beyond {wording.quantity(threshold, Unit.SECONDS)} in {steps}, "
        f"first at {wording.clock(when.start_s[over[0]])}."
    )


def _shortfall(when: Timeline, judged: list[int]) -> str:
    planned = sum(_value(when.planned_per_s, index) for index in judged)
    answered = sum(_value(when.answered_per_s, index) for index in judged)
    if not planned or answered >= 0.98 * planned:
        return ""
    each = wording.number(answered / len(judged))
    return f"Right answers came at {each}/s on average; the plan asked for {wording.number(planned / len(judged))}/s."


def _value(column: Column, index: int) -> float:
    return column[index] or 0.0
