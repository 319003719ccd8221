"""Differences of measurements that have intervals of their own."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo.stats import Estimate, difference, growth

WIDTHS = st.floats(0, 100)


@given(st.floats(1, 1000), WIDTHS, WIDTHS)
def test_a_measurement_differs_from_itself_by_nothing(value: float, below: float, above: float) -> None:
    estimate = Estimate(value, value - min(below, value / 2), value + above)

    for found in (difference(estimate, estimate), growth(estimate, estimate)):
        assert found.value == 0
        assert found.low <= 0 <= found.high


def test_known_intervals_add_up_like_the_sides_of_a_triangle() -> None:
    found = difference(Estimate(10, 7, 14), Estimate(20, 17, 24))

    assert found == (10, 10 - 5, 10 + 5)


def test_growth_knows_no_unit_and_its_inverse_says_the_same() -> None:
    seconds, other = Estimate(0.1, 0.09, 0.12), Estimate(0.15, 0.14, 0.17)
    milliseconds = [Estimate(*(1000 * end for end in each)) for each in (seconds, other)]

    assert growth(*milliseconds) == pytest.approx(growth(seconds, other))
    there, back = growth(seconds, other), growth(other, seconds)
    assert (1 + there.low) * (1 + back.high) == pytest.approx(1)


def test_an_end_that_is_not_known_stays_unknown() -> None:
    found = growth(Estimate(1, 0, 2), Estimate(1, 0.5, 2))

    assert found.high == math.inf
    assert found.low > -1


def test_the_interval_holds_the_truth_as_often_as_those_it_is_made_of() -> None:
    source = random.Random(5)
    held = 0
    for _ in range(2_000):
        one, other = source.gauss(10, 1), source.gauss(13, 2)
        found = difference(Estimate(one, one - 1.96, one + 1.96), Estimate(other, other - 3.92, other + 3.92))
        held += found.low <= 3 <= found.high

    assert held / 2_000 == pytest.approx(0.95, abs=0.02)
