"""Objective files, drafted from promises that were made elsewhere.

A latency on a bucket edge of the service becomes an SLO, which holds live and under load; any other one that the exact
histograms of a run record can judge becomes a limit on that quantile; what neither can say moves to the next edge.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import yaml

from slo.indicators import FIGURES
from slo.model import LATENCY_EDGES, Unit
from slo.promises import Figure, Promise, Remark
from slo.quantities import written
from slo.schema import LOADSTONE, OPENSLO
from slo.stats import deciding_events

CONFIDENCE = 0.95
FEWEST_EVENTS = 100
"""Of any objective; a share near 1 or 0 needs more until it is decided."""
MOST_EVENTS = 10**9

_LONGEST_PREFIX = 30
_SHORTEST = 1e-6
_SMALLEST = 1e-9
_SERVICE = "loadstone"
_COUNT = "http_server_request_duration_seconds_count"
_BUCKET = "http_server_request_duration_seconds_bucket"
_QUANTILES = {figure.quantile: name for name, figure in FIGURES.items() if figure.quantile}

_Document = dict[str, Any]


class _LostError(Exception):
    """Nothing can be made of a promise; says why."""


def draft(name: str, promises: Iterable[Promise], *, workload: str = "") -> tuple[str, tuple[Remark, ...]]:
    """An objective file with the budget ``name`` (RFC 1123), and what became otherwise; no text where nothing is left.

    ``workload`` is the only one whose requests there are, if there is only one. The file stands alone: `slo.spec.load`
    takes it without any other.
    """
    drafting = _Drafting(name, workload)
    for promise in promises:
        drafting.add(promise)
    return drafting.text(), tuple(drafting.remarks)


class _Drafting:
    def __init__(self, name: str, workload: str) -> None:
        self.remarks: list[Remark] = []
        self._name = name
        self._workload = workload
        self._levels: list[_Document] = []
        self._objectives: list[_Document] = []

    def add(self, promise: Promise) -> None:
        """Make an objective of ``promise``, or a remark."""
        match promise.figure:
            case Figure.LATENCY:
                made = self._latency
            case Figure.FAILURES:
                made = self._failures
            case Figure.RATE:
                made = self._rate
        try:
            objective = made(promise)
        except _LostError as error:
            self.remarks.append(promise.remark(str(error)))
            return
        self._objectives.append(objective if promise.enforced else {**objective, "enforce": False})

    def text(self) -> str:
        """Everything as YAML, the service and the budget around it."""
        if not self._objectives:
            return ""
        service = _document(OPENSLO, "Service", _SERVICE, {"description": "The service under load."})
        budget = _document(
            LOADSTONE,
            "PerformanceBudget",
            self._name,
            {
                "service": _SERVICE,
                "workload": self._workload,
                "defaults": {"minEvents": FEWEST_EVENTS, "confidence": CONFIDENCE},
                "objectives": self._objectives,
            },
        )
        return yaml.safe_dump_all([service, *self._levels, budget], sort_keys=False, allow_unicode=True, width=110)

    def _latency(self, promise: Promise) -> _Document:
        bad = round(1.0 - promise.share, 12)
        if not 0.0 < bad < 1.0:
            raise _LostError("no number of requests proves that not a single one is slower")
        if promise.limit < _SHORTEST:
            raise _LostError("no answer takes no time")
        quantile = _QUANTILES.get(promise.share) if self._speaks_of_all(promise) else None
        # A failure has no latency, so that a promise about right answers alone is one about a quantile.
        if quantile is not None and (promise.right_only or promise.limit not in LATENCY_EDGES):
            name = self._free(f"latency-{quantile}")
            return self._objective(
                promise, name, bad, indicator=quantile, critical=f"<= {_number(promise.limit * 1e3)}ms"
            )
        edge = next((edge for edge in LATENCY_EDGES if edge >= promise.limit * (1 - 1e-9)), None)
        if edge is None:
            longest = written(LATENCY_EDGES[-1], Unit.SECONDS)
            percent = _number(promise.share * 100)
            raise _LostError(f"nothing above {longest} is counted, and p{percent} is no figure of a run record")
        name = self._free(f"latency-p{_number(promise.share * 100).replace('.', '-')}")
        level = self._level(f"{self._name[:_LONGEST_PREFIX]}-{name}", promise, edge)
        objective = self._objective(promise, name, bad, sloRef=level["metadata"]["name"])
        if edge > promise.limit * (1 + 1e-9):
            moved = f"moved up to {written(edge, Unit.SECONDS)}, the next bucket edge of the service"
            self.remarks.append(promise.remark(moved, lost=False))
        self._levels.append(level)
        return objective

    def _failures(self, promise: Promise) -> _Document:
        if promise.limit > 1.0 - _SMALLEST:
            raise _LostError("it allows every request to fail")
        if promise.limit < _SMALLEST:
            raise _LostError("no number of requests proves that not a single one fails")
        if not self._speaks_of_all(promise):
            raise _LostError(f"the failures of {promise.workload} are not judged apart from those of the others")
        name, limit = self._free("error-rate"), _number(promise.limit)
        return self._objective(promise, name, float(limit), indicator="error-ratio", critical=f"<= {limit}")

    def _rate(self, promise: Promise) -> _Document:
        if promise.limit < _SMALLEST:
            raise _LostError("every run keeps it")
        if not self._speaks_of_all(promise):
            raise _LostError(f"the rate of {promise.workload} is not judged apart from that of the others")
        name = self._free("requests-per-second")
        critical = f">= {_number(promise.limit)}/s"
        return self._objective(promise, name, None, indicator="requests-per-second", critical=critical)

    def _objective(self, promise: Promise, name: str, bad: float | None, **measure: str) -> _Document:
        events = FEWEST_EVENTS if bad is None else max(deciding_events(bad, CONFIDENCE), FEWEST_EVENTS)
        if events > MOST_EVENTS:
            raise _LostError(f"it takes {events:,} requests to decide that")
        said = " ".join(f"{promise.where}: {promise.says}".split())[:300]
        found: _Document = {"name": name, "description": said, **measure}
        return found if events == FEWEST_EVENTS else {**found, "minEvents": events}

    def _speaks_of_all(self, promise: Promise) -> bool:
        """Whether a figure of the whole run is what is promised."""
        return promise.workload in ("", self._workload)

    def _level(self, name: str, promise: Promise, edge: float) -> _Document:
        """An SLO: so many of the requests are answered rightly within the edge."""
        workload = promise.workload or self._workload
        run = f'workload="{workload}"' if workload else ""
        route = f'http_route="/v1/{workload}"' if workload else 'http_route=~"/v1/.+"'
        within = f'le="{edge:g}"'
        good = {
            "query": f'{_BUCKET}{{{route},http_response_status_code!~"5..",{within}}}',
            "run": f"ok{{{','.join(filter(None, (run, within)))}}}",
        }
        total = {"query": f"{_COUNT}{{{route}}}", "run": f"requests{{{run}}}" if run else "requests"}
        sides = {
            side: {"metricSource": {"type": "Prometheus", "spec": events}}
            for side, events in (("good", good), ("total", total))
        }
        share = _number(promise.share * 100)
        spec = {
            "description": f"{share} % of requests are answered rightly within {written(edge, Unit.SECONDS)}.",
            "service": _SERVICE,
            "indicator": {
                "metadata": {"name": f"{name}-requests"},
                "spec": {"ratioMetric": {"counter": True, **sides}},
            },
            "timeWindow": [{"duration": "30d", "isRolling": True}],
            "budgetingMethod": "Occurrences",
            "objectives": [{"target": promise.share}],
        }
        return _document(OPENSLO, "SLO", name, spec)

    def _free(self, name: str) -> str:
        """``name``, with a number if another objective has it."""
        taken = {objective["name"] for objective in self._objectives}
        number = 2
        free = name
        while free in taken:
            free = f"{name}-{number}"
            number += 1
        return free


def _document(version: str, kind: str, name: str, spec: _Document) -> _Document:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, "spec": spec}


def _number(value: float) -> str:
    """Digits without an exponent, as limits are written."""
    text = f"{value:.9f}".rstrip("0").rstrip(".")
    return text or "0"
