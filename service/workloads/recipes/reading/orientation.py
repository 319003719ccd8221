"""Which of four ways a picture lies. Text shows it: lines lie, and letters have a top."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from service.pictures.pixels import Pixels, fitted
from service.workloads.recipes.page import Rotation
from service.workloads.recipes.reading.rapid import Line, Rapid
from service.workloads.recipes.reading.regions import Quads, cut_out, sizes, stand_upright, turned

EDGE: Final = 640
"""Pixels of the longer side at which text is looked for: enough to see how it lies, at a fifth of the price."""
SAMPLE: Final = 16
"""Regions whose letters are looked at; the longest, as far as length tells more."""
LONG_ENOUGH: Final = 12.0
"""Times its height."""
CLEAR: Final = 0.25
"""Of 1: where letters have a top less clearly, some regions are read both ways."""
READ: Final = 6
"""Regions that are."""


class Upright(NamedTuple):
    """A picture that was turned until its text can be read."""

    pixels: Pixels
    rotation: Rotation
    """Degrees, clockwise, by which it was."""
    regions: int
    """How many with text there seem to be, at a fleeting look."""


def upright(pixels: Pixels, reader: Rapid) -> Upright:
    """``pixels`` as they have to be held."""
    small = fitted(pixels, EDGE)
    quads = reader.glanced(small) * (max(pixels.shape[:2]) / max(small.shape[:2]))
    if not len(quads):
        return Upright(pixels, 0, 0)
    rotation: Rotation = 0
    if stand_upright(quads):
        pixels, quads, rotation = _turned(pixels, 90), turned(quads, 90, *pixels.shape[:2]), 90
    if _is_upside_down(pixels, quads, reader):
        pixels, rotation = _turned(pixels, 180), 270 if rotation else 180
    return Upright(pixels, rotation, len(quads))


def _turned(pixels: Pixels, rotation: Rotation) -> Pixels:
    return np.ascontiguousarray(np.rot90(pixels, -rotation // 90))


def _is_upside_down(pixels: Pixels, quads: Quads, reader: Rapid) -> bool:
    widths, heights = sizes(quads)
    longest = np.argsort(-np.minimum(widths / np.maximum(heights, 1), LONG_ENOUGH), kind="stable")[:SAMPLE]
    regions = [cut_out(pixels, quads[place]) for place in longest]
    over = [_turned(region, 180) for region in regions]
    clear = float(np.mean(reader.upright(regions)) - np.mean(reader.upright(over))) / 2
    if abs(clear) >= CLEAR:
        return clear < 0
    return _sense(reader.read(over[:READ])) > _sense(reader.read(regions[:READ]))


def _sense(lines: list[Line]) -> float:
    """How sure one is of all that was read, by the letter; 0 for nothing."""
    letters = sum(len(line.text) for line in lines)
    return sum(len(line.text) * line.confidence for line in lines) / letters if letters else 0.0
