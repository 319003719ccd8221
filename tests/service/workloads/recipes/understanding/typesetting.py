"""Pages as an engine would read them: text set in boxes, word by word or line by line, level or leaning."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from service.workloads.recipes.page import Box, Page, Span

SIZE = 20.0
"""Height of a line of plain text, in pixels."""
LETTER = 0.5
"""Width of a letter, in heights of the line."""


def column(
    lines: Iterable[str],
    left: float = 50,
    top: float = 50,
    size: float = SIZE,
    pitch: float = 1.5,
    by_word: bool = False,
    confidence: float = 0.98,
) -> list[Span]:
    """Spans of ``lines`` below one another, ``pitch`` heights apart; an empty line is a gap."""
    spans: list[Span] = []
    for row, text in enumerate(lines):
        above = top + row * pitch * size
        at = left
        for piece in text.split(" ") if by_word else [text]:
            width = len(piece) * LETTER * size
            if piece:
                spans.append(Span(piece, confidence, Box(at, above, at + width, above + size)))
            at += width + LETTER * size
    return spans


def grid(rows: Sequence[Sequence[str]], lefts: Sequence[float], top: float = 50, by_word: bool = False) -> list[Span]:
    """Spans of the cells of ``rows``, whose columns begin at ``lefts``."""
    return [
        span
        for place, left in enumerate(lefts)
        for span in column([row[place] if place < len(row) else "" for row in rows], left, top, by_word=by_word)
    ]


def leaning(spans: Iterable[Span], degrees: float) -> list[Span]:
    """``spans`` as they are boxed on a page turned clockwise by ``degrees``."""
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    return [Span(span.text, span.confidence, _turned(span.box, sine, cosine)) for span in spans]


def page(spans: Iterable[Span]) -> Page:
    """``spans`` on a page of a phone photo's shape."""
    return Page(tuple(spans), 1000, 1400, "rapidocr", "the picture is a photo")


def _turned(box: Box, sine: float, cosine: float) -> Box:
    corners = [(x, y) for x in (box.left, box.right) for y in (box.top, box.bottom)]
    xs = [x * cosine - y * sine for x, y in corners]
    ys = [x * sine + y * cosine for x, y in corners]
    return Box(min(xs), min(ys), max(xs), max(ys))
