"""From objective files to limits on changes: which metric of which workload may become how much worse."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec

from slo.documents import SpecError
from slo.duel.metrics import METRICS
from slo.model import Budget, ChangeFigure, Limit, Objective, RunFigure, SeriesUse

_OF_RESOURCES = {("process.cpu.time", True): "cpu-per-request", ("process.memory.usage", False): "resident-memory"}
"""(resource, whether it is told for each request) to the metric that compares it."""
_OF_INDICATORS = {"p50": "p50", "p95": "p95", "p99": "p99", "error-ratio": "errors"}


class ChangeLimit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """By how much head / base − 1 (or, of ``errors``, head − base) may differ from 0."""

    metric: str
    workload: str = ""
    """Empty: of every workload that has no limit of its own."""
    warning: Limit | None = None
    critical: Limit | None = None
    enforced: bool = True


Limits = Mapping[tuple[str, str], ChangeLimit]
"""By metric and workload."""


def limits_of(budgets: Iterable[Budget], without: Collection[str] = ()) -> Limits:
    """All relative limits in ``budgets``, ``without`` some metrics.

    Where two speak of one metric and workload, the later one holds. Raises `SpecError` for a limit on anything but
    what base and head are compared in.
    """
    found: dict[tuple[str, str], ChangeLimit] = {}
    for budget in budgets:
        for objective in budget.objectives:
            metric = compared_by(objective)
            if objective.relative is None or metric in without:
                continue
            if metric is None:
                name = f"{objective.name!r} of {budget.name!r}"
                raise SpecError(None, f"base and head are not compared in what {name} has a relative limit on")
            workload = objective.workload if metric in _BY_WORKLOAD else ""
            found[metric, workload] = ChangeLimit(
                metric=metric,
                workload=workload,
                warning=objective.relative.warning,
                critical=objective.relative.critical,
                enforced=objective.enforced,
            )
    return found


def compared_by(objective: Objective) -> str | None:
    """The metric that compares base and head in what ``objective`` speaks of; None where there is none."""
    if objective.relative is not None and objective.relative.metric:
        return _OF_INDICATORS.get(objective.relative.metric)
    match objective.source:
        case ChangeFigure(name=name):
            return name
        case RunFigure(name=name):
            return _OF_INDICATORS.get(name)
        case SeriesUse(resource=resource, requests=requests):
            return _OF_RESOURCES.get((resource, bool(requests)))
    return None


def limit_on(limits: Limits, metric: str, workload: str) -> ChangeLimit | None:
    """The limit that holds for ``metric`` of ``workload``."""
    return limits.get((metric, workload)) or limits.get((metric, ""))


_BY_WORKLOAD = frozenset({"p50", "p95", "p99", "errors", "response-bytes"}) & METRICS.keys()
