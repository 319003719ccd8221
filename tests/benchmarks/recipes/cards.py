"""Cards of recipes as somebody would send them, and what is on them."""

from __future__ import annotations

from random import Random
from typing import Final, Literal, NamedTuple

import cv2
import numpy as np

from service.pictures.pixels import Pixels
from service.workloads.recipes.page import Rotation
from tests.benchmarks.recipes.faces import DRAWN, PRINTED, Face
from tests.benchmarks.recipes.photographing import circumstances, page_megapixels, photographed
from tests.benchmarks.recipes.printing import Layout, printed, styled
from tests.benchmarks.recipes.words import TONGUES, Part
from tests.benchmarks.recipes.writing import Written, written

Kind = Literal["print", "turned print", "photo", "dark photo", "script"]
KINDS: Final[tuple[Kind, ...]] = ("print", "turned print", "photo", "dark photo", "script")
PHOTOS: Final[frozenset[Kind]] = frozenset({"photo", "dark photo"})
PRINT_MEGAPIXELS: Final = 1.0

_TURN: Final[tuple[Kind, ...]] = (
    "print", "photo", "turned print", "photo", "print", "dark photo", "print", "photo", "script", "print",
    "photo", "turned print", "print", "photo", "print", "dark photo", "turned print", "print", "photo", "script",
)  # fmt: skip
"""The kinds of twenty cards, one after the other."""
_TURNED: Final[tuple[Rotation, ...]] = (90, 180, 270)
_TURNED_PHOTOS: Final = 0.2
"""Share of the photos that do not lie upright."""
_QUALITY: Final = 92
"""Of the files of what no camera has seen."""


class Card(NamedTuple):
    """A picture's file, and what stands on it."""

    number: int
    content: bytes
    kind: Kind
    layout: Layout
    rotation: Rotation
    """Degrees, clockwise, by which the picture has to be turned to be upright."""
    megapixels: float
    recipe: Written


def card(part: Part, number: int, kind: Kind | None = None) -> Card:
    """The card of a ``number``, always the same; of a ``kind``, if it is to be a certain one."""
    kind = kind or _TURN[number % len(_TURN)]
    draw = Random(f"card {part} {number} {kind}")
    style = styled(draw, DRAWN if kind == "script" else PRINTED)
    language = TONGUES[(number + number // len(_TURN)) % len(TONGUES)]
    recipe = _spelled(written(language, part, str(number)), style.face)
    rotation: Rotation = 0
    if kind in PHOTOS:
        taken = circumstances(draw, is_dark=kind == "dark photo")
        picture = photographed(printed(recipe, style, page_megapixels(taken)), taken, draw)
    else:
        taken = None
        picture = printed(recipe, style, PRINT_MEGAPIXELS)
    if kind == "turned print" or (taken and draw.random() < _TURNED_PHOTOS):
        rotation = draw.choice(_TURNED)
        picture = np.ascontiguousarray(np.rot90(picture, rotation // 90))
    content = _file(picture, taken.quality if taken else _QUALITY)
    megapixels = picture.shape[0] * picture.shape[1] / 1e6
    return Card(number, content, kind, style.layout, rotation, megapixels, recipe)


def _spelled(recipe: Written, face: Face) -> Written:
    """``recipe`` with the fractions that ``face`` can draw."""
    if face.has_thirds:
        return recipe
    lines = tuple(line._replace(said=_in_figures(line.said), named=_in_figures(line.named)) for line in recipe.lines)
    return recipe._replace(lines=lines)


def _in_figures(text: str) -> str:
    for sign, figures in (("⅓", "1/3"), ("⅔", "2/3")):
        before, found, after = text.partition(sign)
        if found:
            text = f"{before.rstrip()} {figures}{after}".lstrip()
    return text


def _file(picture: Pixels, quality: int) -> bytes:
    _, file = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return file.tobytes()
