"""Which of four ways a picture lies. Text shows it: lines lie, and read upside down they make no sense."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from service.pictures.pixels import Pixels
from service.workloads.recipes.page import Rotation
from service.workloads.recipes.reading.rapid import Line, Rapid
from service.workloads.recipes.reading.regions import Quads, cut_out, sizes, stand_upright, turned_over

SAMPLE: Final = 8
"""Regions that are read to find out what is up."""
SURE: Final = 0.9
"""Nobody reads letters upside down with so much confidence."""


class Upright(NamedTuple):
    """A picture that was turned, and where text is in it."""

    pixels: Pixels
    quads: Quads
    rotation: Rotation


def upright(pixels: Pixels, reader: Rapid) -> Upright:
    """``pixels`` turned until its text can be read."""
    quads = reader.found(pixels)
    rotation = 0
    if len(quads) and stand_upright(quads):
        pixels, rotation = np.ascontiguousarray(np.rot90(pixels, -1)), 90
        quads = reader.found(pixels)
    if len(quads) and _is_upside_down(pixels, quads, reader):
        height, width = pixels.shape[:2]
        pixels = np.ascontiguousarray(pixels[::-1, ::-1])
        quads, rotation = turned_over(quads, width, height), rotation + 180
    return Upright(pixels, quads, _ROTATIONS[rotation])


_ROTATIONS: Final[dict[int, Rotation]] = {0: 0, 90: 90, 180: 180, 270: 270}


def _is_upside_down(pixels: Pixels, quads: Quads, reader: Rapid) -> bool:
    widths, heights = sizes(quads)
    longest = np.argsort(-np.minimum(widths / np.maximum(heights, 1), 12), kind="stable")[:SAMPLE]
    regions = [cut_out(pixels, quads[place]) for place in longest]
    as_it_is = _sense(reader.read(regions))
    if as_it_is >= SURE:
        return False
    return _sense(reader.read([np.ascontiguousarray(region[::-1, ::-1]) for region in regions])) > as_it_is


def _sense(lines: list[Line]) -> float:
    """How sure one is of all that was read, by the letter; 0 for nothing."""
    letters = sum(len(line.text) for line in lines)
    return sum(len(line.text) * line.confidence for line in lines) / letters if letters else 0.0
