"""How long requests took, all together."""

from __future__ import annotations

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from slo.histogram import Histogram
from slo.record import Run
from slo.reports.figures.distribution import distribution
from tests.slo.reports import examples
from tests.slo.reports.figures.test_timeline import one_cell

DURATIONS = st.lists(st.floats(2e-6, 500), min_size=1, max_size=60)


@settings(deadline=None, max_examples=40)
@given(DURATIONS)
def test_every_request_is_in_the_bar_that_holds_its_latency(durations: list[float]) -> None:
    told = distribution(Run(header=examples.header(), cells=(one_cell(20, durations),)))

    edges, counts = Histogram.of(durations).buckets()
    for bar in told.bars:
        inside = (edges * 1000 > bar.over_ms * 1.000001) & (edges * 1000 <= bar.to_ms * 1.000001)
        assert int(counts[inside].sum()) == bar.requests
    assert sum(bar.requests for bar in told.bars) == told.requests == len(durations)


@settings(deadline=None, max_examples=40)
@given(DURATIONS)
def test_the_percentile_curve_rises_and_ends_before_it_guesses(durations: list[float]) -> None:
    curve = distribution(Run(header=examples.header(), cells=(one_cell(20, durations),))).curve

    latencies = [point.latency_ms for point in curve]
    assert latencies == sorted(latencies)
    assert all((1 - point.fraction) * len(durations) >= 1 for point in curve)


def test_the_warm_up_does_not_count() -> None:
    slow = msgspec.structs.replace(one_cell(0, [9.0]), stage="warm-up")

    told = distribution(Run(header=examples.header(), cells=(slow, one_cell(20, [0.1]))))

    assert (told.requests, round(told.longest_ms)) == (1, 100)
