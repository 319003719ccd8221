"""The run in sums: per workload and route, and the generator's health."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Literal

import msgspec

from slo.histogram import Histogram
from slo.record import OK, Cell, Run


class RouteTotals(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The judged requests of one route, or of a whole workload where ``route`` is empty."""

    workload: str
    route: str
    requests: int
    failures: int
    failure_ratio: float
    outcomes: dict[str, int]
    items: int
    """Units of work in the answers, such as comments."""
    requests_per_s: float
    items_per_s: float
    mean_ms: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    longest_ms: float
    request_bytes: int
    response_bytes: int


class GeneratorHealth(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Whether the load generator kept its word, warm-up included."""

    processes: dict[str, Literal["finished", "lost", "unknown"]]
    intended: int
    started: int
    dropped: int
    lateness_p99_ms: float
    lateness_longest_ms: float
    cpu_peak_cores: float
    """Of the busiest process in its busiest second: 1.0 is one whole core."""
    steal_peak_share: float


def route_totals(run: Run, judged_seconds: float) -> tuple[RouteTotals, ...]:
    """Every workload followed by its routes, by name; rates are taken over ``judged_seconds``."""
    cells: dict[str, dict[str, list[Cell]]] = {}
    for cell in run.judged():
        cells.setdefault(cell.workload, {}).setdefault(cell.route, []).append(cell)
    found: list[RouteTotals] = []
    for workload, routes in sorted(cells.items()):
        waits = {
            route: Histogram.merged(Histogram.decode(cell.latency) for cell in own) for route, own in routes.items()
        }
        everything = [cell for own in routes.values() for cell in own]
        found.append(_totals(workload, "", everything, Histogram.merged(waits.values()), judged_seconds))
        found.extend(
            _totals(workload, route, own, waits[route], judged_seconds) for route, own in sorted(routes.items())
        )
    return tuple(found)


def generator_health(run: Run) -> GeneratorHealth:
    """All generator processes together."""
    ends = run.footer.generators if run.footer else {}
    names = sorted({pulse.generator for pulse in run.pulses} | set(ends))
    lateness = Histogram.merged(Histogram.decode(pulse.lateness) for pulse in run.pulses)
    return GeneratorHealth(
        processes={name: ends.get(name, "unknown") for name in names},
        intended=sum(pulse.intended for pulse in run.pulses),
        started=sum(pulse.started for pulse in run.pulses),
        dropped=sum(pulse.dropped for pulse in run.pulses),
        lateness_p99_ms=_milliseconds(lateness.quantile(0.99)),
        lateness_longest_ms=_milliseconds(lateness.longest),
        cpu_peak_cores=max((pulse.cpu for pulse in run.pulses), default=0.0),
        steal_peak_share=max((pulse.steal for pulse in run.pulses), default=0.0),
    )


def _totals(workload: str, route: str, cells: Sequence[Cell], latency: Histogram, seconds: float) -> RouteTotals:
    outcomes = sum((Counter(cell.outcomes) for cell in cells), Counter[str]())
    requests = outcomes.total()
    failures = requests - outcomes[OK]
    items = sum(cell.items for cell in cells)
    return RouteTotals(
        workload=workload,
        route=route,
        requests=requests,
        failures=failures,
        failure_ratio=failures / requests if requests else 0.0,
        outcomes=dict(sorted(outcomes.items())),
        items=items,
        requests_per_s=round(requests / seconds, 3) if seconds else 0.0,
        items_per_s=round(items / seconds, 3) if seconds else 0.0,
        mean_ms=_milliseconds(latency.mean),
        p50_ms=_milliseconds(latency.quantile(0.5)),
        p95_ms=_milliseconds(latency.quantile(0.95)),
        p99_ms=_milliseconds(latency.quantile(0.99)),
        longest_ms=_milliseconds(latency.longest),
        request_bytes=sum(cell.request_bytes for cell in cells),
        response_bytes=sum(cell.response_bytes for cell in cells),
    )


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 3)
