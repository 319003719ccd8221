"""The small drawing of an interval against its limits."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from slo.model import Comparison, Limit, State
from slo.reports.run.intervals import WIDTH, drawing
from tests.slo.reports.examples import verdict

SHARES = st.floats(0, 1)


@given(SHARES, SHARES, SHARES, SHARES, st.sampled_from(Comparison))
def test_places_keep_the_order_of_the_values(a: float, b: float, c: float, edge: float, side: Comparison) -> None:
    low, value, high = sorted((a, b, c))
    drawn = drawing(verdict("x", State.PASSED, value, low=low, high=high, critical=Limit(side, edge)))

    assert drawn is not None
    assert drawn.low is not None
    assert drawn.high is not None
    assert drawn.critical is not None
    placed = sorted([(low, drawn.low), (value, drawn.value), (high, drawn.high), (edge, drawn.critical)])
    assert all(first[1] <= second[1] for first, second in itertools.pairwise(placed))
    assert all(0 <= place <= WIDTH for _, place in placed)


def test_the_good_zone_lies_on_the_good_side() -> None:
    at_most = drawing(verdict("x", State.PASSED, 0.2, critical=Limit(Comparison.AT_MOST, 0.5)))
    at_least = drawing(verdict("x", State.PASSED, 0.8, critical=Limit(Comparison.AT_LEAST, 0.5)))

    assert at_most is not None
    assert at_least is not None
    assert (at_most.good_from, at_most.good_to) == (0.0, at_most.critical)
    assert (at_least.good_from, at_least.good_to) == (at_least.critical, WIDTH)


def test_nothing_is_drawn_without_a_value_or_a_limit() -> None:
    assert drawing(verdict("x", State.NO_DATA, None, critical=Limit(Comparison.AT_MOST, 0.5))) is None
    assert drawing(verdict("x", State.NEEDS_BASE, 0.5)) is None
