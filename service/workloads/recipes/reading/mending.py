"""Print that tesseract was not sure of, read again by the other engine. Fractions are nearly always among it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from service.pictures.pixels import Pixels
from service.workloads.recipes.page import Box, Span
from service.workloads.recipes.reading.rapid import Line, Rapid
from service.workloads.recipes.reading.regions import Quads, cut_out
from service.workloads.recipes.reading.tesseract import Printed

DOUBTFUL: Final = 0.93
"""A word of less confidence is wrong as often as not; nearly all wrong words have less."""
SENTENCE: Final = 45
"""Letters; so long a line is no ingredient. A slip in it costs a word, and reading it again as much as three others."""
POOR: Final = 0.6
"""Such words are read again in sentences, too."""
TRUSTED: Final = 0.85
"""Confidence from which what the other engine reads is taken."""
MARGIN: Final = 0.2
"""Of the height of a line: what is seen around it, which the other engine is used to."""


class Mended(NamedTuple):
    """Spans of which each is as sure as either engine can make it."""

    spans: tuple[Span, ...]
    again: int
    """How many were read again."""


def doubts(printed: Sequence[Printed]) -> float:
    """The share of letters that stand in doubtful spans: 0 to 1; 1 where there are none."""
    letters = sum(len(each.span.text) for each in printed)
    return sum(len(each.span.text) for each in printed if each.lowest < DOUBTFUL) / letters if letters else 1.0


def mended(printed: Sequence[Printed], pixels: Pixels, reader: Rapid) -> Mended:
    """What was ``printed`` on ``pixels``, doubtful spans read again."""
    doubtful = [place for place, each in enumerate(printed) if _is_worth_it(each)]
    spans = [each.span for each in printed]
    lines = reader.read([cut_out(pixels, _quad(spans[place].box)) for place in doubtful])
    for place, line in zip(doubtful, lines, strict=True):
        spans[place] = _better(spans[place], line)
    return Mended(tuple(spans), len(doubtful))


def _is_worth_it(printed: Printed) -> bool:
    return printed.lowest < (DOUBTFUL if len(printed.span.text) <= SENTENCE else POOR)


def _better(span: Span, line: Line) -> Span:
    """One of both readings; where they differ by spaces alone, the one with more: engines lose some, and add none."""
    text = line.text.strip()
    if text.replace(" ", "") == span.text.replace(" ", ""):
        return Span(max(text, span.text, key=lambda one: one.count(" ")), line.confidence, span.box)
    return Span(text, line.confidence, span.box) if text and line.confidence >= TRUSTED else span


def _quad(box: Box) -> Quads:
    margin = MARGIN * box.height
    left, top, right, bottom = box.left - margin, box.top - margin, box.right + margin, box.bottom + margin
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
