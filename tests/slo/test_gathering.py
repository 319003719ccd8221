"""Readings that grow cell by cell."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slo import stats
from slo.gathering import Gathering, Quantile, Share
from slo.histogram import Histogram
from slo.record import Cell
from tests.slo.conftest import cell

SECONDS = st.lists(st.lists(st.floats(0.0005, 3), min_size=1, max_size=6), min_size=1, max_size=12)


def quantile() -> Gathering:
    return Quantile("q", "", 0.95)


def failures() -> Gathering:
    return Share("s", "", lambda cell: (cell.failures, cell.requests))


@settings(deadline=None, max_examples=60)
@given(SECONDS, st.sampled_from([0.5, 0.95, 0.99]))
def test_a_quantile_gathered_is_that_of_all_latencies(seconds: list[list[float]], fraction: float) -> None:
    gathering = Quantile("q", "", fraction)
    for second, latencies in enumerate(seconds):
        gathering.add(cell(second, good=latencies))
    histograms = [Histogram.of(latencies) for latencies in seconds]
    merged = Histogram.merged(histograms)

    reading = gathering.reading(0.95)

    value = merged.quantile(fraction)
    below = [histogram.at_most(value) for histogram in histograms]
    sample = stats.effective_sample(below, [histogram.count for histogram in histograms], 0.95)
    assert reading.value == value
    assert reading.effective_events == pytest.approx(sample.effective)
    assert reading.events == merged.count


@settings(deadline=None, max_examples=30)
@given(SECONDS, st.integers(0, 2**32))
def test_the_order_of_the_cells_does_not_matter(seconds: list[list[float]], seed: int) -> None:
    cells = [cell(second, good=latencies, failures=second % 2) for second, latencies in enumerate(seconds)]
    shuffled = Random(seed).sample(cells, len(cells))

    for make in (quantile, failures):
        one, other = make(), make()
        for each in cells:
            one.add(each)
        for each in shuffled:
            other.add(each)
        assert one.reading(0.95) == other.reading(0.95)


def test_only_the_cells_of_the_workload_count(make_cell: Callable[..., Cell]) -> None:
    failed = Share("s", "", lambda cell: (cell.failures, cell.requests), workload="comments")
    median = Quantile("q", "", 0.5, workload="comments")
    for gathering in (failed, median):
        gathering.add(make_cell(0, good=[0.1] * 9, failures=1))
        gathering.add(make_cell(0, good=[5.0] * 90, workload="images"))

    assert failed.reading(0.95).value == pytest.approx(0.1)
    assert median.reading(0.95).value == pytest.approx(0.1, rel=0.002)


def test_before_any_event_there_is_a_reason_and_no_value() -> None:
    for gathering in (quantile(), failures()):
        reading = gathering.reading(0.95)
        assert reading.value is None
        assert reading.missing
