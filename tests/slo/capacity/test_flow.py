"""Answers and requests in the service by the clock."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo.capacity.flow import flow
from tests.slo.capacity.queueing import SETTLE_S, STEP_S, Server, step
from tests.slo.conftest import cell


def test_what_is_answered_at_once_leaves_in_its_second() -> None:
    found = flow([cell(second, good=[0.010] * 100) for second in range(5)], range(1, 5))

    assert found.left == pytest.approx([100] * 4, abs=0.2)
    assert found.inside == pytest.approx([1.0] * 4, rel=0.01)


def test_what_takes_long_leaves_later_and_is_inside_until_then() -> None:
    found = flow([cell(0, good=[2.5] * 10)], range(4))

    assert found.left == pytest.approx([0, 0, 5, 5])
    assert found.inside == pytest.approx([5, 10, 8.75, 1.25], rel=0.01)


@given(st.lists(st.floats(0.001, 8.0), min_size=1, max_size=30))
def test_over_all_time_nothing_is_lost(durations: list[float]) -> None:
    """Little's law over a stretch that begins and ends empty: the area is the sum of the times."""
    found = flow([cell(0, good=durations)], range(12))

    assert found.left.sum() == pytest.approx(len(durations))
    assert found.inside.sum() == pytest.approx(sum(durations), rel=0.02)


def test_an_overloaded_queue_answers_at_its_own_pace_however_much_comes() -> None:
    run = step(1500.0, Server(1000.0))
    seconds = range(SETTLE_S, SETTLE_S + STEP_S)
    found = flow(run.cells, seconds)

    assert found.left.mean() == pytest.approx(1000, rel=0.05)
    assert list(found.inside) == sorted(found.inside)
