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
from slo.duel.metrics import METRICS
from slo.gathering import Gathering, Quantile, Share, missing, share
from slo.histogram import Histogram
from slo.model import ChangeFigure, DutyCost, Reading, RunFigure, SeriesRatio, SeriesUse, Source, Unit
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
CHANGE = "change."
"""Begin of the indicators that only a comparison of base and head tells, such as ``change.bytecodes``."""
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
    gather: Callable[[str], Gathering] | None = None
    """The workload (empty for all) to what gathers the figure from cells; nothing where it needs more than those."""


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
    gathered = gathering(source, workload)
    if gathered is not None:
        return _gathered(run, gathered, confidence)
    match source:
        case SeriesRatio():
            return _ratio(run, source, confidence)
        case SeriesUse():
            return _use(run, source)
        case RunFigure(name=name):
            return FIGURES[name].measure(run, workload, confidence)
        case DutyCost(name=name):
            return _duty(run, name, confidence)
        case ChangeFigure(name=name):
            title = METRICS[name].title
            return missing(f"{CHANGE}{name}", title, METRICS[name].unit, "only a base and a head together tell it")


def gathering(source: Source, workload: str) -> Gathering | None:
    """What gathers ``source`` from the judged cells; nothing where it rests on more than those."""
    match source:
        case SeriesRatio() if selectors.parse(source.good).name in EVENTS:
            good, total = selectors.parse(source.good), selectors.parse(source.total)
            title = _ratio_title(source)
            return Share(
                source.good, title, lambda cell: (_events(cell, good), _events(cell, total)), inverted=source.inverted
            )
        case RunFigure(name=name):
            gather = FIGURES[name].gather
            return gather(workload) if gather else None
        case _:
            return None


def _gathered(run: Run, gathered: Gathering, confidence: float) -> Reading:
    for cell in run.judged():
        gathered.add(cell)
    return gathered.reading(confidence)


def _ratio(run: Run, source: SeriesRatio, confidence: float) -> Reading:
    """Of the server's own counters."""
    title = _ratio_title(source)
    hits, events = _growth(run, selectors.parse(source.good)), _growth(run, selectors.parse(source.total))
    if isinstance(hits, str) or isinstance(events, str):
        return missing(source.good, title, Unit.RATIO, hits if isinstance(hits, str) else str(events))
    return share(source.good, title, [hits], [events], confidence, inverted=source.inverted)


def _ratio_title(source: SeriesRatio) -> str:
    good, total = selectors.parse(source.good).name, selectors.parse(source.total).name
    negation = "not " if source.inverted else ""
    if (good, total) != ("ok", "requests"):
        return f"{source.total} that are {negation}{source.good}"
    within = "" if source.threshold is None else f" within {written(source.threshold, Unit.SECONDS)}"
    return f"requests {negation}answered rightly{within}"


def _events(cell: Cell, selector: selectors.Selector) -> float:
    labels = {"workload": cell.workload, "route": cell.route}
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


def _use(run: Run, source: SeriesUse) -> Reading:
    selector = selectors.parse(source.selector)
    if not source.requests:
        return _highest(run, source, selector)
    title = f"{source.title} per request"
    used, requests = _growth(run, selector), _growth(run, selectors.parse(source.requests))
    if isinstance(used, str) or isinstance(requests, str):
        return missing(source.resource, title, source.unit, used if isinstance(used, str) else str(requests))
    if not requests:
        return missing(source.resource, title, source.unit, "the server counted no requests in the judged part")
    return Reading(
        indicator=source.resource, title=title, unit=source.unit, value=used / requests, events=round(requests)
    )


def _highest(run: Run, source: SeriesUse, selector: selectors.Selector) -> Reading:
    found = [selectors.total(selector, snapshot.samples) for snapshot in run.snapshots if snapshot.moment != "start"]
    values = [value for value in found if value is not None]
    title = f"{source.title}, highest seen"
    if run.snapshot("end") is None or len(values) < len(found):
        reason = f"the server has no series {selector}" if found else "the server's gauges were not read"
        return missing(source.resource, title, source.unit, reason)
    return Reading(indicator=source.resource, title=title, unit=source.unit, value=max(values), events=len(values))


def _duty(run: Run, name: str, confidence: float) -> Reading:
    """The median over the rounds: a round that something else disturbed weighs no more than any other."""
    indicator, unit = DUTY + name, Unit.SECONDS
    duty = next((duty for duty in run.duties if duty.name == name), None)
    if duty is None or not duty.added:
        reason = "the duties of the server were not measured" if not run.duties else f"there is no duty {name}"
        return missing(indicator, f"added to a request by {name}", unit, reason)
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


def latency_quantile(name: str, title: str, fraction: float) -> Figure:
    """The figure that is the latency which ``fraction`` of the right answers do not exceed."""

    def gather(workload: str) -> Gathering:
        return Quantile(name, title, fraction, workload=workload)

    def measured(run: Run, workload: str, confidence: float) -> Reading:
        return _gathered(run, gather(workload), confidence)

    return Figure(title, Unit.SECONDS, measured, quantile=fraction, gather=gather)


def _error_share(workload: str) -> Gathering:
    return Share(
        "error-ratio", "requests not answered rightly", lambda cell: (cell.failures, cell.requests), workload=workload
    )


def _error_ratio(run: Run, workload: str, confidence: float) -> Reading:
    return _gathered(run, _error_share(workload), confidence)


def _throughput_ratio(run: Run, workload: str, confidence: float) -> Reading:
    """Arrivals of one workload are not intended apart, so the share of all of them is told for every workload."""
    right: dict[int, float] = defaultdict(float)
    for cell in _cells(run, ""):
        right[cell.second] += cell.outcomes.get(OK, 0)
    intended: dict[int, float] = defaultdict(float)
    for pulse in run.pulses:
        intended[pulse.second] += pulse.intended
    seconds = [second for second in judged_seconds(run) if intended[second]]
    return share(
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
            return missing(name, title, Unit.PER_SECOND, "no second of the judged part was recorded")
        events = sum(count(cell) for cell in _cells(run, workload) if cell.second in seen)
        return Reading(indicator=name, title=title, unit=Unit.PER_SECOND, value=events / len(seen), events=events)

    return Figure(title, Unit.PER_SECOND, rate)


def _cells(run: Run, workload: str) -> Iterable[Cell]:
    return run.judged(workload=workload or None)


FIGURES: dict[str, Figure] = {
    "p50": latency_quantile("p50", "median latency", 0.5),
    "p95": latency_quantile("p95", "95th percentile of latency", 0.95),
    "p99": latency_quantile("p99", "99th percentile of latency", 0.99),
    "error-ratio": Figure("requests not answered rightly", Unit.RATIO, _error_ratio, gather=_error_share),
    "throughput-ratio": Figure("intended arrivals that were answered rightly", Unit.RATIO, _throughput_ratio),
    "requests-per-second": _rate("requests-per-second", "requests a second", lambda cell: cell.requests),
    "items-per-second": _rate("items-per-second", "items answered a second", lambda cell: cell.items),
}
"""The figures that every record holds, by name; an objective names them as ``indicator``."""
