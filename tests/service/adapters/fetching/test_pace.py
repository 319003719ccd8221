"""The rate of an origin, by a clock that only this test moves."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.adapters.fetching.pace import ANSWERS, LEAST, LONGEST_PAUSE, Pace

MOST = 200.0


def answers(pace: Pace, good: int, bad: int = 0) -> None:
    for place in range(good + bad):
        pace.answer(is_good=place < good)


def hold(pace: Pace) -> None:
    """Somebody has to wait for the rate."""
    while not pace.wait(0.0):
        pace.start(0.0)


def test_good_answers_raise_the_rate_by_a_tenth_where_it_holds_somebody_up() -> None:
    pace = Pace(50.0, MOST)
    hold(pace)
    answers(pace, ANSWERS - 1)
    assert pace.rate == 50.0
    answers(pace, 1)
    assert pace.rate == pytest.approx(55.0)
    answers(pace, ANSWERS)
    assert pace.rate == pytest.approx(55.0), "nobody waited meanwhile"


@pytest.mark.parametrize(("bad", "rate"), [(0, 55.0), (1, 50.0), (4, 50.0), (5, 45.0), (20, 45.0)])
def test_the_share_of_good_answers_decides(bad: int, rate: float) -> None:
    pace = Pace(50.0, MOST)
    hold(pace)
    answers(pace, ANSWERS - bad, bad)
    assert pace.rate == pytest.approx(rate)
    assert pace.share == (ANSWERS - bad) / ANSWERS


@given(st.lists(st.booleans(), max_size=600), st.floats(1.0, 1000.0))
def test_the_rate_stays_within_its_bounds_and_changes_once_in_so_many_answers(good: list[bool], first: float) -> None:
    pace = Pace(first, MOST)
    for number, is_good in enumerate(good, 1):
        hold(pace)
        before = pace.rate
        pace.answer(is_good=is_good)
        assert LEAST <= pace.rate <= MOST
        assert pace.rate == before or number % ANSWERS == 0
        assert before * 0.899 <= pace.rate <= before * 1.101


@given(st.lists(st.floats(0.0, 0.5), min_size=1, max_size=200), st.floats(LEAST, MOST))
def test_no_stretch_of_time_sees_more_requests_than_its_rate(gaps: list[float], rate: float) -> None:
    pace = Pace(rate, MOST)
    now, starts = 0.0, []
    for gap in gaps:
        now += gap
        now += pace.wait(now)
        pace.start(now)
        starts.append(now)
    for place, begin in enumerate(starts):
        for count, end in enumerate(starts[place:], 1):
            assert count <= 2 + (end - begin + 0.05) * rate * 1.000001


@given(st.floats(0.0, 1e9), st.floats(0.0, 100.0), st.floats(0.0, 100.0))
def test_a_pause_is_kept_and_bounded(now: float, first: float, second: float) -> None:
    pace = Pace(50.0, MOST)
    pace.pause(first, now)
    pace.pause(second, now)
    expected = min(max(first, second), LONGEST_PAUSE)
    assert pace.paused(now) == pytest.approx(expected, abs=1e-6)
    assert pace.wait(now) == pytest.approx(expected, abs=1e-6)
    assert pace.wait(now + LONGEST_PAUSE + 1.0) == 0.0
