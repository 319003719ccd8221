"""Dominant colours."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.pictures.pixels import fitted
from service.workloads.images.colours import LEAST_SHARE, MOST_COLOURS, dominant
from tests.service.pictures.drawing import photo


def test_the_colours_of_a_flag_and_their_shares() -> None:
    flag = np.zeros((60, 60, 3), np.uint8)
    flag[:30], flag[30:45], flag[45:] = (45, 43, 213), (255, 255, 255), (168, 56, 0)
    told = dominant(flag)
    assert [colour.share for colour in told] == [0.5, 0.25, 0.25]
    assert told[0].hex == "#d52b2d"
    assert {colour.hex for colour in told} == {"#d52b2d", "#ffffff", "#0038a8"}


@pytest.mark.parametrize("noise", [1, 3])
def test_what_eyes_take_for_one_colour_is_one(noise: int) -> None:
    random = np.random.default_rng(1)
    wall = np.clip(random.normal(128, noise, (64, 64, 3)), 0, 255).astype(np.uint8)
    (colour,) = dominant(wall)
    assert colour.share == 1


@given(st.integers(0, 10_000))
def test_colours_come_by_share_and_again_the_same(seed: int) -> None:
    picture = fitted(photo(96, 64, seed), 64)
    told = dominant(picture)
    shares = [colour.share for colour in told]
    assert 1 <= len(told) <= MOST_COLOURS
    assert shares == sorted(shares, reverse=True)
    assert min(shares) >= LEAST_SHARE
    assert sum(shares) <= 1.001
    assert told == dominant(picture)


def test_one_pixel_has_one_colour() -> None:
    (colour,) = dominant(np.array([[[1, 2, 3]]], np.uint8))
    assert (colour.hex, colour.share) == ("#030201", 1.0)
