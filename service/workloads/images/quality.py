"""How well a picture was taken: sharp or not, bright enough, full of contrast."""

from __future__ import annotations

from itertools import pairwise
from math import sqrt
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from service.pictures.pixels import Pixels
from service.workloads.images.messages import Exposure, Quality

EDGE = 1_024
"""Sharpness is judged at this size: what nobody sees on a screen is no blur."""
WEAK_DETAIL = 10.0
WIDE_EDGES = 1.4
"""A picture is blurred whose detail is weaker than that, and whose edges are wider (the ratio is lower): of photos the
first tells enough; drawings have little detail, and edges that are not wide. docs/images.md has the photos that set it.
"""

_TILES: Final = 8
_STEEPEST: Final = 6
"""Tiles in which the width of edges is measured."""
_LEAST_CONTRAST: Final = 2.0
"""Luma's standard deviation in a picture that has nothing to be sharp; of 255."""
_BLACK, _WHITE = 8, 247
_DARK, _LIGHT = 0.4, 0.6


def quality_of(fine: Pixels, small: Pixels) -> Quality:
    """The quality of a picture in grey: ``fine``, its longer side `EDGE` at most, and smaller, which tells of light."""
    shares = cv2.calcHist([small], [0], None, [256], [0, 256]).ravel().astype(np.float64) / small.size
    levels = np.arange(256) / 255
    mean = float(shares @ levels)
    deviation = sqrt(shares @ (levels - mean) ** 2)
    (sharpness, steepness) = (min(found) for found in zip(_detail(fine, 1, 0), _detail(fine, 0, 1), strict=True))
    is_blurred = sharpness < WEAK_DETAIL and steepness < WIDE_EDGES
    return Quality(
        sharpness=round(sharpness, 2),
        is_blurred=is_blurred if deviation * 255 >= _LEAST_CONTRAST else None,
        brightness=round(mean, 4),
        contrast=round(deviation, 4),
        underexposed=round(float(shares[: _BLACK + 1].sum()), 4),
        overexposed=round(float(shares[_WHITE:].sum()), 4),
        exposure=_exposure(shares),
    )


def _detail(grey: Pixels, across: int, down: int) -> tuple[float, float]:
    """How strong the detail is in one direction, and how steep the edges are.

    Strength is the root mean square of the second derivative in the tile that a tenth of all exceed: a subject in focus
    fills few tiles. Steepness is its ratio to that of the first derivative, where that is largest. A shaken picture
    keeps both in one direction.
    """
    bends = _powers(grey, 2 * across, 2 * down)
    slopes = _powers(grey, across, down) / 4  # Sobel's kernel of size 1 is the slope over two pixels
    steepest = np.argsort(slopes)[-_STEEPEST:]
    steepness = bends[steepest].sum() / (slopes[steepest].sum() + _STEEPEST)
    return sqrt(np.percentile(bends, 90)), sqrt(steepness)


def _powers(grey: Pixels, across: int, down: int) -> NDArray[np.float64]:
    """Mean squares of a derivative in the tiles of a picture, a row of them at a time, as that stays in the cache."""
    rows, columns = (np.linspace(0, side, _TILES + 1).astype(int) for side in grey.shape)
    powers = []
    for top, end in pairwise(rows):
        margin = int(top > 0)
        values = cv2.Sobel(grey[top - margin : end + 1], cv2.CV_32F, across, down, ksize=1)[margin : margin + end - top]
        tiles = (values[:, left:right] for left, right in pairwise(columns))
        powers += [cv2.norm(tile, cv2.NORM_L2SQR) / tile.size for tile in tiles if tile.size]
    return np.array(powers)


def _exposure(shares: NDArray[np.float64]) -> Exposure:
    reached = np.cumsum(shares)
    darkest, lightest = np.searchsorted(reached, (0.05, 0.95)) / 255
    if lightest < _DARK:
        return "under"
    return "over" if darkest > _LIGHT else "normal"
