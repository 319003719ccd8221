"""Recipes as cards: printed in several fonts and layouts, clean or as somebody photographs them."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from random import Random
from typing import Any, Final, Literal, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from tests.benchmarks.recipes.writing import Tongue, Written, written

Kind = Literal["print", "turned", "photo", "dark photo", "script"]
KINDS: Final[tuple[Kind, ...]] = ("print", "turned", "photo", "dark photo", "script")
Layout = Literal["one column", "two columns", "beside", "table"]
LAYOUTS: Final[tuple[Layout, ...]] = ("one column", "two columns", "beside", "table")
FONTS: Final = (
    ("font_roboto", "Roboto-Regular", "Roboto-Bold"),
    ("font_source_serif_pro", "SourceSerifPro-Regular", "SourceSerifPro-Bold"),
    ("font_source_sans_pro", "SourceSansPro-Regular", "SourceSansPro-Bold"),
    ("font_caladea", "Caladea-Regular", "Caladea-Bold"),
    ("font_manrope", "Manrope-Regular", "Manrope-Bold"),
)
SCRIPT: Final = ("font_amatic_sc", "AmaticSC-Bold", "AmaticSC-Bold")
"""As if somebody had written it in capitals with a brush."""
WIDTH, HEIGHT = 1000, 1300
"""Of a card, before it is photographed."""

Pixels = NDArray[np.uint8]


class Card(NamedTuple):
    """A picture, and what stands on it."""

    content: bytes
    kind: Kind
    layout: Layout
    rotation: int
    """Degrees, clockwise, by which the picture has to be turned to be upright."""
    recipe: Written


def card(kind: Kind, language: Tongue, seed: str) -> Card:
    """The card of a ``seed``, always the same."""
    draw = Random(f"card {kind} {language} {seed}")
    recipe = written(language, f"{kind} {seed}")
    layout = draw.choice(LAYOUTS)
    page = _printed(recipe, layout, SCRIPT if kind == "script" else draw.choice(FONTS), draw)
    rotation = 0
    if kind == "turned":
        rotation = draw.choice((90, 180, 270))
        page = np.ascontiguousarray(np.rot90(page, rotation // 90))
    elif kind in ("photo", "dark photo"):
        page = _photographed(page, draw, is_dark=kind == "dark photo")
    return Card(_jpeg(page, 92 if kind in ("print", "turned") else 85), kind, layout, rotation, recipe)


def _font(package: str, name: str, size: int) -> ImageFont.FreeTypeFont:
    files: dict[str, str] = _files(importlib.import_module(package))
    return ImageFont.truetype(files[name], size)


def _files(module: Any) -> dict[str, str]:
    """By the names of the files, whatever the package calls them."""
    paths = [*getattr(module, "font_files", {}).values(), *getattr(module, "font_files_ttf", {}).values()]
    return {path.rpartition("/")[2].removesuffix(".ttf"): path for path in paths}


def _printed(recipe: Written, layout: Layout, fonts: tuple[str, str, str], draw: Random) -> Pixels:
    package, regular, bold = fonts
    size = draw.randint(27, 32) + (10 if fonts is SCRIPT else 0)
    plain, strong = _font(package, regular, size), _font(package, bold, int(size * 1.15))
    title = _font(package, bold, int(size * 1.7))
    paper = Image.new("L", (WIDTH, HEIGHT), draw.randint(246, 255))
    pen, ink, step = ImageDraw.Draw(paper), draw.randint(0, 50), int(size * 1.5)
    pen.text((70, 60), recipe.title, ink, title)
    pen.text((70, 60 + int(size * 2.2)), recipe.servings_text, ink, plain)
    top = 60 + int(size * 4.2)
    lines = [line.text for line in recipe.lines]
    numbered = draw.random() < 0.5
    steps = [f"{number}. {step_}" if numbered else step_ for number, step_ in enumerate(recipe.steps, 1)]
    bullet = draw.choice(("", "", "• ", "- "))
    pen.text((70, top), recipe.headings[0], ink, strong)
    y = top + int(step * 1.2)
    if layout == "two columns":
        half = -(-len(lines) // 2)
        for column, part in enumerate((lines[:half], lines[half:])):
            _put(pen, (70 + column * 460, y), [f"{bullet}{line}" for line in part], plain, ink, step, 430)
        y += (half + 2) * step
    elif layout == "table":
        y = _table(pen, recipe, y, plain, ink, step)
    else:
        room = 400 if layout == "beside" else WIDTH - 140
        y = _put(pen, (70, y), [f"{bullet}{line}" for line in lines], plain, ink, step, room)
    if layout == "beside":
        pen.text((540, top), recipe.headings[1], ink, strong)
        _put(pen, (540, top + int(step * 1.2)), steps, plain, ink, step, 400)
    else:
        y += step // 2
        pen.text((70, y), recipe.headings[1], ink, strong)
        _put(pen, (70, y + int(step * 1.2)), steps, plain, ink, step, WIDTH - 140)
    return np.asarray(paper.convert("RGB"))[:, :, ::-1].copy()


def _put(
    pen: ImageDraw.ImageDraw,
    place: tuple[int, int],
    texts: Sequence[str],
    font: ImageFont.FreeTypeFont,
    ink: int,
    step: int,
    room: int,
) -> int:
    """Write paragraphs, wrapped at ``room`` pixels; where the next line goes."""
    x, y = place
    for text in texts:
        line = ""
        for word in text.split():
            longer = f"{line} {word}".strip()
            if line and pen.textlength(longer, font) > room:
                pen.text((x, y), line, ink, font)
                line, y = word, y + step
            else:
                line = longer
        pen.text((x, y), line, ink, font)
        y += step
    return y


def _table(
    pen: ImageDraw.ImageDraw, recipe: Written, y: int, font: ImageFont.FreeTypeFont, ink: int, step: int
) -> int:
    """Amounts and units in one column, what they are of in another."""
    for line in recipe.lines:
        at = line.text.lower().find(line.name.lower())
        said, named = line.text[:at].strip(), line.text[at:]
        said = said.removesuffix(" de").strip()
        pen.text((70, y), said, ink, font)
        pen.text((430, y), named, ink, font)
        y += step
    return y


def _photographed(page: Pixels, draw: Random, *, is_dark: bool) -> Pixels:
    """The card on a table, seen a little from the side, in uneven light, by a phone with 12 megapixels."""
    width, height = 3000, 4000
    noise = np.random.default_rng(draw.getrandbits(32))
    table = np.full((height, width, 3), (draw.randint(40, 110), draw.randint(50, 120), draw.randint(60, 140)), np.uint8)
    big = cv2.resize(page, None, fx=2.6, fy=2.6, interpolation=cv2.INTER_CUBIC)
    rows, columns = big.shape[:2]
    tint = np.array([draw.uniform(0.82, 0.95), draw.uniform(0.9, 0.98), 1.0])
    big = np.clip(big * tint, 0, 255).astype(np.uint8)
    corners = np.array([[0, 0], [columns, 0], [columns, rows], [0, rows]], np.float32)
    left, top = (width - columns) / 2, (height - rows) / 2
    shift = [(draw.uniform(-90, 90), draw.uniform(-90, 90)) for _ in range(4)]
    seen = np.array([(x + left + dx, y + top + dy) for (x, y), (dx, dy) in zip(corners, shift, strict=True)], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, seen)
    photo = cv2.warpPerspective(big, matrix, (width, height), dst=table, borderMode=cv2.BORDER_TRANSPARENT)
    across = np.linspace(0, 1, width)[None, :] * draw.uniform(-1, 1) + np.linspace(0, 1, height)[:, None] * draw.uniform(
        -1, 1
    )
    light = 1 - (0.5 if is_dark else 0.3) * (across - across.min()) / max(float(np.ptp(across)), 1e-6)
    if is_dark:
        light *= draw.uniform(0.55, 0.75)
    blurred = cv2.GaussianBlur(photo, (0, 0), draw.uniform(0.8, 2.6 if is_dark else 1.8))
    grain = noise.normal(0, 9 if is_dark else 5, (height, width, 1))
    return np.clip(blurred * light[..., None] + grain, 0, 255).astype(np.uint8)


def _jpeg(page: Pixels, quality: int) -> bytes:
    _, file = cv2.imencode(".jpg", page, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return bytes(file)
