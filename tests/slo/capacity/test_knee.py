"""Where latency leaves its floor, by the steps alone."""

from __future__ import annotations

import numpy as np
import pytest

from slo.capacity.knee import Seconds, elbow, kneedle

RATES = np.array([100.0, 200.0, 300.0, 400.0, 500.0, 600.0, 700.0])


def seconds(rate: float, time: float, random: np.random.Generator) -> Seconds:
    answers = random.poisson(rate, 20).astype(float)
    return Seconds(rate, answers, answers * time * random.uniform(0.9, 1.1, 20))


def test_the_elbow_of_two_straight_lines_is_where_they_meet() -> None:
    times = np.where(RATES <= 500, 1.0, 1.0 + (RATES - 500) / 10)
    shuffled = np.random.default_rng(3).permutation(len(RATES))

    assert kneedle(RATES[shuffled], times[shuffled]) == 500.0


@pytest.mark.parametrize("times", [np.ones(7), RATES / 100, np.sqrt(RATES)])
def test_a_flat_a_straight_or_a_bent_down_rise_has_none(times: np.ndarray) -> None:
    assert kneedle(RATES, times) is None


def test_the_interval_reaches_to_the_neighbouring_steps() -> None:
    """The paper's example is y = −1/x + 5; its mirror rises steeply at the end, as latency does."""
    random = np.random.default_rng(1)
    found = elbow([seconds(rate, 1 / (750 - rate), random) for rate in RATES], 0.95, random)

    assert found.value == 600.0
    assert found.low is not None
    assert found.low <= 500.0
    assert found.high == 700.0


def test_too_few_steps_say_nothing() -> None:
    random = np.random.default_rng(1)
    found = elbow([seconds(rate, 0.01, random) for rate in RATES[:3]], 0.95, random)

    assert (found.value, found.low, found.high) == (None, None, None)
