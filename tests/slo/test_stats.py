from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats as scipy_stats

from slo import stats
from slo.histogram import Histogram

Events = NDArray[np.int64]


@pytest.mark.parametrize(
    ("good", "total", "confidence"), [(0, 20, 0.95), (20, 20, 0.95), (9, 10, 0.9), (1, 3000, 0.95), (2991, 3000, 0.99)]
)
def test_clopper_pearson_is_scipys_exact_interval(good: int, total: int, confidence: float) -> None:
    exact = scipy_stats.binomtest(good, total).proportion_ci(confidence, method="exact")
    assert stats.clopper_pearson(good, total, confidence) == pytest.approx((exact.low, exact.high), abs=1e-10)


def test_clopper_pearson_has_the_published_values() -> None:
    """Brown, Cai and DasGupta (2001), and the closed form 1 − (α/2)^(1/n) for no events at all."""
    assert stats.clopper_pearson(0, 10, 0.95) == pytest.approx((0.0, 0.3085), abs=5e-5)
    assert stats.clopper_pearson(5, 10, 0.95) == pytest.approx((0.1871, 0.8129), abs=5e-5)
    assert stats.clopper_pearson(0, 3000, 0.95).high == pytest.approx(1 - 0.025 ** (1 / 3000), rel=1e-9)


@pytest.mark.parametrize(("good", "total"), [(-1, 10), (11, 10), (0, 0)])
def test_what_is_no_share_has_no_interval(good: int, total: int) -> None:
    with pytest.raises(ValueError, match="is no share"):
        stats.clopper_pearson(good, total, 0.95)


@given(st.integers(1, 5000), st.data())
def test_more_good_events_move_the_interval_up(total: int, data: Any) -> None:
    good = data.draw(st.integers(0, total - 1))
    fewer, more = stats.clopper_pearson(good, total, 0.95), stats.clopper_pearson(good + 1, total, 0.95)
    assert fewer.low <= good / total <= fewer.high
    assert fewer.low <= more.low
    assert fewer.high <= more.high


def test_blocks_join_neighbours_and_the_rest_joins_the_last() -> None:
    assert stats.blocks(np.arange(1.0, 9.0), 3).tolist() == [6.0, 30.0]
    assert stats.blocks(np.array([5.0, 6.0]), 3).tolist() == [11.0]
    assert [stats.block_length(seconds) for seconds in (1, 3, 4, 30, 120)] == [1, 1, 2, 5, 10]


def test_the_design_effect_of_whole_clusters_is_their_size() -> None:
    """Kish: 1 + (m − 1) · ρ with ρ = 1, here by k / (k − 1) with k = 10 clusters of m = 50 requests."""
    good, total = np.array([50.0, 0.0] * 5), np.full(10, 50.0)
    assert stats.design_effect(good, total) == pytest.approx(50 * 10 / 9)


def test_events_that_agree_in_every_second_lose_nothing() -> None:
    sample = stats.effective_sample([95] * 30, [100] * 30, 0.95)
    assert (sample.good, sample.total, sample.effective) == (2850, 3000, 3000)
    assert stats.ratio_interval(sample, 0.95) == stats.clopper_pearson(2850, 3000, 0.95)


def test_failures_of_one_moment_are_worth_few_events() -> None:
    spread = stats.effective_sample([98] * 30, [100] * 30, 0.95)
    together = stats.effective_sample([100] * 29 + [40], [100] * 30, 0.95)
    assert spread.ratio == together.ratio
    assert together.effective < spread.effective / 20


@pytest.mark.parametrize(("good", "total"), [([0, 0], [5, 5]), ([5, 5], [5, 5]), ([3], [5]), ([3, 0], [5, 0])])
def test_without_a_spread_to_measure_every_event_counts(good: list[int], total: list[int]) -> None:
    assert stats.effective_sample(good, total, 0.95).effective == sum(total)


def independent(random: np.random.Generator, seconds: int, ratio: float) -> NDArray[np.float64]:
    return np.full(seconds, ratio)


def restless(random: np.random.Generator, seconds: int, ratio: float) -> NDArray[np.float64]:
    """Every second has a level of its own; intra-class correlation 0.02."""
    return random.beta(ratio * 49, (1 - ratio) * 49, seconds)


def lingering(random: np.random.Generator, seconds: int, ratio: float) -> NDArray[np.float64]:
    """The same levels, but each resembles the one before; autocorrelation 0.7."""
    noise = np.empty(seconds)
    noise[0] = random.normal()
    for second in range(1, seconds):
        noise[second] = 0.7 * noise[second - 1] + np.sqrt(1 - 0.49) * random.normal()
    levels: NDArray[np.float64] = scipy_stats.beta.ppf(scipy_stats.norm.cdf(noise), ratio * 49, (1 - ratio) * 49)
    return levels


@pytest.mark.parametrize(
    ("levels", "least", "naive_at_most"),
    [(independent, 0.94, 1.0), (restless, 0.92, 0.88), (lingering, 0.84, 0.68)],
)
@pytest.mark.parametrize("seconds", [30, 120])
def test_the_interval_covers_the_truth_about_as_often_as_it_says(
    levels: Callable[[np.random.Generator, int, float], NDArray[np.float64]],
    least: float,
    naive_at_most: float,
    seconds: int,
) -> None:
    """300 runs with a fixed seed, 60 requests/s; limits that take requests for independent do much worse."""
    random = np.random.default_rng(20_260_101)
    runs, truth, hits, naive_hits = 300, 0.95, 0, 0
    for _ in range(runs):
        total = random.poisson(60, seconds)
        good = random.binomial(total, levels(random, seconds, truth))
        low, high = stats.ratio_interval(stats.effective_sample(good.tolist(), total.tolist(), 0.95), 0.95)
        hits += low <= truth <= high
        low, high = stats.clopper_pearson(int(good.sum()), int(total.sum()), 0.95)
        naive_hits += low <= truth <= high
    assert hits / runs >= least
    assert naive_hits / runs <= naive_at_most


@pytest.mark.parametrize(("count", "fraction"), [(200, 0.5), (1000, 0.95), (5000, 0.99)])
def test_a_quantiles_interval_has_the_ranks_of_the_binomial_test(count: int, fraction: float) -> None:
    values = np.sort(np.random.default_rng(3).lognormal(-4, 0.6, count))
    low, high = stats.quantile_interval(Histogram.of(values), fraction, count, 0.95)
    test: Any = scipy_stats.quantile_test(values, p=fraction)
    expected = test.confidence_interval(confidence_level=0.95)
    assert (low, high) == pytest.approx((expected.low, expected.high), rel=0.002)


def test_a_quantiles_interval_covers_it_whatever_the_distribution() -> None:
    random = np.random.default_rng(5)
    truth = float(np.exp(-4 + 0.6 * scipy_stats.norm.ppf(0.95)))
    intervals = [
        stats.quantile_interval(Histogram.of(random.lognormal(-4, 0.6, 400)), 0.95, 400, 0.95) for _ in range(200)
    ]
    assert np.mean([low * 0.998 <= truth <= high * 1.002 for low, high in intervals]) >= 0.93


def test_fewer_effective_events_widen_a_quantiles_interval() -> None:
    histogram = Histogram.of(np.random.default_rng(7).lognormal(-4, 0.6, 3000))
    narrow, wide = (stats.quantile_interval(histogram, 0.95, events, 0.95) for events in (3000, 300))
    assert wide.low < narrow.low < histogram.quantile(0.95) < narrow.high < wide.high


def test_too_few_events_for_a_rank_end_at_the_longest() -> None:
    histogram = Histogram.of([0.01, 0.02, 0.03])
    assert stats.quantile_interval(histogram, 0.99, 3, 0.95).high == histogram.quantile(1.0)


@pytest.mark.parametrize(("limit", "confidence", "events"), [(0.001, 0.95, 3688), (0.05, 0.95, 72), (0.01, 0.99, 528)])
def test_deciding_events_are_the_fewest_that_prove_a_limit(limit: float, confidence: float, events: int) -> None:
    assert stats.deciding_events(limit, confidence) == events
    assert stats.clopper_pearson(0, events, confidence).high <= limit
    assert stats.clopper_pearson(0, events - 1, confidence).high > limit


def test_a_mean_ratio_has_the_interval_of_students_t_on_logarithms() -> None:
    ratios = [1.9, 2.1, 2.4, 1.7, 2.0, 2.2]
    logarithms = np.log(ratios)
    expected = scipy_stats.t.interval(0.95, len(ratios) - 1, logarithms.mean(), scipy_stats.sem(logarithms))
    found = stats.mean_ratio(ratios, 0.95)
    assert found == pytest.approx((scipy_stats.gmean(ratios), *np.exp(expected)))


def test_a_ratio_and_its_inverse_say_the_same() -> None:
    ratios = [0.5, 0.7, 0.4, 0.55]
    there, back = stats.mean_ratio(ratios, 0.95), stats.mean_ratio([1 / ratio for ratio in ratios], 0.95)
    assert (1 / back.value, 1 / back.high, 1 / back.low) == pytest.approx(there)


def test_one_ratio_has_no_bounds() -> None:
    assert tuple(stats.mean_ratio([3.0], 0.95)) == pytest.approx((3.0, 0.0, np.inf))


@pytest.mark.parametrize("number", [6, 9, 20, 101])
def test_a_medians_interval_has_the_ranks_of_the_sign_test(number: int) -> None:
    values = np.random.default_rng(number).normal(size=number)
    test: Any = scipy_stats.quantile_test(values, p=0.5)
    expected = test.confidence_interval(confidence_level=0.95)
    assert stats.median(values.tolist(), 0.95) == (np.median(values), expected.low, expected.high)


def test_a_median_of_few_values_has_no_bounds() -> None:
    assert stats.median([1.0, 2.0, 4.0], 0.95) == (2.0, -np.inf, np.inf)


def test_values_that_are_far_off_move_neither_median_nor_interval() -> None:
    values = [float(number) for number in range(1, 22)]
    assert stats.median([*values[:-3], 1e9, 1e9, 1e9], 0.95) == stats.median(values, 0.95)
