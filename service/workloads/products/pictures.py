"""Files of pictures to vectors that are near one another where the pictures look alike.

A picture is looked at three times, from nearer and from farther, once mirrored, and what was seen is added. Which looks
those are was chosen on photos of clothes and measured on photos of groceries: see ``tests/benchmarks/products``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from service.core.errors import AnalysisError
from service.workloads.products import network
from service.workloads.products.network import Floats

if TYPE_CHECKING:
    from service.pictures.pixels import Pixels

LENGTH: Final = network.LENGTH
EDGE: Final = 512
"""Pixels of the longer side that are decoded."""


class Look(NamedTuple):
    """A square from the middle of a picture."""

    side: int
    """In the size that the network sees, a multiple of `network.STEP`."""
    share: float
    """Of the shorter side of the picture."""
    is_mirrored: bool = False


LOOKS: Final = (Look(224, 0.875), Look(256, 1.0, is_mirrored=True), Look(288, 0.7))


def vectors(images: Sequence[bytes]) -> Floats:
    """One unit vector a picture, as rows (n, `LENGTH`); the AnalysisError of the first that cannot be decoded."""
    found = outcomes(images)
    for outcome in found:
        if isinstance(outcome, AnalysisError):
            raise outcome
    return np.array(found, np.float32).reshape(-1, LENGTH)


def outcomes(images: Sequence[bytes]) -> list[Floats | AnalysisError]:
    """For each picture its unit vector (`LENGTH`,), or why it has none."""
    return [_outcome(image) for image in images]


def of_pixels(pictures: Sequence[Pixels], looks: Sequence[Look] = LOOKS) -> Floats:
    """As `vectors`, of pictures (rows, columns, 3) that are decoded already.

    They are seen one by one: together they would take more memory, and no less time.
    """
    return np.array([_seen(picture, looks) for picture in pictures], np.float32).reshape(-1, LENGTH)


def _outcome(image: bytes) -> Floats | AnalysisError:
    from service.pictures.decoding import decoded

    try:
        return _seen(decoded(image, EDGE).pixels, LOOKS)
    except AnalysisError as error:
        return error


def _seen(picture: Pixels, looks: Sequence[Look]) -> Floats:
    told = np.concatenate([network.seen(_square(picture, look)[None]) for look in looks])
    total = (told / np.linalg.norm(told, axis=1, keepdims=True)).sum(axis=0)
    unit: Floats = total / np.linalg.norm(total)
    return unit


def _square(picture: Pixels, look: Look) -> Pixels:
    """The part of ``picture`` that is looked at, in the size that the network sees."""
    import cv2

    rows, columns = picture.shape[:2]
    side = max(1, int(min(rows, columns) * look.share))
    top, left = (rows - side) // 2, (columns - side) // 2
    way = cv2.INTER_AREA if side > look.side else cv2.INTER_LINEAR
    part = picture[top : top + side, left : left + side]
    scaled = np.asarray(cv2.resize(part, (look.side, look.side), interpolation=way), np.uint8)
    return np.ascontiguousarray(scaled[:, ::-1]) if look.is_mirrored else scaled
