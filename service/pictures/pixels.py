"""Pictures in memory, converted, made smaller and turned upright. They are BGR or grey, 8 bits, rows first."""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from service.pictures.exif import ExifValue
from service.pictures.sniffing import PictureFormat

Pixels: TypeAlias = NDArray[np.uint8]

HALVED: Final = (512, 256, 128)
LARGE: Final = 1_000
"""Of a picture with longer sides, nobody misses an odd last row or column."""


class Decoded(NamedTuple):
    """A picture, and what its file says about it."""

    pixels: Pixels
    """Upright BGR, often smaller than the file says."""
    format: PictureFormat
    width: int
    height: int
    orientation: int
    is_animated: bool
    is_damaged: bool
    exif: dict[str, ExifValue]


def fitted_size(width: int, height: int, edge: int) -> tuple[int, int]:
    """``width`` and ``height`` so that the longer of both is ``edge`` at most; never larger than before."""
    longer = max(width, height)
    if longer <= edge:
        return width, height
    return max(1, round(width * edge / longer)), max(1, round(height * edge / longer))


def fitted(pixels: Pixels, edge: int, way: int = cv2.INTER_AREA) -> Pixels:
    """``pixels`` with a longer side of ``edge`` at most, each new pixel the mean of those that it stands for.

    Halves are taken first: OpenCV averages two by two fifteen times as fast as by any other ratio. The last step may go
    another of its ``INTER_…`` ways.
    """
    height, width = pixels.shape[:2]
    size = fitted_size(width, height, edge)
    if size == (width, height):
        return pixels
    while min(width // size[0], height // size[1]) >= 2 and (max(width, height) > LARGE or not (width | height) & 1):
        even = pixels[: height & ~1, : width & ~1]
        width, height = width // 2, height // 2
        pixels = _resized(even, (width, height), cv2.INTER_AREA)
    return pixels if size == (width, height) else _resized(pixels, size, way)


def shrunk(pixels: Pixels, times: int) -> Pixels:
    """``pixels`` with sides a whole number of ``times`` shorter, and never gone."""
    height, width = pixels.shape[:2]
    size = max(1, width // times), max(1, height // times)
    return _resized(pixels[: size[1] * times, : size[0] * times], size, cv2.INTER_AREA)


class Pyramid:
    """A picture in the sizes that are asked for, each made once.

    Halves of `HALVED` are made of one another, whatever else is asked for, so that they are always the same.
    """

    def __init__(self, pixels: Pixels) -> None:
        self.pixels = pixels
        self._levels: dict[int, Pixels] = {}

    def at(self, edge: int) -> Pixels:
        """The picture with a longer side of ``edge`` at most."""
        level = self._levels.get(edge)
        if level is None:
            source = self.at(2 * edge) if 2 * edge in HALVED else self.pixels
            level = self._levels[edge] = fitted(source, edge)
        return level


def upright(pixels: Pixels, orientation: int) -> Pixels:
    """``pixels`` turned and mirrored as EXIF's ``orientation`` (1 to 8) says."""
    if orientation in (5, 6, 7, 8):
        pixels = np.swapaxes(pixels, 0, 1)
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    return np.ascontiguousarray(pixels)


def converted(pixels: Pixels, code: int) -> Pixels:
    """``pixels`` in other channels, as one of OpenCV's ``COLOR_…`` says."""
    return np.asarray(cv2.cvtColor(pixels, code), dtype=np.uint8)


def grey(pixels: Pixels) -> Pixels:
    """The luma of a BGR picture (ITU-R BT.601)."""
    return converted(pixels, cv2.COLOR_BGR2GRAY)


def _resized(pixels: Pixels, size: tuple[int, int], way: int) -> Pixels:
    return np.asarray(cv2.resize(pixels, size, interpolation=way), dtype=np.uint8)
