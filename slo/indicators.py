"""From a run record to readings: what was measured, in which unit, how certain, on how many events.

Requests count when their stage is judged. A request that was not answered rightly is never within a latency: it counts
among all and not among the good ones. Quantiles speak of right answers only, as a wrong one has no latency.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import NamedTuple

from slo import selectors, stats
from slo.histogram import Histogram
from slo.model import DutyCost, Reading, RunFigure, SeriesRatio, SeriesUse, Source, Unit
from slo.quantities import written
from slo.record import OK, Cell, Run

EVENTS: dict[str, frozenset[str]] = {
    "requests": frozenset({"workload", "route", "outcome"}),
    "ok": frozenset({"workload", "route", "le"}),
    "items": frozenset({"workload", "route"}),
}
"""What selectors can count on a run record, and by which labels; any other name is a series of the server."""


DUTY = "duty."
"""Begin of the indicators that are duties of the server, such as ``duty.key-check``."""
REFERENCE_SECONDS = 10e-6
"""What a duty adds is told for a machine on which one turn of the reference takes so long, so that one budget
holds on all machines; at home on the 2020s' cloud cores, where it is about the truth."""


class Figure(NamedTuple):
    """A figure that every record holds. ``quantile`` is the fraction of a latency quantile, 0 for other figures."""

    title: str
    unit: Unit
    measure: Callable[[Run, str, float], Reading]
    """(run, workload or empty for all, confidence) to the reading."""
    quantile: float = 0.0


def judged_seconds(run: Run) -> list[int]:
    """The whole seconds that lie inside of judged stages."""
    seconds: list[int] = []
    begin = 0.0
    for stage in run.header.plan.stages:
        end = begin + stage.seconds
        if stage.judged:
            seconds.extend(
                second for second in range(int(begin), int(end) + 1) if begin <= second and second + 1 <= end
            )
        begin = end
    return seconds


def measure(run: Run, source: Source, *, workload: str, confidence: float) -> Reading:
    """The reading behind an objective's source."""
    match source:
        case SeriesRatio():
            return _ratio(run, source, confidence)
        case SeriesUse():
            return _use(run, source)
        case RunFigure(name=name):
            return FIGURES[name].measure(run, workload, confidence)
        case DutyCost(name=name):
            return _duty(run, name, confidence)


def _ratio(run: Run, source: SeriesRatio, confidence: float) -> Reading:
    good, total = selectors.parse(source.good), selectors.parse(source.total)
    title = _ratio_title(source)
    if good.name not in EVENTS:
        hits, events = _growth(run, good), _growth(run, total)
        if isinstance(hits, str) or isinstance(events, str):
            return _missing(source.good, title, Unit.RATIO, hits if isinstance(hits, str) else str(events))
        return _share(source.good, title, [hits], [events], confidence, inverted=source.inverted)
    hits_by_second, events_by_second = _counts(run, good), _counts(run, total)
    seconds = sorted(events_by_second)
    return _share(
        source.good,
        title,
        [hits_by_second[second] for second in seconds],
        [events_by_second[second] for second in seconds],
        confidence,
        inverted=source.inverted,
    )


def _ratio_title(source: SeriesRatio) -> str:
    good, total = selectors.parse(source.good).name, selectors.parse(source.total).name
    negation = "not " if source.inverted else ""
    if (good, total) != ("ok", "requests"):
        return f"{source.total} that are {negation}{source.good}"
    within = "" if source.threshold is None else f" within {written(source.threshold, Unit.SECONDS)}"
    return f"requests {negation}answered rightly{within}"


def _counts(run: Run, selector: selectors.Selector) -> dict[int, float]:
    """Events of the judged stages by second."""
    counts: dict[int, float] = defaultdict(float)
    for cell in run.judged():
        labels = {"workload": cell.workload, "route": cell.route}
        counts[cell.second] += _events(cell, selector, labels)
    return counts


def _events(cell: Cell, selector: selectors.Selector, labels: dict[str, str]) -> float:
    within = selector.label("le")
    counted = {**labels, "le": within or ""}
    if selector.name == "requests":
        return sum(
            number
            for outcome, number in cell.outcomes.items()
            if selector.accepts("requests", {**labels, "outcome": outcome})
        )
    if not selector.accepts(selector.name, counted):
        return 0
    if selector.name == "items":
        return cell.items
    return cell.outcomes.get(OK, 0) if within is None else Histogram.decode(cell.latency).at_most(float(within))


def _growth(run: Run, selector: selectors.Selector) -> float | str:
    """How much a counter of the server grew over the judged part, or why nobody knows."""
    begin, end = run.snapshot("judged"), run.snapshot("end")
    if begin is None or end is None:
        return "the server's counters were not taken before and after the judged part"
    last = selectors.total(selector, end.samples)
    if last is None:
        return f"the server has no series {selector}"
    grown = last - (selectors.total(selector, begin.samples) or 0.0)
    if grown < 0:
        return f"{selector} went back during the run, so the server was started anew"
    return grown


def _share(
    name: str, title: str, good: list[float], total: list[float], confidence: float, *, inverted: bool = False
) -> Reading:
    events = sum(total)
    if not events:
        return _missing(name, title, Unit.RATIO, "no such events in the judged part")
    if any(hits > all_of_them for hits, all_of_them in zip(good, total, strict=True)):
        return _missing(name, title, Unit.RATIO, "more good events than events, so the two do not belong together")
    sample = stats.effective_sample(good, total, confidence)
    low, high = stats.ratio_interval(sample, confidence)
    value = sample.ratio
    if inverted:
        value, low, high = (sum(total) - sum(good)) / events, 1 - high, 1 - low
    return Reading(
        indicator=name,
        title=title,
        unit=Unit.RATIO,
        value=value,
        low=low,
        high=high,
        confidence=confidence,
        events=round(events),
        effective_events=sample.effective,
    )


def _use(run: Run, source: SeriesUse) -> Reading:
    selector = selectors.parse(source.selector)
    if not source.requests:
        return _highest(run, source, selector)
    title = f"{source.title} per request"
    used, requests = _growth(run, selector), _growth(run, selectors.parse(source.requests))
    if isinstance(used, str) or isinstance(requests, str):
        return _missing(source.resource, title, source.unit, used if isinstance(used, str) else str(requests))
    if not requests:
        return _missing(source.resource, title, source.unit, "the server counted no requests in the judged part")
    return Reading(
        indicator=source.resource, title=title, unit=source.unit, value=used / requests, events=round(requests)
    )


def _highest(run: Run, source: SeriesUse, selector: selectors.Selector) -> Reading:
    found = [selectors.total(selector, snapshot.samples) for snapshot in run.snapshots if snapshot.moment != "start"]
    values = [value for value in found if value is not None]
    title = f"{source.title}, highest seen"
    if run.snapshot("end") is None or len(values) < len(found):
        reason = f"the server has no series {selector}" if found else "the server's gauges were not read"
        return _missing(source.resource, title, source.unit, reason)
    return Reading(indicator=source.resource, title=title, unit=source.unit, value=max(values), events=len(values))


def _duty(run: Run, name: str, confidence: float) -> Reading:
    """The median over the rounds: a round that something else disturbed weighs no more than any other."""
    indicator, unit = DUTY + name, Unit.SECONDS
    duty = next((duty for duty in run.duties if duty.name == name), None)
    if duty is None or not duty.added:
        reason = "the duties of the server were not measured" if not run.duties else f"there is no duty {name}"
        return _missing(indicator, f"added to a request by {name}", unit, reason)
    ratios = [own / reference for own, reference in zip(duty.added, duty.reference, strict=True)]
    value, low, high = (ratio * REFERENCE_SECONDS for ratio in stats.median(ratios, confidence))
    bounded = math.isfinite(low)
    return Reading(
        indicator=indicator,
        title=f"added to a request by {duty.title}",
        unit=unit,
        value=value,
        low=low if bounded else None,
        high=high if bounded else None,
        confidence=confidence if bounded else None,
        events=len(ratios),
    )


def _missing(name: str, title: str, unit: Unit, reason: str) -> Reading:
    return Reading(indicator=name, title=title, unit=unit, value=None, missing=reason)


def _quantile(name: str, title: str, fraction: float) -> Figure:
    def quantile(run: Run, workload: str, confidence: float) -> Reading:
        cells = [cell for cell in _cells(run, workload) if cell.outcomes.get(OK)]
        histograms = [Histogram.decode(cell.latency) for cell in cells]
        merged = Histogram.merged(histograms)
        if not merged.count:
            return _missing(name, title, Unit.SECONDS, "no request was answered rightly in the judged part")
        value = merged.quantile(fraction)
        below: dict[int, float] = defaultdict(float)
        count: dict[int, float] = defaultdict(float)
        for cell, histogram in zip(cells, histograms, strict=True):
            below[cell.second] += histogram.at_most(value)
            count[cell.second] += histogram.count
        seconds = sorted(count)
        sample = stats.effective_sample([below[s] for s in seconds], [count[s] for s in seconds], confidence)
        low, high = stats.quantile_interval(merged, fraction, sample.effective, confidence)
        return Reading(
            indicator=name,
            title=title,
            unit=Unit.SECONDS,
            value=value,
            low=min(low, value),
            high=max(high, value),
            confidence=confidence,
            events=merged.count,
            effective_events=sample.effective,
        )

    return Figure(title, Unit.SECONDS, quantile, fraction)


def _error_ratio(run: Run, workload: str, confidence: float) -> Reading:
    failures: dict[int, float] = defaultdict(float)
    requests: dict[int, float] = defaultdict(float)
    for cell in _cells(run, workload):
        failures[cell.second] += cell.failures
        requests[cell.second] += cell.requests
    seconds = sorted(requests)
    return _share(
        "error-ratio",
        "requests not answered rightly",
        [failures[second] for second in seconds],
        [requests[second] for second in seconds],
        confidence,
    )


def _throughput_ratio(run: Run, workload: str, confidence: float) -> Reading:
    """Arrivals of one workload are not intended apart, so the share of all of them is told for every workload."""
    right: dict[int, float] = defaultdict(float)
    for cell in _cells(run, ""):
        right[cell.second] += cell.outcomes.get(OK, 0)
    intended: dict[int, float] = defaultdict(float)
    for pulse in run.pulses:
        intended[pulse.second] += pulse.intended
    seconds = [second for second in judged_seconds(run) if intended[second]]
    return _share(
        "throughput-ratio",
        "intended arrivals that were answered rightly",
        [right[second] for second in seconds],
        [intended[second] for second in seconds],
        confidence,
    )


def _rate(name: str, title: str, count: Callable[[Cell], int]) -> Figure:
    def rate(run: Run, workload: str, confidence: float) -> Reading:
        inside = set(judged_seconds(run))
        seen = {pulse.second for pulse in run.pulses} & inside
        if not seen:
            return _missing(name, title, Unit.PER_SECOND, "no second of the judged part was recorded")
        events = sum(count(cell) for cell in _cells(run, workload) if cell.second in seen)
        return Reading(indicator=name, title=title, unit=Unit.PER_SECOND, value=events / len(seen), events=events)

    return Figure(title, Unit.PER_SECOND, rate)


def _cells(run: Run, workload: str) -> Iterable[Cell]:
    return run.judged(workload=workload or None)


FIGURES: dict[str, Figure] = {
    "p50": _quantile("p50", "median latency", 0.5),
    "p95": _quantile("p95", "95th percentile of latency", 0.95),
    "p99": _quantile("p99", "99th percentile of latency", 0.99),
    "error-ratio": Figure("requests not answered rightly", Unit.RATIO, _error_ratio),
    "throughput-ratio": Figure("intended arrivals that were answered rightly", Unit.RATIO, _throughput_ratio),
    "requests-per-second": _rate("requests-per-second", "requests a second", lambda cell: cell.requests),
    "items-per-second": _rate("items-per-second", "items answered a second", lambda cell: cell.items),
}
"""The figures that every record holds, by name; an objective names them as ``indicator``."""
