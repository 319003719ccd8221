"""Where text was found: quadrilaterals, what is seen in them, and how they lie."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, cos, radians, sin
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from service.pictures.pixels import Pixels
from service.workloads.recipes.page import Box, Rotation

Quads: TypeAlias = NDArray[np.float32]
"""(n, 4, 2): corners in pixels, from the left and from the top, clockwise from where the text begins."""

LONG = 2.0
"""Text so many times as long as it is high shows how it lies."""


def cut_out(pixels: Pixels, quad: Quads) -> Pixels:
    """What is seen in one ``quad`` of ``pixels``, straightened."""
    width = max(1, ceil(max(np.linalg.norm(quad[0] - quad[1]), np.linalg.norm(quad[3] - quad[2]))))
    height = max(1, ceil(max(np.linalg.norm(quad[0] - quad[3]), np.linalg.norm(quad[1] - quad[2]))))
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    way = cv2.getPerspectiveTransform(quad.astype(np.float32), corners)
    seen = cv2.warpPerspective(pixels, way, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(seen, np.uint8)


def sizes(quads: Quads) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Widths and heights of ``quads``, in pixels."""
    widths = np.linalg.norm(quads[:, 1] - quads[:, 0], axis=1)
    heights = np.linalg.norm(quads[:, 3] - quads[:, 0], axis=1)
    return widths.astype(np.float32), heights.astype(np.float32)


def stand_upright(quads: Quads) -> bool:
    """Whether most text runs from the top to the bottom, or back: so it does in a picture that lies on its side."""
    widths, heights = sizes(quads)
    lying = widths[widths >= LONG * heights].sum()
    standing = heights[heights >= LONG * widths].sum()
    return bool(standing > lying)


def slope(quads: Quads) -> float:
    """Degrees, clockwise, by which lines of text fall to the right: the median of long ones; 0 where there are none."""
    widths, heights = sizes(quads)
    edges = (quads[:, 1] - quads[:, 0])[widths >= LONG * heights]
    return float(np.median(np.degrees(np.arctan2(edges[:, 1], edges[:, 0])))) if len(edges) else 0.0


def levelled(quads: Quads, width: int, height: int) -> Sequence[Box]:
    """Boxes of ``quads`` as if the page of that size had been turned about its centre until its lines are level."""
    angle = radians(-slope(quads))
    turn = np.array([[cos(angle), sin(angle)], [-sin(angle), cos(angle)]], np.float32)
    middle = np.array([width / 2, height / 2], np.float32)
    centres = (quads.mean(axis=1) - middle) @ turn + middle
    widths, heights = sizes(quads)
    return [
        Box(float(x - w / 2), float(y - h / 2), float(x + w / 2), float(y + h / 2))
        for (x, y), w, h in zip(centres, widths, heights, strict=True)
    ]


def turned(quads: Quads, rotation: Rotation, height: int, width: int) -> Quads:
    """``quads`` of a page of that size once it is turned clockwise; each begins where its upper left corner is then."""
    for _ in range(rotation // 90):
        quads = np.roll(np.stack([height - quads[:, :, 1], quads[:, :, 0]], axis=2), 1, axis=1)
        height, width = width, height
    return quads
