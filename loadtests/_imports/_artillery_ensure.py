"""Artillery's ``ensure``: what must hold of its report.

Source: https://www.artillery.io/docs/reference/extensions/ensure
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from loadtests._imports._table import Table, known_late, number, shown
from slo.promises import Figure, Promise

SHORT = ("min", "max", "median", "p50", "p75", "p90", "p95", "p99", "p999", "mean")
"""Figures of the response time that may stand alone."""

_LATENCY = re.compile(r"(?:engine\.)?http\.response_time\.(?P<right>2xx\.)?(?P<figure>[a-z]+[0-9]*)")
_RATE = ("http.request_rate", "engine.http.request_rate")
_CONDITION = re.compile(r"\(?\s*(?P<metric>[\w.]+)\s*(?P<comparison><=|>=|==|<|>)\s*(?P<value>[0-9.]+)\s*\)?")
_QUANTILE = re.compile(r"p(?P<digits>[0-9]{2,6})")


def ensured(ensure: Table) -> Iterator[Promise]:
    """The promises of an ``ensure`` section; what is none is remarked on."""
    for name in SHORT:
        if name in ensure:
            limit = ensure.number(name)
            if limit is not None:
                yield from _metric(ensure, ensure.at(name), f"http.response_time.{name}", "<", limit, f"< {limit:g} ms")
    most = ensure.number("maxErrorRate")
    if most is not None:
        yield Promise(figure=Figure.FAILURES, limit=most / 100.0, where=ensure.at("maxErrorRate"), says=f"{most:g} %")
    for threshold in ensure.tables("thresholds"):
        for metric, value in threshold.items():
            limit = number(value)
            if limit is None:
                ensure.remarks.add(threshold.path, f"{metric}: {value}", known_late(value) or "not a number from 0 on")
            else:
                yield from _metric(ensure, threshold.path, metric, "<", limit, f"{metric} < {limit:g}")
    for condition in ensure.tables("conditions"):
        yield from _condition(ensure, condition)
    ensure.close("not among the figures that Loadstone judges")


def _condition(ensure: Table, condition: Table) -> Iterator[Promise]:
    expression = condition.text("expression") or ""
    strict = condition.raw("strict") is not False
    condition.close("no part of a condition")
    for part in re.split(r"\s+and\s+", expression.strip()) if expression else ():
        found = _CONDITION.fullmatch(part)
        value = number(found["value"]) if found else None
        if found is None or value is None:
            ensure.remarks.add(condition.at("expression"), part, "an objective limits one figure by one number")
            continue
        for promise in _metric(ensure, condition.at("expression"), found["metric"], found["comparison"], value, part):
            yield msgspec.structs.replace(promise, enforced=strict)


def _metric(ensure: Table, where: str, metric: str, comparison: str, limit: float, says: str) -> Iterator[Promise]:
    """The promise that ``metric`` stands in ``comparison`` to ``limit``."""
    at_most = comparison in ("<", "<=") or (comparison == "==" and limit == 0.0)
    latency = _LATENCY.fullmatch(metric)
    if latency and at_most and (share := _share(latency["figure"])) is not None:
        yield Promise(
            figure=Figure.LATENCY,
            limit=limit / 1000.0,
            share=share,
            right_only=latency["right"] is not None,
            where=where,
            says=shown(says),
        )
    elif metric in _RATE and comparison in (">", ">="):
        yield Promise(figure=Figure.RATE, limit=limit, where=where, says=shown(says))
    elif metric == "vusers.failed" and at_most and limit == 0.0:
        yield Promise(figure=Figure.FAILURES, limit=0.0, where=where, says=shown(says))
    else:
        ensure.remarks.add(where, says, "not among the figures that Loadstone judges, or limited from the other side")


def _share(figure: str) -> float | None:
    """The share of requests that a figure of the response time speaks of; None for a mean or a minimum."""
    if figure in ("median", "max"):
        return {"median": 0.5, "max": 1.0}[figure]
    found = _QUANTILE.fullmatch(figure)
    return None if found is None else float(f"0.{found['digits']}")
