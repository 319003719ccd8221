"""Perceptual hashes: as their authors' code has them, and near for what looks alike."""

from __future__ import annotations

import cv2
import numpy as np
import pdqhash
import pytest

from service.pictures.decoding import decoded
from service.pictures.pixels import Pixels, converted, fitted, grey
from service.workloads.images import hashes
from service.workloads.images.likeness import PDQ_NEAR, is_near
from tests.service.pictures.drawing import file, photo


def reference(pixels: Pixels) -> tuple[str, int]:
    """Hash and quality by the code of PDQ's authors."""
    bits, quality = pdqhash.compute(np.repeat(pixels[:, :, None], 3, axis=2))
    return np.packbits(bits.astype(np.uint8)).tobytes().hex(), quality


@pytest.mark.parametrize("size", [(512, 384), (333, 512), (64, 64), (100, 70), (512, 17)])
def test_pdq_is_that_of_its_authors(size: tuple[int, int]) -> None:
    for seed in range(5):
        pixels = grey(photo(*size, seed=seed))
        ours, quality = hashes.pdq(pixels)
        theirs, their_quality = reference(pixels)
        assert hashes.distance(ours, theirs) <= 2  # strengths that equal the median but for the rounding
        assert abs(quality - their_quality) <= 1


def test_a_flat_picture_has_no_quality() -> None:
    assert hashes.pdq(np.full((300, 400), 77, np.uint8))[1] == 0


def hashed(pixels: Pixels) -> Pixels:
    return hashes.prepared(grey(fitted(pixels, hashes.EDGE)))


CHANGES = {
    "compressed": lambda pixels: file(pixels, quality=40),
    "smaller": lambda pixels: file(fitted(pixels, 300)),
    "another format": lambda pixels: file(pixels, "WEBP", quality=60),
    "brighter": lambda pixels: file(np.asarray(cv2.convertScaleAbs(pixels, alpha=1.1, beta=10), np.uint8)),
    "grey": lambda pixels: file(converted(grey(pixels), cv2.COLOR_GRAY2BGR)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_copy_is_near_and_another_picture_is_not(change: str) -> None:
    originals = [photo(seed=seed) for seed in range(4)]
    known = [hashes.pdq(hashed(original))[0] for original in originals]
    for place, original in enumerate(originals):
        copy = decoded(CHANGES[change](original), hashes.EDGE).pixels
        found = hashes.pdq(hashed(copy))[0]
        near = [number for number, name in enumerate(known) if hashes.distance(name, found) <= PDQ_NEAR]
        assert near == [place]


def test_phash_is_near_for_a_copy_and_far_for_another_picture() -> None:
    one, other = (grey(photo(seed=seed)) for seed in (1, 2))
    copy = fitted(one, 200)
    assert hashes.distance(hashes.phash(one), hashes.phash(copy)) <= 4
    assert hashes.distance(hashes.phash(one), hashes.phash(other)) > 12
    assert len(hashes.phash(one)) == 16


def test_a_copy_that_lost_its_margins_is_near_by_both_hashes() -> None:
    for seed in range(4):
        original = photo(800, 600, seed)
        one, other = hashed(original), hashed(np.ascontiguousarray(original[9:-9, 12:-12]))
        apart = hashes.distance(hashes.pdq(one)[0], hashes.pdq(other)[0])
        assert is_near(apart, hashes.distance(hashes.phash(one), hashes.phash(other)))


@pytest.mark.parametrize(
    ("pdq", "phash", "near"), [(0, 0, True), (31, 64, True), (32, 8, True), (48, 9, False), (49, 0, False)]
)
def test_pictures_are_near_by_pdq_or_by_both(pdq: int, phash: int, near: bool) -> None:
    assert is_near(pdq, phash) is near
