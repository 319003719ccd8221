"""How many changed copies of photos are taken for the same product, and how many different products are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import cv2
import msgspec
import numpy as np

from service.pictures.pixels import Pixels
from service.workloads.products import near_duplicates, pictures
from service.workloads.products.network import Floats


class Copies(msgspec.Struct, frozen=True):
    """What became of pictures that were changed in one way; texts are not there."""

    kind: str
    pairs: int
    same: int
    """Taken for one product."""


def _jpeg(picture: Pixels) -> Pixels:
    _, content = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 40])
    return np.asarray(cv2.imdecode(content, cv2.IMREAD_COLOR), np.uint8)


def _half(picture: Pixels) -> Pixels:
    return np.asarray(cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA), np.uint8)


def _cropped(picture: Pixels) -> Pixels:
    rows, columns = (side // 33 for side in picture.shape[:2])
    return picture[rows : -rows or None, columns : -columns or None]


def _brighter(picture: Pixels) -> Pixels:
    return np.asarray(cv2.convertScaleAbs(picture, alpha=1.1, beta=10), np.uint8)


CHANGES: Final[Mapping[str, Callable[[Pixels], Pixels]]] = {
    "JPEG of quality 40": _jpeg,
    "half as large": _half,
    "3 % cut off at each side": _cropped,
    "a tenth brighter": _brighter,
}


def measured(photos: Sequence[Pixels], vectors: Floats) -> list[Copies]:
    """Each photo with itself, changed in each way; then all pairs of different photos."""
    found = [
        _judged(kind, np.einsum("nd,nd->n", vectors, pictures.of_pixels([change(photo) for photo in photos])))
        for kind, change in CHANGES.items()
    ]
    return [*found, _judged("different photos", (vectors @ vectors.T)[np.triu_indices(len(vectors), 1)])]


def _judged(kind: str, likeness: Floats) -> Copies:
    same = near_duplicates.are_same(likeness, np.full(len(likeness), -1, np.float32))
    return Copies(kind, len(likeness), int(same.sum()))
