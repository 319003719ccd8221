"""Files of pictures to vectors that are near one another where the pictures look alike.

A picture is looked at twice, and the two are added: its middle, where the product is, and the same a little wider and
mirrored. Measured on photos that nothing was fitted on, see ``tests/benchmarks/products``.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from service.core.errors import AnalysisError
from service.workloads.products import network
from service.workloads.products.network import Floats

if TYPE_CHECKING:
    from service.pictures.pixels import Pixels

LENGTH: Final = network.LENGTH
SIDE: Final = 288
"""Of the square that the network sees: it learned with 224, and tells products better apart with a little more."""
MIDDLE: Final = 0.875
"""The share of the shorter side that the first look takes."""
EDGE: Final = 512
"""Pixels of the longer side that are decoded."""
TOGETHER: Final = 4
"""Pictures that the network sees at a time; more take more memory and no less time."""


def vectors(images: Sequence[bytes]) -> Floats:
    """One unit vector a picture, as rows (n, `LENGTH`); the AnalysisError of the first that cannot be decoded."""
    found = outcomes(images)
    for outcome in found:
        if isinstance(outcome, AnalysisError):
            raise outcome
    return np.array(found, np.float32).reshape(-1, LENGTH)


def outcomes(images: Sequence[bytes]) -> list[Floats | AnalysisError]:
    """For each picture its unit vector (`LENGTH`,), or why it has none."""
    from service.pictures.decoding import decoded

    found: list[Floats | AnalysisError] = []
    for start in range(0, len(images), TOGETHER):
        part: list[Pixels | AnalysisError] = []
        for image in images[start : start + TOGETHER]:
            try:
                part.append(decoded(image, EDGE).pixels)
            except AnalysisError as error:
                part.append(error)
        told = iter(of_pixels([one for one in part if not isinstance(one, AnalysisError)]))
        found += [one if isinstance(one, AnalysisError) else next(told) for one in part]
    return found


def of_pixels(pictures: Sequence[Pixels]) -> Floats:
    """As `vectors`, of pictures (rows, columns, 3) that are decoded already."""
    if not pictures:
        return np.zeros((0, LENGTH), np.float32)
    looks = network.seen(np.stack([look for picture in pictures for look in _looks(picture)]))
    sums = looks.reshape(len(pictures), -1, LENGTH).sum(axis=1)
    unit: Floats = sums / np.linalg.norm(sums, axis=1, keepdims=True)
    return unit


def _looks(picture: Pixels) -> Iterator[Pixels]:
    yield _square(picture, MIDDLE)
    yield _square(picture, 1.0)[:, ::-1]


def _square(picture: Pixels, share: float) -> Pixels:
    """The middle of ``picture`` in the size that the network sees."""
    import cv2

    rows, columns = picture.shape[:2]
    side = max(1, int(min(rows, columns) * share))
    top, left = (rows - side) // 2, (columns - side) // 2
    way = cv2.INTER_AREA if side > SIDE else cv2.INTER_LINEAR
    part = picture[top : top + side, left : left + side]
    return np.asarray(cv2.resize(part, (SIDE, SIDE), interpolation=way), np.uint8)
