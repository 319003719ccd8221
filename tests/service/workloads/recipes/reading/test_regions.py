"""Regions of a page that is turned, and of one that was not held straight."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.workloads.recipes.page import Rotation
from service.workloads.recipes.reading.regions import cut_out, levelled, slope, turned
from tests.service.pictures.drawing import photo

WIDTH, HEIGHT = 120, 80


@given(
    st.integers(0, 60), st.integers(0, 40), st.integers(8, 50), st.integers(8, 35), st.sampled_from(get_args(Rotation))
)
def test_what_is_seen_in_a_region_turns_with_the_page(
    left: int, top: int, width: int, height: int, rotation: Rotation
) -> None:
    page = photo(WIDTH, HEIGHT)
    right, bottom = left + width, top + height
    quad = np.array([[[left, top], [right, top], [right, bottom], [left, bottom]]], np.float32)
    way = np.ascontiguousarray(np.rot90(page, -rotation // 90))
    seen = cut_out(way, turned(quad, rotation, HEIGHT, WIDTH)[0])
    before = np.rot90(cut_out(page, quad[0]), -rotation // 90)
    assert seen.shape == before.shape
    # the border is the next pixel's, which lies on the other side once the region is turned
    assert np.abs(seen[2:-2, 2:-2].astype(int) - before[2:-2, 2:-2]).mean() < 40


@given(st.floats(-20, 20), st.lists(st.floats(30, 400), min_size=1, max_size=8))
def test_lines_that_fall_are_levelled(degrees: float, tops: list[float]) -> None:
    angle = np.radians(degrees)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    middle = np.array([300.0, 250.0])
    level = np.array([[[100, y], [400, y], [400, y + 20], [100, y + 20]] for y in tops])
    fallen = ((level - middle) @ turn + middle).astype(np.float32)
    assert slope(fallen) == pytest.approx(degrees, abs=0.01)
    for box, top in zip(levelled(fallen, 600, 500), tops, strict=True):
        assert (box.left, box.top, box.right, box.bottom) == pytest.approx((100, top, 400, top + 20), abs=0.1)
