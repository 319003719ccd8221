"""Dominant colours: means of the groups that the colours of a picture fall into, told apart as eyes do."""

from __future__ import annotations

from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from service.pictures.pixels import Pixels
from service.workloads.images.messages import Colour

Lab: TypeAlias = NDArray[np.float32]

EDGE = 64
"""Colours are counted in a picture of this size."""
MOST_COLOURS = 6
LEAST_SHARE = 0.02

_APART: Final = 14.0
"""Distance in CIELAB below which two groups are one colour."""
_ROUNDS: Final = 6
_SETTLED: Final = 0.1


def dominant(pixels: Pixels) -> tuple[Colour, ...]:
    """The dominant colours of a small BGR picture, the most frequent first; the same for the same picture."""
    points = _lab(pixels).reshape(-1, 3)
    centres = _first_centres(points, pixels.reshape(-1, 3))
    for _ in range(_ROUNDS):
        counts, means = _means(points, _nearest(points, centres), len(centres))
        moved = means[counts > 0]
        if moved.shape == centres.shape and np.abs(moved - centres).max() < _SETTLED:
            break
        centres = moved
    return _told(centres, points)


def _first_centres(points: Lab, pixels: Pixels) -> Lab:
    """Means of the fullest cells of the colour cube that are apart from each other."""
    cells = (pixels >> 5).astype(np.intp) @ np.array([64, 8, 1])
    counts, means = _means(points, cells, 512)
    fullest = np.argsort(-counts, kind="stable")[: 4 * MOST_COLOURS]
    centres: list[NDArray[np.float32]] = []
    for cell in fullest[counts[fullest] > 0]:
        if all(((means[cell] - other) ** 2).sum() >= _APART**2 for other in centres):
            centres.append(means[cell])
    return np.array(centres[:MOST_COLOURS], dtype=np.float32)


def _means(points: Lab, groups: NDArray[np.intp], number: int) -> tuple[NDArray[np.intp], Lab]:
    """How many points each group has, and their mean; that of an empty one is nothing."""
    counts = np.bincount(groups, minlength=number)
    sums = np.stack([np.bincount(groups, points[:, axis], number) for axis in range(3)], axis=1)
    return counts, np.asarray(sums / np.maximum(counts, 1)[:, None], dtype=np.float32)


def _nearest(points: Lab, centres: Lab) -> NDArray[np.intp]:
    """The number of the nearest centre, for each point."""
    distances = (centres**2).sum(axis=1) - 2 * (points @ centres.T)
    return np.asarray(np.argmin(distances, axis=1), dtype=np.intp)


def _told(centres: Lab, points: Lab) -> tuple[Colour, ...]:
    counts = np.bincount(_nearest(points, centres), minlength=len(centres))
    shares = counts / counts.sum()
    order = [place for place in np.argsort(-counts, kind="stable") if shares[place] >= LEAST_SHARE]
    colours = cv2.cvtColor(centres[order][None], cv2.COLOR_Lab2RGB)[0]
    codes = np.clip(np.rint(colours * 255), 0, 255).astype(np.uint8)
    return tuple(
        Colour(hex=f"#{code.tobytes().hex()}", share=round(float(shares[place]), 4))
        for code, place in zip(codes, order, strict=True)
    )


def _lab(pixels: Pixels) -> Lab:
    return np.asarray(cv2.cvtColor(pixels.astype(np.float32) / 255, cv2.COLOR_BGR2Lab), dtype=np.float32)
