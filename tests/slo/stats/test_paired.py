"""Ranks of paired differences, against SciPy and against every choice of signs."""

from __future__ import annotations

from itertools import product
from statistics import median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats as scipy_stats

from slo.stats import hodges_lehmann, signed_rank

DARWIN = [49, -67, 8, 16, 6, 23, 28, 41, 14, 29, 56, 24, 75, 60, -48]
"""Heights of crossed less self-fertilised maize, in eighths of an inch: Fisher, The Design of Experiments (1935)."""
WHOLE = st.lists(st.integers(-4, 4), min_size=1, max_size=9)


def test_the_middle_is_the_median_of_all_averages_of_two() -> None:
    averages = [(one + other) / 2 for place, one in enumerate(DARWIN) for other in DARWIN[place:]]
    assert hodges_lehmann(DARWIN) == median(averages)


@given(WHOLE, st.integers(-9, 9))
def test_the_middle_moves_with_the_values_and_turns_with_their_sign(values: list[int], by: int) -> None:
    middle = hodges_lehmann(values)
    assert hodges_lehmann([value + by for value in values]) == pytest.approx(middle + by)
    assert hodges_lehmann([-value for value in values]) == pytest.approx(-middle)


def test_a_quarter_of_wild_values_does_not_carry_the_middle_away() -> None:
    assert hodges_lehmann([*range(15), *([1e9] * 5)]) < 15


@pytest.mark.parametrize("number", [3, 15, 49, 50])
def test_p_is_scipys_exact_one(number: int) -> None:
    values = np.random.default_rng(number).normal(0.2, 1, number)
    exact = scipy_stats.wilcoxon(values, alternative="greater", method="exact").pvalue
    assert signed_rank(values.tolist()) == pytest.approx(exact, rel=1e-9)


def test_many_values_with_ties_and_zeros_are_scipys_normal_ones() -> None:
    values = np.round(np.random.default_rng(1).normal(0.3, 2, 200))
    expected = scipy_stats.wilcoxon(
        values, zero_method="pratt", alternative="greater", correction=True, method="approx"
    ).pvalue
    assert signed_rank(values.tolist()) == pytest.approx(expected, rel=1e-9)


@given(WHOLE)
def test_few_values_with_ties_and_zeros_are_counted_out(values: list[int]) -> None:
    ranks = scipy_stats.rankdata(np.abs(values))
    kept = [rank for rank, value in zip(ranks, values, strict=True) if value]
    seen = sum(rank for rank, value in zip(ranks, values, strict=True) if value > 0)
    sums = [
        sum(rank for rank, up in zip(kept, signs, strict=True) if up) for signs in product((0, 1), repeat=len(kept))
    ]
    assert signed_rank(values) == pytest.approx(sum(each >= seen for each in sums) / len(sums))


def test_a_shift_is_what_the_location_must_exceed() -> None:
    assert signed_rank(DARWIN, shift=10) == signed_rank([value - 10 for value in DARWIN])
    assert signed_rank([3.0, 3.0], shift=3.0) == 1
