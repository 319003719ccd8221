"""How long requests took, all judged ones together: bars on a logarithmic axis and the percentile curve."""

from __future__ import annotations

import math

import msgspec
import numpy as np

from slo.histogram import Histogram
from slo.record import Run

BARS_PER_DECADE = 20
"""Each bar is about 12 % wider than the one before."""
FRACTIONS = (
    *(round(index * 0.025, 3) for index in range(36)),
    *(round(0.9 + index * 0.005, 4) for index in range(18)),
    *(round(0.99 + index * 0.0005, 5) for index in range(18)),
    0.999,
)
"""Where the percentile curve is drawn: 0 to 99.9 %, denser to the right."""


class Bar(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Requests that took longer than ``over_ms`` and at most ``to_ms``."""

    over_ms: float
    to_ms: float
    requests: int


class PercentilePoint(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The latency that ``fraction`` of the requests do not exceed."""

    fraction: float
    latency_ms: float
    service_ms: float


class Distribution(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The latencies of the judged requests that were answered rightly."""

    requests: int
    mean_ms: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    longest_ms: float
    bars: tuple[Bar, ...]
    curve: tuple[PercentilePoint, ...]
    """Ends where fewer than one request would lie above."""


def distribution(run: Run) -> Distribution:
    """All judged cells together."""
    cells = tuple(run.judged())
    latency = Histogram.merged(Histogram.decode(cell.latency) for cell in cells)
    service = Histogram.merged(Histogram.decode(cell.service) for cell in cells)
    return Distribution(
        requests=latency.count,
        mean_ms=_milliseconds(latency.mean),
        p50_ms=_milliseconds(latency.quantile(0.5)),
        p95_ms=_milliseconds(latency.quantile(0.95)),
        p99_ms=_milliseconds(latency.quantile(0.99)),
        longest_ms=_milliseconds(latency.longest),
        bars=bars(latency),
        curve=_curve(latency, service),
    )


def bars(histogram: Histogram, per_decade: int = BARS_PER_DECADE) -> tuple[Bar, ...]:
    """From the lowest to the highest duration, on edges that all histograms share; none of an empty histogram."""
    if not histogram.count:
        return ()
    edges, counts = histogram.buckets()
    places = np.ceil(np.round(np.log10(edges * 1000) * per_decade, 9)).astype(int)
    first, last = int(places[0]), int(places[-1])
    totals = np.bincount(places - first, weights=counts, minlength=last - first + 1)
    return tuple(
        Bar(
            over_ms=_edge_ms(first + index - 1, per_decade),
            to_ms=_edge_ms(first + index, per_decade),
            requests=int(total),
        )
        for index, total in enumerate(totals)
    )


def _edge_ms(place: int, per_decade: int) -> float:
    return float(f"{math.pow(10, place / per_decade):.6g}")


def _curve(latency: Histogram, service: Histogram) -> tuple[PercentilePoint, ...]:
    return tuple(
        PercentilePoint(
            fraction=fraction,
            latency_ms=_milliseconds(latency.quantile(fraction)),
            service_ms=_milliseconds(service.quantile(fraction)),
        )
        for fraction in FRACTIONS
        if latency.count * (1 - fraction) >= 1
    )


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 3)
