"""Pages to be read: print as it comes from a program, and what becomes of it in front of a camera."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import cv2
import numpy as np

from service.pictures.pixels import Pixels
from service.workloads.recipes.page import Page

LINES = (
    "Bollitos de la tía Elvira",
    "Ingredientes",
    "250 g de harina",
    "3 huevos",
    "150 ml de leche tibia",
    "2 cucharadas de miel",
    "Preparación",
    "Mezclar todo en una fuente honda.",
    "Hornear media hora y servir.",
)


def printed(lines: Sequence[str] = LINES, *, size: int = 30, width: int = 700) -> Pixels:
    """Black on white, a line below the other."""
    step = size * 2
    page = np.full((step * (len(lines) + 2), width, 3), 252, np.uint8)
    font = cv2.FontFace("sans")
    for number, line in enumerate(lines, 1):
        cv2.putText(page, line, (size, step * number + step // 2), (20, 20, 20), font, size, 400)
    return page


def photographed(page: Pixels) -> Pixels:
    """``page`` seen a little from the side, in the light of a window, with grain."""
    height, width = page.shape[:2]
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    seen = corners * 0.9 + np.array([[50, 30], [20, 50], [40, 20], [25, 45]], np.float32)
    table = (60, 80, 100)
    photo = cv2.warpPerspective(page, cv2.getPerspectiveTransform(corners, seen), (width, height), borderValue=table)
    light = np.linspace(1.0, 0.55, width)[None, :, None]
    grain = np.random.default_rng(1).normal(0, 5, (height, width, 1))
    return np.clip(photo * light + grain, 0, 255).astype(np.uint8)


def turned(pixels: Pixels, degrees: int) -> Pixels:
    """``pixels`` turned counterclockwise, so that they are upright once turned clockwise."""
    return np.ascontiguousarray(np.rot90(pixels, degrees // 90))


def file(pixels: Pixels, suffix: str = ".png") -> bytes:
    """``pixels`` as a file."""
    _, content = cv2.imencode(suffix, pixels)
    return content.tobytes()


def share_found(page: Page, lines: Sequence[str] = LINES) -> float:
    """The share of the words of ``lines`` that were read as they are."""
    wanted, found = _words(lines), _words([span.text for span in page.spans])
    return (wanted & found).total() / wanted.total()


def _words(texts: Sequence[str]) -> Counter[str]:
    return Counter(word for text in texts for word in re.findall(r"\w+", text.casefold()))
