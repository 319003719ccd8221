"""Sharp or not, dark or light."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from service.pictures.pixels import Pixels, fitted, grey
from service.workloads.images.messages import Quality
from service.workloads.images.quality import quality_of
from tests.service.pictures.drawing import photo


def judged(pixels: Pixels) -> Quality:
    fine = fitted(grey(pixels), 1_024)
    return quality_of(fine, fitted(fine, 512))


def shaken(pixels: Pixels) -> Pixels:
    """Moved to the side while the shutter was open."""
    return np.asarray(cv2.blur(pixels, (25, 1)), np.uint8)


def unfocused(pixels: Pixels) -> Pixels:
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), 5), np.uint8)


def half_unfocused(pixels: Pixels) -> Pixels:
    """A subject in focus before a background that is not."""
    left = pixels.shape[1] // 2
    return np.hstack([pixels[:, :left], unfocused(pixels[:, left:])])


@pytest.mark.parametrize(
    ("spoil", "is_blurred"), [(unfocused, True), (shaken, True), (half_unfocused, False), (np.copy, False)]
)
def test_a_picture_is_blurred_when_nothing_in_it_is_sharp(spoil: Callable[[Pixels], Pixels], is_blurred: bool) -> None:
    for seed in range(3):
        assert judged(spoil(photo(1_024, 768, seed))).is_blurred is is_blurred


def test_a_larger_copy_is_as_sharp() -> None:
    small = photo(1_024, 768)
    large = np.kron(small, np.ones((4, 4, 1), np.uint8))
    assert judged(large).sharpness == pytest.approx(judged(small).sharpness, rel=0.01)


def test_nothing_is_said_of_the_sharpness_of_nothing() -> None:
    quality = judged(np.full((300, 400, 3), 90, np.uint8))
    assert quality.is_blurred is None
    assert (quality.sharpness, quality.contrast, quality.brightness) == (0, 0, round(90 / 255, 4))


@pytest.mark.parametrize(
    ("alpha", "beta", "exposure", "shares"),
    [(1.0, 0, "normal", (0, 0)), (0.3, 0, "under", (0, 0)), (0.3, 190, "over", (0, 0.01)), (0.0, 255, "over", (0, 1))],
)
def test_exposure_is_told_by_the_lightest_and_darkest_parts(
    alpha: float, beta: float, exposure: str, shares: tuple[float, float]
) -> None:
    quality = judged(np.asarray(cv2.convertScaleAbs(photo(), alpha=alpha, beta=beta), np.uint8))
    assert quality.exposure == exposure
    assert (quality.underexposed, quality.overexposed) == pytest.approx(shares, abs=0.2)


def test_a_small_picture_is_judged_too() -> None:
    assert judged(photo(3, 2)).sharpness >= 0
    assert judged(photo(1, 1)).is_blurred is None
