from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests._payloads._sizes import Lognormal, SizeTable

DRAWS = 20_000


def test_a_table_draws_its_sizes_as_often_as_it_says() -> None:
    table, random = SizeTable({1: 7.0, 10: 2.0, 100: 1.0}), Random(5)
    drawn = [table.draw(random) for _ in range(DRAWS)]
    assert {size: drawn.count(size) / DRAWS for size in set(drawn)} == pytest.approx(
        {1: 0.7, 10: 0.2, 100: 0.1}, abs=0.015
    )
    assert table.mean == pytest.approx(12.7)


def test_a_lognormal_has_the_median_and_the_tail_that_it_says() -> None:
    sizes, random = Lognormal(median=50.0, sigma=1.0, most=1000), Random(5)
    drawn = sorted(sizes.draw(random) for _ in range(DRAWS))
    assert drawn[DRAWS // 2] == pytest.approx(50, rel=0.05)
    assert sum(size > 50 * 2.71828 for size in drawn) / DRAWS == pytest.approx(0.159, abs=0.01)
    assert drawn[-1] <= 1000
    assert sum(drawn) / DRAWS == pytest.approx(sizes.mean, rel=0.03)


@given(st.floats(1.0, 1000.0), st.floats(0.01, 4.0), st.integers(1, 1000), st.integers())
def test_sizes_stay_within_their_bounds(median: float, sigma: float, most: int, seed: int) -> None:
    sizes = Lognormal(median=median, sigma=sigma, most=most)
    assert all(1 <= sizes.draw(random) <= most for random in [Random(seed)] for _ in range(20))
    assert 1.0 <= sizes.mean <= most
