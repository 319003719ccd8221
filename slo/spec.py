"""Objective files to `Specifications`: read, checked in form and against one another, resolved for every environment.

Files are YAML with any number of documents: OpenSLO v1, and `PerformanceBudget` of our own. Every error is one
sentence, a `SpecError`, that names the file, the line and the key.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from slo import documents, schema
from slo.documents import Document, KeyPath, SpecError
from slo.model import LATENCY_EDGES, Budget
from slo.resolution import ServiceLevel, resolved, service_level
from slo.schema import ENVIRONMENTS, AnyDocument, Environment

__all__ = ["DEFAULT_FOLDERS", "ENVIRONMENTS", "LATENCY_EDGES", "SpecError", "Specifications", "load"]

DEFAULT_FOLDERS = (Path(__file__).parent / "objectives", Path(__file__).parent / "budgets")
"""The objectives that come with Loadstone."""

MOST_FILES = 500

_WORDS: dict[type[object], str] = {document: word for (_, word), document in schema.KINDS.items()}

_Kind = TypeVar("_Kind", bound=AnyDocument)


class Specifications(msgspec.Struct, frozen=True, kw_only=True):
    """All objective files together, free of contradictions."""

    levels: dict[str, ServiceLevel]
    """SLOs by name, their indicators found."""
    budgets: dict[str, dict[Environment, Budget]]
    """By name and environment."""
    documents: tuple[AnyDocument, ...]
    """As they were written, for those who write them out again."""

    def budget(self, name: str, environment: str) -> Budget:
        """The budget ``name`` as it holds in ``environment``; raises `SpecError` when either is unknown."""
        if environment not in ENVIRONMENTS:
            raise SpecError(None, f"there is no environment {environment!r}, only {', '.join(ENVIRONMENTS)}")
        if name not in self.budgets:
            known = ", ".join(sorted(self.budgets)) or "none at all"
            raise SpecError(None, f"there is no PerformanceBudget named {name!r}; there is {known}")
        return self.budgets[name][environment]


def load(places: Iterable[Path] = DEFAULT_FOLDERS) -> Specifications:
    """The specifications in ``places``: files, or folders with ``*.yaml`` and ``*.yml``; raises `SpecError`."""
    catalogue = _Catalogue()
    for path in _files(places):
        for document in documents.read(path):
            catalogue.add(document)
    return catalogue.specifications()


def _files(places: Iterable[Path]) -> list[Path]:
    files: list[Path] = []
    for place in places:
        if place.is_dir():
            files += sorted(path for path in place.rglob("*") if path.suffix in (".yaml", ".yml") and path.is_file())
        elif place.exists():
            files.append(place)
        else:
            raise SpecError(place, "there is no such file or folder")
        if len(files) > MOST_FILES:
            raise SpecError(place, f"more than {MOST_FILES} objective files are too many")
    return files


class _Catalogue:
    """Documents by kind and name, each with the place where it stands."""

    def __init__(self) -> None:
        self._found: dict[tuple[type[object], str], tuple[Document, AnyDocument]] = {}

    def add(self, document: Document) -> None:
        """Take in ``document``; raises `SpecError` when its form is wrong or its name is taken."""
        parsed = _parsed(document)
        name = parsed.metadata.name
        key = (type(parsed), name)
        if key in self._found:
            where = self._found[key][0]
            raise document.error(f"{where.path} already has the {parsed.kind} named {name!r}", "metadata", "name")
        self._found[key] = document, parsed

    def specifications(self) -> Specifications:
        """Everything, references followed and budgets resolved; raises `SpecError`."""
        for at, policy in self._all(schema.AlertPolicyDocument):
            name = policy.spec.conditions[0].condition_ref
            self._need(at, schema.AlertConditionDocument, name, "conditions", 0, "conditionRef")
        levels = {slo.metadata.name: self._level(at, slo) for at, slo in self._all(schema.ObjectiveDocument)}
        budgets = {
            budget.metadata.name: self._budget(at, budget, levels)
            for at, budget in self._all(schema.PerformanceBudgetDocument)
        }
        everything = tuple(parsed for _, parsed in self._found.values())
        return Specifications(levels=levels, budgets=budgets, documents=everything)

    def _all(self, kind: type[_Kind]) -> Iterator[tuple[Document, _Kind]]:
        for at, parsed in self._found.values():
            if isinstance(parsed, kind):
                yield at, parsed

    def _need(self, at: Document, kind: type[_Kind], name: str, *key: str | int) -> tuple[Document, _Kind]:
        """The document ``name``, which ``at`` refers to under ``key`` of its spec."""
        found = self._found.get((kind, name))
        if found is None or not isinstance(found[1], kind):
            raise at.error(f"there is no {_WORDS[kind]} named {name!r}", "spec", *key)
        return found[0], found[1]

    def _level(self, at: Document, slo: schema.ObjectiveDocument) -> ServiceLevel:
        spec = slo.spec
        self._need(at, schema.ServiceDocument, spec.service, "service")
        if (spec.indicator is None) == (spec.indicator_ref is None):
            raise at.error("exactly one of indicator and indicatorRef must say what is measured", "spec")
        target = spec.objectives[0]
        if (target.target is None) == (target.target_percent is None):
            raise at.error("exactly one of target and targetPercent must be given", "spec", "objectives", 0)
        for index, reference in enumerate(spec.alert_policies):
            self._check_alert(at, reference.alert_policy_ref, target.share, "alertPolicies", index, "alertPolicyRef")
        where, metric, path = self._metric(at, spec)
        self._check_sources(where, metric, path)
        return service_level(where, slo, metric, path)

    def _metric(self, at: Document, spec: schema.ObjectiveSpec) -> tuple[Document, schema.RatioMetric, tuple[str, ...]]:
        """The ratio behind an SLO, inside of it or in an SLI of its own, and where it stands."""
        if spec.indicator is not None:
            return at, spec.indicator.spec.ratio_metric, ("spec", "indicator", "spec", "ratioMetric")
        where, indicator = self._need(at, schema.IndicatorDocument, spec.indicator_ref or "", "indicatorRef")
        return where, indicator.spec.ratio_metric, ("spec", "ratioMetric")

    def _check_alert(self, at: Document, policy_name: str, target: float, *key: str | int) -> None:
        """A burn rate can be at most 1 / (1 − target), which is when all events are bad."""
        _, policy = self._need(at, schema.AlertPolicyDocument, policy_name, *key)
        name = policy.spec.conditions[0].condition_ref
        where, condition = self._need(at, schema.AlertConditionDocument, name, *key)
        factor = condition.spec.condition.threshold
        if round(factor * (1 - target), 12) >= 1:
            raise where.error(
                f"this alert can never fire: at a target of {target:g} the budget burns at most "
                f"{1 / (1 - target):g} times too fast, and it waits for {factor:g}",
                *("spec", "condition", "threshold"),
            )

    def _check_sources(self, at: Document, metric: schema.RatioMetric, path: tuple[str, ...]) -> None:
        for side, source in (("good", metric.good.metric_source), ("total", metric.total.metric_source)):
            place = (*path, side, "metricSource")
            if source.metric_source_ref:
                self._need(at, schema.DataSourceDocument, source.metric_source_ref, *place[1:], "metricSourceRef")
            elif not source.type:
                raise at.error("either metricSourceRef or type must say where events are counted", *place)

    def _budget(
        self, at: Document, document: schema.PerformanceBudgetDocument, levels: dict[str, ServiceLevel]
    ) -> dict[Environment, Budget]:
        spec = document.spec
        self._need(at, schema.ServiceDocument, spec.service, "service")
        names = [objective.name for objective in spec.objectives]
        for index, name in enumerate(names):
            if name in names[:index]:
                raise at.error(f"the objective {name!r} is here twice", "spec", "objectives", index, "name")
        return {
            environment: Budget(
                name=document.metadata.name,
                service=spec.service,
                environment=environment,
                plan=spec.plan,
                objectives=tuple(resolved(at, spec, levels, index, environment) for index in range(len(names))),
            )
            for environment in ENVIRONMENTS
        }


def _parsed(document: Document) -> AnyDocument:
    data = document.data
    if not isinstance(data, dict):
        raise document.error("an objective file holds mappings that begin with apiVersion and kind")
    version, kind = data.get("apiVersion"), data.get("kind")
    wanted = schema.KINDS.get((version, kind)) if isinstance(version, str) and isinstance(kind, str) else None
    if wanted is None:
        known = ", ".join(f"{name} ({api})" for api, name in schema.KINDS)
        raise document.error(f"there is no kind {kind!r} of apiVersion {version!r}; there is {known}", "kind")
    try:
        return msgspec.convert(data, wanted)
    except msgspec.ValidationError as error:
        reason, key = _explained(data, wanted, str(error))
        raise document.error(reason, *key) from error


_PLACE = re.compile(r"(?P<reason>.*?)(?: - at (?P<of_key>`key` in )?`\$(?P<path>[^`]*)`)?", re.DOTALL)
_STEP = re.compile(r"\.(?P<name>\w+)|\[(?P<index>\d+)\]|(?P<any>\[\.\.\.\])")


def _explained(data: Any, kind: type[AnyDocument], message: str) -> tuple[str, KeyPath]:
    """msgspec's message as a sentence of ours, and where it points; its ``[...]`` hides a key, which is found again."""
    found = _PLACE.fullmatch(message)
    assert found is not None
    key: list[str | int] = []
    part = data
    for step in _STEP.finditer(found["path"] or ""):
        name: str | int = step["name"] or int(step["index"] or 0)
        if step["any"]:
            name = _culprit(data, kind, part, message)
        key.append(name)
        part = part[name]
    if found["of_key"]:
        key.append(_culprit(data, kind, part, message))
    return _reason(found["reason"]), tuple(key)


def _culprit(data: Any, kind: type[AnyDocument], part: dict[str, Any], message: str) -> str:
    """The first key of the mapping ``part`` inside of ``data`` without which ``message`` does not come."""
    for name in list(part):
        value = part.pop(name)
        try:
            msgspec.convert(data, kind)
        except msgspec.ValidationError as error:
            if str(error) == message:
                part[name] = value
                continue
        part[name] = value
        return name
    return next(iter(part))


_REASONS = (
    (re.compile(r"Object contains unknown field `(.*)`"), r"the key '\1' is unknown"),
    (re.compile(r"Object missing required field `(.*)`"), r"the key '\1' is missing"),
    (re.compile(r"Expected `(.*)`, got `(.*)`"), r"this should be \1 and is \2"),
    (re.compile(r"Expected `(.*)` of (.*)"), r"this should be \1 of \2"),
    (re.compile(r"Expected `(.*)` (.*)"), r"this should be \1 \2"),
    (re.compile(r"Invalid enum value (.*)"), r"\1 is not among the known words"),
)


def _reason(message: str) -> str:
    for pattern, phrase in schema.PATTERNS.items():
        if repr(pattern) in message:
            return f"this should be {phrase}"
    for expression, sentence in _REASONS:
        if expression.fullmatch(message):
            return expression.sub(sentence, message)
    return message[:1].lower() + message[1:]
