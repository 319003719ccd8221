"""What an objective of a budget means in one environment: SLO first, then the objective, then the environment.

Each step may set the threshold, the levels, the fewest events and whether the objective is enforced; the last word
wins. What comes out is checked as a whole, for every environment, when the files are loaded.
"""

from __future__ import annotations

from typing import NamedTuple

from slo import quantities, selectors, stats
from slo.documents import Document, SpecError
from slo.duel.metrics import METRICS
from slo.indicators import CHANGE, DUTY, EVENTS, FIGURES
from slo.model import (
    LATENCY_EDGES,
    ChangeFigure,
    Comparison,
    DutyCost,
    InconclusivePolicy,
    Limit,
    NoDataPolicy,
    Objective,
    RelativeLimits,
    RunFigure,
    SeriesRatio,
    SeriesUse,
    Source,
    Unit,
)
from slo.quantities import QuantityError
from slo.schema import BudgetObjective, BudgetSpec, Environment, ObjectiveDocument, Override, RatioMetric
from slo.selectors import Selector, SelectorError

_USES = {("s", True): Unit.SECONDS_PER_REQUEST, ("By", True): Unit.BYTES_PER_REQUEST, ("By", False): Unit.BYTES}


class ServiceLevel(NamedTuple):
    """An SLO with what it measures, its references followed."""

    document: ObjectiveDocument
    ratio: SeriesRatio


def service_level(
    at: Document, document: ObjectiveDocument, metric: RatioMetric, where: tuple[str, ...]
) -> ServiceLevel:
    """Check the selectors of ``metric``, which stands in ``at`` under ``where``, and join them to the SLO."""
    texts: dict[str, str] = {}
    thresholds: set[float] = set()
    for side, events in (("good", metric.good.metric_source.spec), ("total", metric.total.metric_source.spec)):
        for key, text in (("query", events.query), ("run", events.run)):
            path = (*where, side, "metricSource", "spec", key)
            selector = _selector(at, text, path)
            if key == "run":
                _check_events(at, selector, path)
            if side == "good":
                thresholds |= _threshold(at, selector, path)
            texts[f"{side} {key}"] = str(selector)
    path = (*where, "good", "metricSource", "spec")
    if len(thresholds) > 1:
        raise at.error("query and run have different latency thresholds", *path)
    if thresholds and 'le="' not in texts["good run"]:
        raise at.error("the latency threshold le is in query and not in run", *path)
    if thresholds and 'le="' not in texts["good query"]:
        raise at.error("the latency threshold le is in run and not in query", *path)
    ratio = SeriesRatio(
        good=texts["good run"],
        total=texts["total run"],
        query_good=texts["good query"],
        query_total=texts["total query"],
        threshold=next(iter(thresholds), None),
    )
    return ServiceLevel(document, ratio)


def _selector(at: Document, text: str, path: tuple[str | int, ...]) -> Selector:
    try:
        return selectors.parse(text)
    except SelectorError as error:
        raise at.error(str(error), *path) from error


def _check_events(at: Document, selector: Selector, path: tuple[str | int, ...]) -> None:
    if selector.name not in EVENTS:
        if "_" not in selector.name:
            raise at.error(f"a run record counts {', '.join(EVENTS)}, and no {selector.name!r}", *path)
        return
    known = EVENTS[selector.name]
    for matcher in selector.matchers:
        if matcher.label not in known:
            raise at.error(f"{selector.name} has no label {matcher.label!r}, only {', '.join(sorted(known))}", *path)


def _threshold(at: Document, selector: Selector, path: tuple[str | int, ...]) -> set[float]:
    conditions = [matcher for matcher in selector.matchers if matcher.label == "le"]
    if not conditions:
        return set()
    if len(conditions) > 1 or conditions[0].operator != "=":
        raise at.error('a latency threshold is one condition, such as le="0.2"', *path)
    try:
        seconds = float(conditions[0].value)
    except ValueError as error:
        raise at.error(f"le={conditions[0].value!r} is no number of seconds", *path) from error
    _check_edge(at, seconds, path)
    return {seconds}


def _check_edge(at: Document, seconds: float, path: tuple[str | int, ...]) -> None:
    if seconds not in LATENCY_EDGES:
        edges = ", ".join(quantities.written(edge, Unit.SECONDS) for edge in LATENCY_EDGES)
        found = quantities.written(seconds, Unit.SECONDS)
        raise at.error(f"{found} is no bucket edge of the service; the edges are {edges}", *path)


def resolved(
    at: Document, spec: BudgetSpec, levels: dict[str, ServiceLevel], index: int, environment: Environment
) -> Objective:
    """The objective at ``index`` of the budget in ``at``, as it holds in ``environment``; raises `SpecError`."""
    return _Resolution(at, spec, levels, index, environment).objective()


class _Resolution:
    """One objective in one environment."""

    def __init__(
        self,
        at: Document,
        spec: BudgetSpec,
        levels: dict[str, ServiceLevel],
        index: int,
        environment: Environment,
    ) -> None:
        self._at = at
        self._spec = spec
        self._levels = levels
        self._environment = environment
        self._written: BudgetObjective = spec.objectives[index]
        self._override = self._written.environments.get(environment, Override())
        self._path: tuple[str | int, ...] = ("spec", "objectives", index)

    def objective(self) -> Objective:
        written, defaults = self._written, self._spec.defaults
        self._check_form()
        source, unit = self._source()
        warning, critical = self._limits(unit)
        source, critical = self._oriented(source, warning, critical)
        self._check_levels(warning, critical)
        events = self._override.min_events or written.min_events or defaults.min_events
        if isinstance(source, SeriesUse) and not source.requests:
            events = 1
        confidence = written.confidence or defaults.confidence
        objective = Objective(
            name=written.name,
            description=written.description or self._inherited_description(),
            workload=self._spec.workload,
            source=source,
            unit=unit,
            slo=written.slo_ref or "",
            warning=warning,
            critical=critical,
            relative=self._relative(),
            key=written.key,
            enforced=written.enforce if self._override.enforce is None else self._override.enforce,
            min_events=events,
            confidence=confidence,
            on_no_data=NoDataPolicy(written.on_no_data or defaults.on_no_data),
            on_inconclusive=InconclusivePolicy(written.on_inconclusive or defaults.on_inconclusive),
        )
        self._check_decidable(objective)
        self._check_key(objective)
        return objective

    def _error(self, reason: str, *key: str | int) -> SpecError:
        return self._at.error(reason, *self._path, *key)

    def _at_override(self, key: str) -> tuple[str | int, ...]:
        """Where ``key`` got its value."""
        if getattr(self._override, "min_events" if key == "minEvents" else key) is not None:
            return ("environments", self._environment, key)
        return (key,)

    def _check_form(self) -> None:
        written = self._written
        measures = {"sloRef": written.slo_ref, "resource": written.resource, "indicator": written.indicator}
        if sum(value is not None for value in measures.values()) != 1:
            raise self._error(f"exactly one of {', '.join(measures)} must say what is measured")
        if written.resource is None and (written.per or written.aggregate):
            raise self._error("per and aggregate belong to a resource", "per" if written.per else "aggregate")

    def _source(self) -> tuple[Source, Unit]:
        written = self._written
        if written.slo_ref is not None:
            return self._ratio(written.slo_ref), Unit.RATIO
        threshold = self._override.threshold or written.threshold
        if threshold is not None:
            raise self._error("only an objective with a sloRef has a threshold", *self._at_override("threshold"))
        if written.resource is not None:
            use = self._use(written.resource)
            return use, use.unit
        return self._figure(written.indicator or "")

    def _figure(self, name: str) -> tuple[Source, Unit]:
        if name.startswith(DUTY) and name != DUTY:
            return DutyCost(name=name.removeprefix(DUTY)), Unit.SECONDS
        if name.startswith(CHANGE):
            return self._change(name.removeprefix(CHANGE))
        figure = FIGURES.get(name)
        if figure is None:
            known = f"{', '.join(FIGURES)}, {DUTY}NAME and {CHANGE}METRIC"
            raise self._error(f"there is no indicator {name!r}, only {known}", "indicator")
        return RunFigure(name=name, unit=figure.unit), figure.unit

    def _change(self, name: str) -> tuple[Source, Unit]:
        if name not in METRICS:
            reason = f"base and head are not compared in {name!r}, only in {', '.join(METRICS)}"
            raise self._error(reason, "indicator")
        if self._written.relative is None:
            raise self._error("what only a comparison tells has a relative limit alone", "indicator")
        for text in filter(None, (self._written.relative.warning, self._written.relative.critical)):
            if (">=" in text) is not METRICS[name].higher_is_better:
                better = "more" if METRICS[name].higher_is_better else "less"
                raise self._error(f"{text!r} forbids nothing: of {name}, {better} is better", "relative")
        return ChangeFigure(name=name), METRICS[name].unit

    def _ratio(self, name: str) -> SeriesRatio:
        level = self._levels.get(name)
        if level is None:
            raise self._error(f"there is no SLO named {name!r}", "sloRef")
        ratio = level.ratio
        text = self._override.threshold or self._written.threshold
        if text is None:
            return ratio
        place = self._at_override("threshold")
        if ratio.threshold is None:
            raise self._error(f"the SLO {name!r} counts by no latency, so it has no threshold", *place)
        try:
            seconds = quantities.quantity(text, Unit.SECONDS)
        except QuantityError as error:
            raise self._error(str(error), *place) from error
        _check_edge(self._at, seconds, (*self._path, *place))
        return SeriesRatio(
            good=_within(ratio.good, seconds),
            total=ratio.total,
            query_good=_within(ratio.query_good, seconds),
            query_total=ratio.query_total,
            threshold=seconds,
        )

    def _use(self, name: str) -> SeriesUse:
        written, resource = self._written, self._spec.resources.get(name)
        if resource is None:
            raise self._error(f"spec.resources does not say which series {name!r} is", "resource")
        unit = _USES.get((resource.unit, written.per is not None))
        if unit is None or (written.per is None) == (written.aggregate is None):
            raise self._error(
                "a resource is measured per: request or, if it counts bytes, as aggregate: max", "resource"
            )
        if written.per is not None and not self._spec.requests:
            raise self._error("a figure per request needs spec.requests, the server's counter of requests", "per")
        requests = str(_selector(self._at, self._spec.requests, ("spec", "requests"))) if written.per else ""
        selector = _selector(self._at, resource.series, ("spec", "resources", name, "series"))
        title = resource.display_name or name
        return SeriesUse(resource=name, title=title, selector=str(selector), requests=requests, unit=unit)

    def _limits(self, unit: Unit) -> tuple[Limit | None, Limit | None]:
        return self._limit("warning", unit), self._limit("critical", unit)

    def _limit(self, level: str, unit: Unit) -> Limit | None:
        text = getattr(self._override, level) or getattr(self._written, level)
        if text is None:
            return None
        try:
            limit = quantities.limit(text, unit)
        except QuantityError as error:
            raise self._error(str(error), *self._at_override(level)) from error
        if unit is Unit.RATIO and not 0 <= limit.value <= 1:
            raise self._error(f"a ratio lies between 0 and 1, not at {limit.value:g}", *self._at_override(level))
        return limit

    def _oriented(self, source: Source, warning: Limit | None, critical: Limit | None) -> tuple[Source, Limit | None]:
        """Levels such as ``<= 0.1%`` speak of the bad events; without a critical level the SLO's target is it."""
        if not isinstance(source, SeriesRatio):
            return source, critical
        spoken = critical or warning
        inverted = spoken is not None and spoken.comparison is Comparison.AT_MOST
        if critical is None:
            target = self._levels[self._written.slo_ref or ""].document.spec.objectives[0].share
            critical = (
                Limit(Comparison.AT_MOST, round(1 - target, 12)) if inverted else Limit(Comparison.AT_LEAST, target)
            )
        turned = SeriesRatio(
            good=source.good,
            total=source.total,
            query_good=source.query_good,
            query_total=source.query_total,
            inverted=inverted,
            threshold=source.threshold,
        )
        return turned, critical

    def _check_levels(self, warning: Limit | None, critical: Limit | None) -> None:
        if warning is None and critical is None and self._written.relative is None:
            raise self._error("there is nothing to keep: neither warning nor critical nor relative")
        self._check_order(warning, critical, *self._at_override("warning"))

    def _check_order(self, warning: Limit | None, critical: Limit | None, *place: str | int) -> None:
        if warning is None or critical is None:
            return
        if warning.comparison is not critical.comparison:
            raise self._error("the warning and the critical limit look in different directions", *place)
        if not warning.stricter_than(critical):
            raise self._error("the warning limit must be stricter than the critical one", *place)

    def _relative(self) -> RelativeLimits | None:
        relative = self._written.relative
        if relative is None:
            return None
        limits: dict[str, Limit | None] = {}
        for level, text in (("warning", relative.warning), ("critical", relative.critical)):
            try:
                limits[level] = None if text is None else quantities.change(text)
            except QuantityError as error:
                raise self._error(str(error), "relative", level) from error
        if not any(limits.values()):
            raise self._error("there is nothing to keep: neither warning nor critical", "relative")
        if relative.metric and relative.metric not in FIGURES:
            reason = f"there is no indicator {relative.metric!r}, only {', '.join(FIGURES)}"
            raise self._error(reason, "relative", "metric")
        self._check_order(limits["warning"], limits["critical"], "relative", "warning")
        return RelativeLimits(metric=relative.metric, warning=limits["warning"], critical=limits["critical"])

    def _check_decidable(self, objective: Objective) -> None:
        """With ``min_events`` events, all of them good, the critical level must be proved."""
        bad = _bad_share(objective)
        if bad is None:
            return
        place = self._at_override("critical" if self._written.critical or self._override.critical else "minEvents")
        if bad <= 0:
            raise self._error("no number of events proves that not one is bad", *place)
        if bad >= 1:
            raise self._error("this limit allows every event to be bad", *place)
        needed = stats.deciding_events(bad, objective.confidence)
        if needed > objective.min_events:
            raise self._error(
                f"minEvents is {objective.min_events}, which cannot decide this: it takes {needed} events, all good",
                *place,
            )

    def _check_key(self, objective: Objective) -> None:
        if objective.key and objective.critical is None:
            raise self._error("a key objective needs a critical limit", "key")
        if objective.key and not objective.enforced:
            raise self._error("a key objective is always enforced", *self._at_override("enforce"))

    def _inherited_description(self) -> str:
        level = self._levels.get(self._written.slo_ref or "")
        return level.document.spec.description if level else ""


def _bad_share(objective: Objective) -> float | None:
    """The share of bad events that the critical limit allows; None where no share of events is limited."""
    if objective.critical is None:
        return None
    if isinstance(objective.source, RunFigure) and FIGURES[objective.source.name].quantile:
        return 1 - FIGURES[objective.source.name].quantile
    if objective.unit is not Unit.RATIO:
        return None
    value = objective.critical.value
    return value if objective.critical.comparison is Comparison.AT_MOST else round(1 - value, 12)


def _within(selector: str, seconds: float) -> str:
    return str(selectors.parse(selector).replace("le", f"{seconds:g}"))
