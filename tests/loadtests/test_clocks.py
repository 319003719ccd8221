from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests._running._clocks import RemoteClock

moments = st.floats(0.0, 1e6)
ways = st.floats(0.0, 2.0)
trips = st.lists(st.tuples(st.floats(0.0, 10.0), ways, ways), min_size=1, max_size=8)


def read(clock: RemoteClock, ahead: float, asked: float, there: float, back: float) -> None:
    clock.take(asked=asked, shown=asked + there + ahead, answered=asked + there + back)


@given(st.floats(-1e6, 1e6), trips, moments)
def test_the_error_is_never_larger_than_it_says_however_long_the_ways(
    ahead: float, trips: list[tuple[float, float, float]], moment: float
) -> None:
    clock = RemoteClock()
    for asked, there, back in trips:
        read(clock, ahead, asked, there, back)
    clock.settle()
    assert abs(clock.there(moment) - (moment + ahead)) <= clock.error + 1e-6
    assert clock.error <= min(there + back for _, there, back in trips) / 2.0 + 1e-6, "as good as the quickest answer"


def test_ways_that_differ_are_worth_more_together_than_each() -> None:
    clock = RemoteClock()
    read(clock, 100.0, 0.0, 0.0, 0.4)
    read(clock, 100.0, 1.0, 0.4, 0.0)
    clock.settle()
    assert clock.error == pytest.approx(0.0)
    assert clock.there(7.0) == pytest.approx(107.0)


def test_a_clock_that_runs_away_is_found_and_a_slow_answer_alone_is_no_proof() -> None:
    clock = RemoteClock()
    read(clock, 5.0, 0.0, 0.001, 0.001)
    clock.settle()
    read(clock, 5.0, 10.0, 0.9, 0.9)
    assert clock.error == pytest.approx(0.001)
    read(clock, 5.3, 3600.0, 0.001, 0.001)
    assert clock.error == pytest.approx(0.3, abs=0.0011)
    read(clock, 5.0, 3601.0, 0.001, 0.001)
    assert clock.error == pytest.approx(0.3, abs=0.0011), "once apart, the run was"


def test_a_clock_that_was_never_read_is_not_known() -> None:
    clock = RemoteClock()
    assert not clock.known
    assert math.isinf(clock.error)
    with pytest.raises(ValueError, match="not settled"):
        clock.there(0.0)
