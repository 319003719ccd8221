"""Figures as a line of text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo.reports.sparkline import sparkline


@given(st.lists(st.none() | st.floats(0, 1e6), max_size=200), st.integers(1, 40))
def test_a_sparkline_is_never_wider_than_asked(values: list[float | None], width: int) -> None:
    assert len(sparkline(tuple(values), width)) == min(width, len(values))


@pytest.mark.parametrize(
    ("values", "line"),
    [((0.0, 50.0, 100.0), "▁▅█"), ((None, 1.0), "·█"), ((0.0, 0.0), "▁▁"), ((), "")],
)
def test_a_sparkline_rises_with_its_values(values: tuple[float | None, ...], line: str) -> None:
    assert sparkline(values) == line
