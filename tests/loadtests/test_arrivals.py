from __future__ import annotations

import math
from itertools import pairwise, takewhile
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from loadtests._planning._arrivals import Profile, arrivals, constant, poisson
from slo.record import Stage

rates = st.floats(0.0, 500.0).map(lambda rate: round(rate, 3))
stages = st.builds(
    Stage,
    name=st.just("any"),
    seconds=st.floats(0.1, 30.0),
    rate_from=rates,
    rate_to=rates,
    judged=st.booleans(),
)
profiles = st.lists(stages, min_size=1, max_size=5).map(Profile)


def profile(*stretches: tuple[float, float, float]) -> Profile:
    return Profile(
        [
            Stage(name=str(number), seconds=seconds, rate_from=first, rate_to=last, judged=True)
            for number, (seconds, first, last) in enumerate(stretches)
        ]
    )


@given(profiles, st.floats(0.0, 1.0))
def test_expected_arrivals_are_the_integral_of_the_rate(profile: Profile, fraction: float) -> None:
    moment = profile.seconds * fraction
    edges = [edge for edge in profile._starts if edge < moment] + [moment]
    by_midpoints = sum(profile.rate((start + end) / 2.0) * (end - start) for start, end in pairwise(edges))
    assert profile.expected(moment) == pytest.approx(by_midpoints, rel=1e-6, abs=1e-6), "exact where rates are linear"
    assert profile.expected(profile.seconds) == pytest.approx(profile.total)


@given(profiles, st.floats(0.0, 0.999))
def test_the_moment_of_an_arrival_is_the_inverse_of_the_expectation(profile: Profile, fraction: float) -> None:
    point = profile.total * fraction
    moment = profile.moment(point)
    assert 0.0 <= moment <= profile.seconds
    assert profile.expected(moment) == pytest.approx(point, rel=1e-6, abs=1e-6)


@settings(max_examples=20)
@given(st.lists(stages, min_size=1, max_size=2).map(Profile), st.integers(1, 7))
def test_constant_arrivals_come_out_exactly_and_are_shared_without_gap(profile: Profile, users: int) -> None:
    apart = sorted(moment for user in range(users) for moment in arrivals(profile, constant(user, users, 1.0)))
    assert apart == list(arrivals(profile, constant(0, 1, 1.0)))
    assert len(apart) == len(list(takewhile(lambda k: k + 0.5 < profile.total, range(len(apart) + 2))))


def test_constant_arrivals_of_an_even_stage_are_equidistant() -> None:
    moments = list(arrivals(profile((10.0, 20.0, 20.0)), constant(0, 1, 1.0)))
    assert len(moments) == 200
    assert all(later - earlier == pytest.approx(0.05) for earlier, later in pairwise(moments))


def test_poisson_arrivals_have_exponential_gaps_in_operational_time() -> None:
    ramp = profile((50.0, 10.0, 100.0), (30.0, 100.0, 100.0), (20.0, 100.0, 0.0))
    moments = list(arrivals(ramp, poisson(Random(5), 1.0)))
    gaps = [ramp.expected(later) - ramp.expected(earlier) for earlier, later in pairwise(moments)]
    assert stats.kstest(gaps, "expon").pvalue > 0.01
    assert abs(len(moments) - ramp.total) < 4.0 * math.sqrt(ramp.total)


def test_users_that_share_a_plan_add_up_to_a_poisson_process_of_its_rate() -> None:
    even = profile((200.0, 40.0, 40.0))
    users = 8
    moments = [m for user in range(users) for m in arrivals(even, poisson(Random(user), 1.0 / users))]
    counts = [sum(1 for moment in moments if int(moment) == second) for second in range(200)]
    dispersion = sum((count - 40.0) ** 2 for count in counts) / 40.0
    assert stats.chi2.cdf(dispersion, 200) == pytest.approx(0.5, abs=0.49)
    assert stats.kstest([moment / 200.0 for moment in moments], "uniform").pvalue > 0.01


def test_a_stretch_without_load_has_no_arrivals() -> None:
    moments = list(arrivals(profile((5.0, 10.0, 10.0), (5.0, 0.0, 0.0), (5.0, 10.0, 10.0)), constant(0, 1, 1.0)))
    assert len(moments) == 100
    assert not [moment for moment in moments if 5.0 < moment < 10.0]
