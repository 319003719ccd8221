"""Recipes printed on pages, in layouts that cards and books have."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from random import Random
from typing import Final, Literal, NamedTuple

import numpy as np
from PIL import Image

from service.pictures.pixels import Pixels
from tests.benchmarks.recipes.faces import Face
from tests.benchmarks.recipes.sheet import WIDTH, Sheet
from tests.benchmarks.recipes.writing import Line, Written

Layout = Literal["one column", "two columns", "grid", "table", "beside"]
LAYOUTS: Final[tuple[Layout, ...]] = ("one column", "two columns", "grid", "table", "beside")

Colour = tuple[int, int, int]
_INKS: Final[tuple[Colour, ...]] = ((10, 10, 10), (35, 35, 45), (60, 45, 35))
_ACCENTS: Final[tuple[Colour, ...]] = ((10, 10, 10), (150, 40, 30), (30, 80, 60), (40, 60, 130))
_MARGIN: Final = 70
_GRID_COLUMNS: Final = 3


class Style(NamedTuple):
    """How a page looks; sizes in thousandths of its width."""

    layout: Layout
    face: Face
    size: float
    leading: float
    """Of lines, as a multiple of the size."""
    bullet: str
    numbered: bool
    ruled: bool
    centred: bool
    ink: Colour
    accent: Colour
    paper: Colour


def styled(draw: Random, faces: Sequence[Face]) -> Style:
    """Any style."""
    white = draw.randint(247, 255)
    return Style(
        layout=draw.choice(LAYOUTS),
        face=draw.choice(faces),
        size=draw.uniform(24, 31),
        leading=draw.uniform(1.35, 1.65),
        bullet=draw.choice(("", "", "• ", "- ", "· ")),
        numbered=draw.random() < 0.5,
        ruled=draw.random() < 0.4,
        centred=draw.random() < 0.4,
        ink=draw.choice(_INKS),
        accent=draw.choice(_ACCENTS),
        paper=(white, white, white - draw.choice((0, 0, 6))),
    )


def printed(recipe: Written, style: Style, megapixels: float) -> Pixels:
    """The page, BGR, of so many pixels."""
    width, height = _set(recipe, style, 0.5).size
    scale = 0.5 * (megapixels * 1e6 / (width * height)) ** 0.5
    return np.asarray(_set(recipe, style, scale))[:, :, ::-1].copy()


def _set(recipe: Written, style: Style, scale: float) -> Image.Image:
    sheet = Sheet(style.face, style.size, style.leading, style.paper, style.ink, scale)
    top = _head(sheet, recipe, style)
    ingredients, method = recipe.headings
    steps = [f"{number}. {step}" if style.numbered else step for number, step in enumerate(recipe.steps, 1)]
    if style.layout == "beside":
        left, right = (_MARGIN, 0.37 * WIDTH), (0.37 * WIDTH + 2 * _MARGIN, WIDTH - _MARGIN)
        first = sheet.heading(ingredients, left[0], top, style.accent)
        _column(sheet, recipe.lines, style, left, first)
        second = sheet.heading(method, right[0], top, style.accent)
        sheet.paragraphs(steps, right, second, gap=0.35)
    else:
        y = sheet.heading(ingredients, _MARGIN, top, style.accent)
        y = _PRINT[style.layout](sheet, recipe, style, y)
        y = sheet.heading(method, _MARGIN, y + style.size, style.accent)
        sheet.paragraphs(steps, (_MARGIN, WIDTH - _MARGIN), y, gap=0.25)
    return sheet.cut(_MARGIN)


def _head(sheet: Sheet, recipe: Written, style: Style) -> float:
    y = sheet.title(recipe.title, _MARGIN, style.accent, style.centred)
    if style.ruled:
        sheet.rule((_MARGIN, WIDTH - _MARGIN), y)
    y += 0.5 * style.size
    if recipe.intro:
        y = sheet.paragraphs([recipe.intro], (_MARGIN, WIDTH - _MARGIN), y) + 0.3 * style.size
    y = sheet.paragraphs([recipe.servings_text], (_MARGIN, WIDTH - _MARGIN), y)
    if recipe.fact:
        y = sheet.paragraphs([recipe.fact], (_MARGIN, WIDTH - _MARGIN), y)
    return y + style.size


def _grouped(lines: Sequence[Line]) -> Iterator[tuple[str | None, list[Line]]]:
    for group, members in groupby(lines, key=lambda line: line.group):
        yield group, list(members)


def _column(sheet: Sheet, lines: Sequence[Line], style: Style, sides: tuple[float, float], y: float) -> float:
    for group, members in _grouped(lines):
        if group:
            y = sheet.subheading(f"{group}:", sides[0], y)
        y = sheet.paragraphs([f"{style.bullet}{line.text}" for line in members], sides, y)
    return y


def _one_column(sheet: Sheet, recipe: Written, style: Style, y: float) -> float:
    return _column(sheet, recipe.lines, style, (_MARGIN, WIDTH - _MARGIN), y)


def _two_columns(sheet: Sheet, recipe: Written, style: Style, y: float) -> float:
    """Groups stand side by side where there are two."""
    parts = [members for _, members in _grouped(recipe.lines)]
    if len(parts) == 1:
        half = -(-len(recipe.lines) // 2)
        parts = [list(recipe.lines[:half]), list(recipe.lines[half:])]
    middle = WIDTH / 2
    sides = ((_MARGIN, middle - 25), (middle + 25, WIDTH - _MARGIN))
    return max(_column(sheet, part, style, room, y) for part, room in zip(parts, sides, strict=True))


def _grid(sheet: Sheet, recipe: Written, style: Style, y: float) -> float:
    """In cells, three to a row."""
    room = (WIDTH - 2 * _MARGIN) / _GRID_COLUMNS
    for group, members in _grouped(recipe.lines):
        if group:
            y = sheet.subheading(f"{group}:", _MARGIN, y)
        for begin in range(0, len(members), _GRID_COLUMNS):
            row = members[begin : begin + _GRID_COLUMNS]
            lefts = [_MARGIN + place * room for place in range(len(row))]
            y = max(
                sheet.paragraphs([line.text], (left, left + room - 30), y)
                for left, line in zip(lefts, row, strict=True)
            )
            y += 0.3 * style.size
    return y


def _table(sheet: Sheet, recipe: Written, style: Style, y: float) -> float:
    """Amounts in one column, what they are of in another."""
    left, right = (_MARGIN, 330), (350, WIDTH - _MARGIN)
    if style.ruled:
        sheet.subheading(recipe.columns[1], right[0], y)
        y = sheet.subheading(recipe.columns[0], left[0], y)
    for group, members in _grouped(recipe.lines):
        if group:
            y = sheet.subheading(f"{group}:", _MARGIN, y)
        for line in members:
            below = sheet.paragraphs([line.named], right, y)
            if line.said:
                below = max(below, sheet.paragraphs([line.said], left, y))
            y = below
            if style.ruled:
                sheet.rule((_MARGIN, WIDTH - _MARGIN), y)
                y += 0.25 * style.size
    return y


_PRINT: Final = {"one column": _one_column, "two columns": _two_columns, "grid": _grid, "table": _table}
