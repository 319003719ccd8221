"""Families, looks, counts and power: known answers, and that error rates are kept."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from slo.stats import (
    LaunchSpread,
    adjusted_for_looks,
    cluster_p,
    holm,
    moderated,
    more_bad,
    share,
    share_difference,
    smallest_change,
    spent,
    wilson,
)
from tests.benchmarks.coverage.designs import LAUNCH_SD, Design

P = st.floats(0, 1)


def test_holm_steps_down() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx((0.03, 0.06, 0.06, 0.02))
    assert holm([]) == ()


@given(st.lists(P, min_size=1, max_size=12))
def test_holm_keeps_the_order_and_lies_between_p_and_bonferroni(values: list[float]) -> None:
    adjusted = holm(values)
    assert [pair[1] for pair in sorted(zip(values, adjusted, strict=True))] == sorted(adjusted)
    for value, other in zip(values, adjusted, strict=True):
        assert value <= other <= min(1, len(values) * value)


@given(st.integers(1, 9), st.floats(0.3, 4), P)
def test_looks_spend_all_of_alpha_and_no_more(looks: int, rho: float, p: float) -> None:
    shares = [share(looks, look, rho=rho) for look in range(1, looks + 1)]
    assert sum(shares) == pytest.approx(1)
    assert spent(0.01, looks, looks, rho=rho) == 0.01
    assert p <= adjusted_for_looks(p, looks, looks, rho=rho) <= 1
    with pytest.raises(ValueError, match="is none of"):
        spent(0.01, looks, looks + 1)


@pytest.mark.parametrize("counts", [(0, 10, 3, 10), (40, 100_000, 60, 100_000), (5, 2000, 5, 1000), (3, 9, 0, 9)])
def test_more_bad_is_fishers_test(counts: tuple[int, int, int, int]) -> None:
    base_bad, base, head_bad, head = counts
    table = np.asarray([[head_bad, head - head_bad], [base_bad, base - base_bad]])
    assert more_bad(*counts) == pytest.approx(scipy_stats.fisher_exact(table, alternative="greater").pvalue, rel=1e-6)


@pytest.mark.parametrize(
    ("head_bad", "head", "base_bad", "base", "low", "high"),
    [(56, 70, 48, 80, 0.0524, 0.3339), (9, 10, 3, 10, 0.1705, 0.8090), (5, 56, 0, 29, -0.0381, 0.1926),
     (0, 10, 0, 20, -0.1611, 0.2775), (10, 10, 0, 20, 0.6791, 1.0)],
)  # fmt: skip
def test_differences_of_shares_are_the_published_ones(
    head_bad: int, head: int, base_bad: int, base: int, low: float, high: float
) -> None:
    """Newcombe (1998), table II, method 10."""
    found = share_difference(base_bad, base, head_bad, head, 0.95)
    assert found == pytest.approx((head_bad / head - base_bad / base, low, high), abs=5e-5)


@pytest.mark.parametrize(("bad", "total"), [(0, 20), (20, 20), (3, 5000)])
def test_wilson_is_scipys(bad: int, total: int) -> None:
    expected = scipy_stats.binomtest(bad, total).proportion_ci(0.95, method="wilson")
    assert wilson(bad, total, 0.95)[1:] == pytest.approx((expected.low, expected.high), abs=1e-12)
    with pytest.raises(ValueError, match="is no share"):
        wilson(total + 1, total, 0.95)


def test_the_smallest_change_is_that_of_the_noncentral_t() -> None:
    change = smallest_change(0.01, 0.0, 5, 10, 0.01, 0.9)
    power = scipy_stats.nct.sf(scipy_stats.t.ppf(0.99, 4), 4, change / (0.01 / math.sqrt(5)))
    assert power == pytest.approx(0.9, abs=0.002)


def test_the_smallest_change_is_found_as_often_as_it_says() -> None:
    random, design, budget = np.random.default_rng(9), Design(5, 12, 0.02), 0.02
    change = smallest_change(LAUNCH_SD, design.window_sd, 5, 12, 0.01, 0.9, budget=budget)
    duels = [design.drawn(random, change) for _ in range(600)]
    found = [cluster_p(duel) < 0.01 and float(np.mean(duel)) > budget for duel in duels]
    assert np.mean(found) == pytest.approx(0.9, abs=0.04)


def test_a_budget_a_prior_and_more_launches_move_the_smallest_change() -> None:
    def found(launches: int = 5, budget: float = 0.0, prior_degrees: float = 0.0) -> float:
        return smallest_change(0.008, 0.02, launches, 8, 0.001, 0.95, budget=budget, prior_degrees=prior_degrees)

    assert found(prior_degrees=12) < found() < found(launches=4)
    assert found(budget=0.1) > 0.1
    assert found(launches=1) == math.inf


def test_the_spread_of_launches_is_drawn_towards_what_is_usual() -> None:
    launches, prior = [[0.01], [0.03], [0.05]], LaunchSpread(0.0001, 4.0)
    own = np.var([0.01, 0.03, 0.05], ddof=1)
    assert moderated(launches) == pytest.approx((own, 2.0))
    assert moderated(launches, prior) == pytest.approx(((4 * 0.0001 + 2 * own) / 6, 6.0))
    assert moderated(launches, prior._replace(degrees=100.0)).degrees == 2 + 3 * 2, "the own spread keeps a quarter"
    assert moderated(launches[:1], prior) == (math.inf, 0.0)
