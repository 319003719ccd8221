"""k6's thresholds.

Source: https://grafana.com/docs/k6/latest/using-k6/thresholds/
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from loadtests._imports._routes import Routes
from loadtests._imports._table import Table, known_late, number, shown
from slo.promises import Figure, Promise

_METRIC = re.compile(r"(?P<name>[A-Za-z_][A-Za-z0-9_]*)\s*(?:\{(?P<tags>[^{}]*)\})?")
_EXPRESSION = re.compile(
    r"(?P<figure>avg|min|max|med|count|rate|value|p\((?P<percent>[0-9.]+)\))\s*"
    r"(?P<comparison><=|>=|<|>|===?|!=)\s*(?P<value>[0-9.]+)"
)
_UNJUDGED = "not among the figures that Loadstone judges"


class Thresholds:
    """Reads thresholds; ``scenarios`` are the names of those that there are."""

    def __init__(self, routes: Routes, scenarios: tuple[str, ...]) -> None:
        self._routes = routes
        self._scenarios = scenarios

    def promises(self, thresholds: Table) -> Iterator[Promise]:
        """The promises of ``thresholds``; what is none is remarked on."""
        for metric, given in thresholds.items():
            path = thresholds.at(metric)
            for index, each in enumerate(given if isinstance(given, list) else [given]):
                where = f"{path}[{index}]" if isinstance(given, list) else path
                yield from self._promise(thresholds, where, metric, each)

    def _promise(self, thresholds: Table, where: str, metric: str, given: Any) -> Iterator[Promise]:
        remarks = thresholds.remarks
        if isinstance(given, dict):
            table = Table(given, where, remarks)
            given = table.raw("threshold")
            if table.raw("abortOnFail"):
                table.lose("abortOnFail", "a run goes on to its end, so that there is something to judge")
            table.pass_over("abortOnFail", "delayAbortEval")
            table.close("no part of a threshold")
        found = _EXPRESSION.fullmatch(given.strip()) if isinstance(given, str) else None
        named = _METRIC.fullmatch(metric)
        limit = number(found["value"]) if found else None
        if found is None or named is None or limit is None:
            remarks.add(where, given, known_late(given) or "not a threshold such as 'p(95)<200'")
            return
        tags, why = self._tags(named["tags"] or "")
        promise = None if why else _promised(named["name"], found, limit, where, given)
        if promise is None:
            remarks.add(where, given, why or _UNJUDGED)
            return
        right_only = promise.figure is Figure.LATENCY and "expected_response" in tags
        yield Promise(
            figure=promise.figure,
            limit=promise.limit,
            share=promise.share,
            right_only=right_only,
            workload=tags.get("workload", ""),
            where=where,
            says=promise.says,
        )
        if named["name"] == "checks":
            remarks.add(where, given, "checks become whole answers: one is right or counts as failed", lost=False)

    def _tags(self, text: str) -> tuple[dict[str, str], str]:
        """What tags mean, and why they cannot be kept apart."""
        meant: dict[str, str] = {}
        for part in filter(None, (part.strip() for part in text.split(","))):
            name, _, value = (side.strip() for side in part.partition(":"))
            value = value.strip("'\"")
            if name == "expected_response" and value == "true":
                meant["expected_response"] = "true"
            elif name in ("name", "url") and (workload := self._routes.workload_of(value)):
                meant["workload"] = workload
            elif not ((name == "scenario" and self._scenarios == (value,)) or (name, value) == ("method", "POST")):
                return {}, f"a run record does not tell requests apart by {part}"
        return meant, ""


def _promised(metric: str, found: re.Match[str], limit: float, where: str, says: str) -> Promise | None:
    """The promise in a threshold on ``metric``, None where Loadstone judges nothing like it."""
    figure, comparison = found["figure"], found["comparison"]
    at_most = comparison in ("<", "<=") or (comparison in ("==", "===") and limit == 0.0)
    at_least = comparison in (">", ">=") or (comparison in ("==", "===") and limit == 1.0)
    says = shown(says)
    if metric == "http_req_duration" and at_most:
        share = {"med": 0.5, "max": 1.0}.get(figure)
        if found["percent"] is not None:
            share = round((number(found["percent"]) or 0.0) / 100.0, 9)
        if share is not None:
            return Promise(figure=Figure.LATENCY, limit=limit / 1000.0, share=share, where=where, says=says)
    if metric == "http_req_failed" and figure == "rate" and at_most:
        return Promise(figure=Figure.FAILURES, limit=limit, where=where, says=says)
    if metric == "checks" and figure == "rate" and at_least:
        return Promise(figure=Figure.FAILURES, limit=round(max(1.0 - limit, 0.0), 9), where=where, says=says)
    if metric == "http_reqs" and figure == "rate" and at_least:
        return Promise(figure=Figure.RATE, limit=limit, where=where, says=says)
    return None
