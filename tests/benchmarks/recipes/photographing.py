"""Pages as phones see them: on a table, from the side, in uneven light, with blur and grain."""

from __future__ import annotations

from random import Random
from typing import Final, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from service.pictures.pixels import Pixels

SIZES: Final = ((1536, 2048), (2448, 3264), (3024, 4032))
"""Of photos, in pixels: 3, 8 and 12 MP."""
SHARE: Final = 0.8
"""Of the photo that the page fills, about."""

Field = NDArray[np.float32]


class Circumstances(NamedTuple):
    """How a photo is taken; lengths in thousandths of its width."""

    size: tuple[int, int]
    tilt: float
    """Degrees."""
    lean: float
    """How far corners are from where they would be in a photo from straight above."""
    light: float
    """On the brightest spot; 1 is as bright as paper can be."""
    falloff: float
    """How much less there is on the darkest."""
    blur: float
    grain: float
    """Standard deviation, in steps of 255."""
    quality: int
    """Of the JPEG file."""


def circumstances(draw: Random, *, is_dark: bool) -> Circumstances:
    """Those of a photo by day, or of a hasty one in the evening."""
    size = draw.choice(SIZES)
    if is_dark:
        return Circumstances(
            size, draw.uniform(-6, 6), 35, draw.uniform(0.45, 0.7), draw.uniform(0.3, 0.55), draw.uniform(0.4, 0.85),
            draw.uniform(6, 12), draw.randint(70, 88),
        )  # fmt: skip
    return Circumstances(
        size, draw.uniform(-4, 4), 25, draw.uniform(0.8, 1), draw.uniform(0.1, 0.35), draw.uniform(0.2, 0.6),
        draw.uniform(2, 6), draw.randint(78, 94),
    )  # fmt: skip


def page_megapixels(taken: Circumstances) -> float:
    """Of a page, to be printed as finely as the photo can show."""
    width, height = taken.size
    return SHARE * width * height / 1e6


def photographed(page: Pixels, taken: Circumstances, draw: Random) -> Pixels:
    """A photo of ``page``."""
    width, height = taken.size
    chance = np.random.default_rng(draw.getrandbits(32))
    tint = np.array([draw.uniform(0.8, 0.95), draw.uniform(0.9, 0.98), 1.0]) * taken.light
    paper = cv2.convertScaleAbs(page.astype(np.float32) * tint.astype(np.float32))
    photo = cv2.warpPerspective(
        paper,
        _view(page, taken, draw),
        (width, height),
        dst=_table(width, height, draw, chance),
        flags=cv2.INTER_AREA,
        borderMode=cv2.BORDER_TRANSPARENT,
    )
    photo = cv2.GaussianBlur(photo, (0, 0), max(0.3, taken.blur * width / WIDTH_OF_BLUR))
    light = _light(width, height, taken.falloff, draw)
    grain = cv2.resize(chance.normal(0, taken.grain, (height, width)).astype(np.float32), (width, height))
    for channel in range(3):
        photo[..., channel] = cv2.convertScaleAbs(np.maximum(photo[..., channel] * light + grain, 0))
    return np.asarray(photo, np.uint8)


WIDTH_OF_BLUR: Final = 1000


def _view(page: Pixels, taken: Circumstances, draw: Random) -> Field:
    """From the page to where it is seen: as large as fits, turned by the tilt, with corners displaced."""
    width, height = taken.size
    rows, columns = page.shape[:2]
    half = np.array([columns, rows]) * min(width / columns, height / rows) * 0.93 / 2
    angle = np.radians(taken.tilt)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    lean = taken.lean * width / 1000
    moved = np.array([[draw.uniform(-lean, lean), draw.uniform(-lean, lean)] for _ in corners])
    seen = (corners * half) @ turn + moved + np.array([width, height]) / 2
    seen = np.clip(seen, 4, np.array([width, height]) - 4)
    printed = (corners + 1) / 2 * np.array([columns, rows])
    return np.asarray(cv2.getPerspectiveTransform(printed.astype(np.float32), seen.astype(np.float32)), np.float32)


def _table(width: int, height: int, draw: Random, chance: np.random.Generator) -> Pixels:
    """Wood, or something like it: bands that run across."""
    colour = np.array([draw.uniform(40, 110), draw.uniform(50, 130), draw.uniform(60, 160)])
    bands = chance.normal(0, 12, (40, 4)).astype(np.float32)
    wood = cv2.resize(bands, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(colour + wood[..., None], 0, 255).astype(np.uint8)


def _light(width: int, height: int, falloff: float, draw: Random) -> Field:
    """Less towards one side, and less in the shadow of a hand; 1 on the brightest spot."""
    across, down = np.meshgrid(np.linspace(-1, 1, 48), np.linspace(-1, 1, 64))
    angle = draw.uniform(0, 2 * np.pi)
    slope = (across * np.cos(angle) + down * np.sin(angle)) / 2
    x, y = draw.choice((-1, 1)) * draw.uniform(0.5, 1.2), draw.uniform(-1.2, 1.2)
    shadow = np.exp(-((across - x) ** 2 + (down - y) ** 2) / 0.5)
    light = slope - 0.6 * draw.random() * shadow
    light = 1 - falloff * (light.max() - light) / np.ptp(light)
    return np.asarray(cv2.resize(light.astype(np.float32), (width, height)), np.float32)
