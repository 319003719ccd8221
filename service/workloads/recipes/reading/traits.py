"""What a picture of text looks like, and so which engine reads it best."""

from __future__ import annotations

from typing import Final, NamedTuple

import cv2
import numpy as np

from service.pictures.pixels import Pixels, fitted, grey

EDGE: Final = 1_024
"""Pixels of the longer side at which a picture is looked at."""
TILES: Final = 12
"""Each way."""
EVEN: Final = 0.06
CALM: Final = 0.012
STRONG: Final = 0.35


class Traits(NamedTuple):
    """All as shares of the full scale of brightness."""

    unevenness: float
    """How much the brightness of the paper varies over the page: shadows, and tables that it lies on."""
    noise: float
    """How much it varies from one place to the next: grain, and JPEG's marks."""
    contrast: float
    """Between paper and ink."""

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why it would be no clean print; none if it is."""
        found = (
            (self.unevenness > EVEN, "the paper is lit unevenly"),
            (self.noise > CALM, "the picture has noise"),
            (self.contrast < STRONG, "ink and paper are much alike"),
        )
        return tuple(doubt for is_so, doubt in found if is_so)


def traits_of(pixels: Pixels) -> Traits:
    """How ``pixels`` (BGR) look; some milliseconds."""
    brightness = fitted(grey(pixels), EDGE).astype(np.float32) / 255
    rows = np.array_split(brightness, TILES)
    tiles = [tile for row in rows for tile in np.array_split(row, TILES, axis=1) if tile.size]
    papers = np.array([np.quantile(tile, 0.8) for tile in tiles])
    detail = np.abs(brightness - cv2.GaussianBlur(brightness, (0, 0), 1.5))
    quiet = [np.median(part) for row in np.array_split(detail, TILES) for part in np.array_split(row, TILES, axis=1)]
    return Traits(
        unevenness=float(np.quantile(papers, 0.95) - np.quantile(papers, 0.05)),
        noise=float(np.median(quiet)),
        contrast=float(np.median(papers) - np.quantile(brightness, 0.01)),
    )
