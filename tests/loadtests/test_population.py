from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests._planning._population import NEVER, Population

legs = st.lists(
    st.tuples(st.floats(0.5, 50.0), st.floats(0.0, 40.0), st.floats(0.0, 40.0)), min_size=1, max_size=5
).map(tuple)


def test_users_come_evenly_along_a_ramp_and_the_last_come_first_to_leave() -> None:
    population = Population([(10.0, 0.0, 5.0), (5.0, 5.0, 5.0), (10.0, 5.0, 0.0)])
    assert population.most == 5
    assert [population.users_at(moment) for moment in (0.1, 4.0, 12.0, 20.0, 24.9)] == [1, 2, 5, 3, 1]
    assert [population.turn(number, 0.0) for number in range(1, 5)] == pytest.approx([3.0, 5.0, 7.0, 9.0])
    assert population.turn(4, 16.5) == NEVER
    assert population.turn(1, 16.5) == 16.5
    assert population.turn(5, 0.0) == NEVER


def test_a_user_that_left_comes_back_with_the_next_stage_that_wants_it() -> None:
    population = Population([(10.0, 3.0, 3.0), (10.0, 1.0, 1.0), (10.0, 3.0, 3.0)])
    assert population.turn(2, 4.0) == 4.0
    assert population.turn(2, 10.0) == 20.0
    assert population.turn(2, 30.0) == NEVER


def test_a_small_share_is_one_user_and_none_is_none() -> None:
    assert Population([(10.0, 0.05, 0.05)]).users_at(3.0) == 1
    assert Population([(10.0, 0.0, 0.0)]).most == 0
    assert Population([(10.0, 0.0, 0.0)]).turn(0, 0.0) == NEVER


@given(legs, st.floats(0.0, 1.0))
def test_there_are_as_many_users_as_have_their_turn(legs: tuple[tuple[float, float, float], ...], place: float) -> None:
    population = Population(legs)
    moment = place * sum(seconds for seconds, _, _ in legs)
    there = [number for number in range(population.most + 1) if population.turn(number, moment) == moment]
    assert abs(len(there) - population.users_at(moment)) <= 1, "only at the very moment of coming"
    assert there == list(range(len(there)))
    assert population.turn(population.most, 0.0) == NEVER


@given(legs, st.integers(0, 40), st.floats(0.0, 1.0))
def test_a_turn_is_never_before_it_was_asked_for_and_lasts(
    legs: tuple[tuple[float, float, float], ...], number: int, place: float
) -> None:
    population = Population(legs)
    moment = place * sum(seconds for seconds, _, _ in legs)
    turn = population.turn(number, moment)
    assert turn >= moment
    if math.isfinite(turn):
        assert population.turn(number, turn) == turn
