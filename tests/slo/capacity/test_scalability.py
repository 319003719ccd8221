"""The Universal Scalability Law: known answers, published data, honest intervals."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slo.capacity.model import Estimate
from slo.capacity.scalability import Point, scalability

RAYTRACER = [(1, 20), (4, 78), (8, 130), (12, 170), (16, 190), (20, 200), (24, 210), (28, 230), (32, 260), (48, 280)]
RAYTRACER += [(64, 310)]
"""Processors and throughput of a ray tracer: N. J. Gunther, Guerrilla Capacity Planning (2007)."""

SDM = [(1, 64.9), (18, 995.9), (36, 1652.4), (72, 1853.2), (108, 1828.9), (144, 1775.0), (216, 1702.2)]
"""Load and throughput of a Sun SPARCcenter 2000 in SPEC SDM 91; ibid. Least squares of X, as in the R package ``usl``
by S. Möding, give β = 0.0001044 and a peak of 1,884 at N* = 96.5; ours are of ln X, and weigh small loads more."""


def law(number: float, alpha: float, beta: float, gamma: float = 1000.0) -> float:
    return gamma * number / (1 + alpha * (number - 1) + beta * number * (number - 1))


def points(data: Sequence[tuple[float, float]]) -> list[Point]:
    return [Point(float(number), float(rate)) for number, rate in data]


def measured(alpha: float, beta: float, most: float, noise: float, random: np.random.Generator) -> list[Point]:
    numbers = np.geomspace(0.05, most, 14)
    return [Point(n, law(n, alpha, beta) * math.exp(noise * random.standard_normal())) for n in numbers]


def holds(estimate: Estimate, truth: float) -> bool:
    low = -math.inf if estimate.low is None else estimate.low
    high = math.inf if estimate.high is None else estimate.high
    return low * (1 - 1e-6) <= truth <= high * (1 + 1e-6) + 1e-12


@settings(max_examples=40, deadline=None)
@given(st.floats(0.001, 0.5), st.floats(1e-6, 1e-2), st.floats(1, 1e5))
def test_exact_data_give_their_law_back(alpha: float, beta: float, gamma: float) -> None:
    peak = math.sqrt((1 - alpha) / beta)
    numbers = np.geomspace(0.1, 2 * peak, 12)
    found = scalability([Point(number, law(number, alpha, beta, gamma)) for number in numbers])

    assert found is not None
    assert found.contention.value == pytest.approx(alpha, rel=1e-3, abs=1e-6)
    assert found.coherency.value == pytest.approx(beta, rel=1e-3)
    assert found.single_per_s.value == pytest.approx(gamma, rel=1e-4)
    assert found.peak_in_flight.value == pytest.approx(peak, rel=1e-3)
    assert found.peak_per_s.value == pytest.approx(law(peak, alpha, beta, gamma), rel=1e-4)
    assert found.retrograde


@settings(max_examples=25, deadline=None)
@given(st.floats(0.01, 0.9), st.floats(1e-5, 1e-2))
def test_the_knee_is_where_time_grows_as_fast_as_load(alpha: float, beta: float) -> None:
    found = scalability([Point(n, law(n, alpha, beta)) for n in np.geomspace(0.1, 200, 12)])
    assert found is not None
    assert found.knee_in_flight.value is not None

    at = np.array([1 - 1e-4, 1 + 1e-4]) * found.knee_in_flight.value
    rates = np.array([law(number, alpha, beta) for number in at])
    growth = np.diff(np.log(at / rates)) / np.diff(np.log(rates))

    assert growth[0] == pytest.approx(1.0, rel=1e-2)


def test_one_random_queue_has_half_contention_and_its_knee_at_half_load() -> None:
    """M/M/1: R = 1/(μ − λ), N = λ/(μ − λ)."""
    found = scalability([Point(rate / (1000 - rate), rate) for rate in (50, 100, 200, 400, 700, 900, 990)])

    assert found is not None
    assert found.contention.value == pytest.approx(0.5, abs=1e-6)
    assert found.single_per_s.value == pytest.approx(500, rel=1e-6)
    assert found.peak_per_s.value == pytest.approx(1000, rel=1e-4)
    assert found.knee_per_s.value == pytest.approx(500, rel=1e-4)
    assert not found.retrograde
    assert "not identified" in found.reading


def test_published_data_that_fall_again_give_the_published_figures() -> None:
    found = scalability(points(SDM))

    assert found is not None
    assert holds(found.coherency, 0.0001044)
    assert holds(found.peak_in_flight, 96.5)
    assert holds(found.peak_per_s, 1884)
    assert found.coherency.value == pytest.approx(0.0001044, rel=0.15)
    assert found.retrograde
    assert found.reading.startswith("Throughput falls again")


def test_published_data_that_do_not_fall_identify_no_peak() -> None:
    found = scalability(points(RAYTRACER))

    assert found is not None
    assert found.contention.value == pytest.approx(0.05, rel=0.2)
    assert found.coherency.low == pytest.approx(0, abs=1e-9)
    assert found.peak_in_flight.high is None
    assert not found.retrograde


@pytest.mark.parametrize(("alpha", "beta", "most"), [(0.5, 0.0, 30), (0.05, 0.001, 100), (0.05, 0.0005, 20)])
def test_intervals_hold_the_truth_as_often_as_they_say(alpha: float, beta: float, most: float) -> None:
    random = np.random.default_rng(11)
    peak = law(math.sqrt((1 - alpha) / beta), alpha, beta) if beta else 1000 / alpha
    truths = {"contention": alpha, "coherency": beta, "single_per_s": 1000.0, "peak_per_s": peak}
    held = dict.fromkeys(truths, 0)
    for _ in range(100):
        found = scalability(measured(alpha, beta, most, 0.05, random))
        assert found is not None
        for name, truth in truths.items():
            held[name] += holds(getattr(found, name), truth)

    assert min(held.values()) >= 88, held


def test_the_band_encloses_the_curve_and_steps_far_from_saturation_bound_nothing() -> None:
    random = np.random.default_rng(5)
    found = scalability(measured(0.001, 0.0, 0.4, 0.05, random))

    assert found is not None
    assert found.peak_per_s.high is None
    assert "lower bound" in found.reading
    assert all(point.low_per_s <= point.per_s <= point.high_per_s for point in found.curve)


@pytest.mark.parametrize("data", [[], [(1, 10)] * 6, [(1, 10), (2, 19), (4, 35), (8, 60)]])
def test_too_few_steps_or_all_alike_carry_no_curve(data: list[tuple[float, float]]) -> None:
    assert scalability(points(data)) is None
