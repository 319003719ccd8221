"""Launches as the unit: against Student, against Smyth's model, and against drawn duels."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats as scipy_stats

from slo.stats import LaunchSpread, centres, cluster_p, launch_spread, two_level_interval
from tests.benchmarks.coverage.designs import Design
from tests.benchmarks.coverage.simulation import held

UNEQUAL = [[0.01, 0.03, 0.02], [0.05], [], [-0.01, 0.0, 0.04, 0.02], [0.03, 0.02]]


def test_without_a_prior_it_is_students_test_and_interval_of_the_middles() -> None:
    middles = centres(UNEQUAL)
    test = scipy_stats.ttest_1samp(middles, 0.01, alternative="greater")
    interval = scipy_stats.ttest_1samp(middles, 0.0).confidence_interval(0.9)
    assert len(middles) == 4
    assert cluster_p(UNEQUAL, shift=0.01) == pytest.approx(test.pvalue)
    assert two_level_interval(UNEQUAL, 0.9) == pytest.approx((middles.mean(), interval.low, interval.high))


def test_a_prior_lends_variance_and_degrees_by_its_weight() -> None:
    launches = [[1.0], [2.0], [3.0]]
    error = math.sqrt((4 * 0.25 + 2 * 1.0) / 6 / 3)
    assert cluster_p(launches, prior=LaunchSpread(0.25, 4)) == pytest.approx(scipy_stats.t.sf(2 / error, 6))
    assert cluster_p(launches, prior=LaunchSpread(0.25, math.inf)) == cluster_p(launches, prior=LaunchSpread(0.25, 6))


def test_the_interval_leaves_out_nothing_exactly_where_p_is_its_tail() -> None:
    prior = LaunchSpread(0.0004, 5)
    low = two_level_interval(UNEQUAL, 0.95, prior=prior).low
    assert cluster_p(UNEQUAL, prior=prior, shift=low) == pytest.approx(0.025)


def test_one_launch_shows_no_spread_and_equal_ones_no_doubt() -> None:
    assert two_level_interval([[0.1, 0.2]], 0.95) == pytest.approx((0.15, -math.inf, math.inf))
    assert cluster_p([[0.1, 0.2]], prior=LaunchSpread(1.0, 9)) == 1
    assert (cluster_p([[1.0], [1.0]]), cluster_p([[0.0], [0.0]])) == (0, 1)
    with pytest.raises(ValueError, match="without a window"):
        two_level_interval([[]], 0.95)


def test_a_prior_is_found_in_variances_drawn_from_one() -> None:
    random = np.random.default_rng(4)
    true = 2.5 * 10 / random.chisquare(10, 20_000)
    found = launch_spread((true * random.chisquare(4, 20_000) / 4).tolist(), 4)
    assert found == pytest.approx((2.5, 10), rel=0.1)
    assert launch_spread([1.0, 1.0, 1.0], 4).degrees == math.inf


@pytest.mark.parametrize("design", [Design(4, 6, 0.01), Design(5, 20, 0.02, wild=True)])
def test_intervals_of_few_launches_hold_what_they_say(design: Design) -> None:
    found = held(design, 600, np.random.default_rng(8))
    assert found.student == pytest.approx(0.95, abs=0.03)
    assert found.moderated == pytest.approx(0.95, abs=0.03)
    assert found.resampled < found.student
    assert found.moderated_width < found.student_width
    assert max(found.alarms, found.moderated_alarms) < 0.03
