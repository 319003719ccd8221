"""Steps in a series: where they are, and that chance makes none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo.stats import ChangePoint, change_points
from tests.benchmarks.coverage.simulation import steps


def found(values: list[float], seed: int = 1, p: float = 0.001) -> tuple[ChangePoint, ...]:
    return change_points(values, p=p, random=np.random.default_rng(seed))


def test_a_step_and_a_rise_taken_back_are_found_where_they_are() -> None:
    noise = np.random.default_rng(2).normal(0, 0.3, 80)
    step, rise = np.repeat([0.0, 2.0], 40), np.repeat([0.0, 2.0, 0.0], [35, 10, 35])

    (one,) = found((noise + step).tolist())
    assert one.first == 40
    assert (one.before, one.after) == pytest.approx(((noise + step)[:40].mean(), (noise + step)[40:].mean()))
    assert [point.first for point in found((noise + rise).tolist())] == [35, 45]


def test_a_step_without_noise_is_certain_and_a_flat_line_has_none() -> None:
    assert [point.first for point in found([1.0] * 20 + [2.0] * 20)] == [20]
    assert found([1.0] * 40) == ()


@given(st.lists(st.floats(-9, 9), max_size=5), st.integers(0, 9))
def test_what_is_too_short_for_two_stretches_never_changes(values: list[float], seed: int) -> None:
    assert found(values, seed) == ()


def test_scale_and_offset_matter_nothing_and_one_seed_gives_one_answer() -> None:
    values = np.random.default_rng(5).normal(size=60) + np.repeat([0, 3], 30)
    here, there = found(values.tolist()), found((1000 * values + 7).tolist())
    assert [point.first for point in here] == [point.first for point in there] != []
    assert here == found(values.tolist())


def test_white_noise_alarms_as_often_as_p_and_steps_are_seen() -> None:
    random = np.random.default_rng(6)
    assert steps(40, 0.0, 0, 300, random, p=0.05).alarmed <= 0.09
    assert steps(60, 2.0, 30, 20, random).alarmed >= 0.85
