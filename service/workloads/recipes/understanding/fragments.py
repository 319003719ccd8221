"""Spans joined to runs of text without a wide gap, on a page made level."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, NamedTuple

from service.workloads.recipes.page import Box, Span
from service.workloads.recipes.understanding.kinds import looks_like_ingredient
from service.workloads.recipes.understanding.vocabulary import TONGUES, vocabulary_of

WIDEST_GAP: Final = 1.0
"""Between words of one run, in heights of a line; columns stand farther apart."""
MOST_SPANS: Final = 5_000
"""Of a page that are looked at: the fullest page of a newspaper has fewer words."""
STEEPEST: Final = 6.0
"""Degrees by which a page may lean."""

_SAMPLE: Final = 600
_FEWEST: Final = 8
_CLEARER: Final = 1.5
_REACH: Final = 8
_RECENT: Final = 24


class Fragment(NamedTuple):
    """A run of text; places are those on the level page."""

    text: str
    confidence: float
    left: float
    right: float
    middle: float
    """Of its height, from the top."""
    height: float
    """Of a line of this text."""


def fragments_of(spans: Sequence[Span]) -> list[Fragment]:
    """``spans`` joined where words stand side by side, in no order."""
    seen = [span for span in spans[:MOST_SPANS] if span.text.strip() and _is_finite(span.box)]
    if not seen:
        return []
    lean = lean_of(seen)
    return _joined(sorted((_levelled(span, lean) for span in seen), key=lambda one: (one.left, one.middle)))


def lean_of(spans: Sequence[Span]) -> float:
    """How much the lines of ``spans`` fall, in pixels a pixel to the right: 0 unless another slope is clearly better.

    At the right slope the centres gather on few levels: the sum of the squares of how many share a level is greatest.
    """
    sample = spans[:: max(1, len(spans) // _SAMPLE)]
    if len(sample) < _FEWEST:
        return 0.0
    level = 0.35 * statistics.median(_line_height(span.box, 0.0) for span in sample)
    points = [((span.box.left + span.box.right) / 2, (span.box.top + span.box.bottom) / 2) for span in sample]
    if level <= 0:
        return 0.0

    def gathered(slope: float) -> int:
        levels: dict[int, int] = {}
        for x, y in points:
            place = round((y - x * slope) / level)
            levels[place] = levels.get(place, 0) + 1
        return sum(count * count for count in levels.values())

    def best(around: float, step: float, steps: int) -> float:
        slopes = (math.tan(math.radians(around + step * k)) for k in range(-steps, steps + 1))
        return max(slopes, key=lambda slope: (gathered(slope), -abs(slope)))

    coarse = best(0.0, 0.5, int(STEEPEST / 0.5))
    fine = best(math.degrees(math.atan(coarse)), 0.1, 4)
    return fine if gathered(fine) >= _CLEARER * gathered(0.0) else 0.0


def _is_finite(box: Box) -> bool:
    return all(math.isfinite(side) for side in (box.left, box.top, box.right, box.bottom)) and box.height > 0


def _line_height(box: Box, lean: float) -> float:
    """Of the text in ``box``, which is higher than the text when the line leans."""
    return max(box.height - box.width * abs(lean), 0.4 * box.height, 1.0)


def _levelled(span: Span, lean: float) -> Fragment:
    box = span.box
    middle = (box.top + box.bottom) / 2 - (box.left + box.right) / 2 * lean
    shift = (box.top + box.bottom) / 2 * lean
    return Fragment(
        span.text.strip(), span.confidence, box.left + shift, box.right + shift, middle, _line_height(box, lean)
    )


def _joined(pieces: Iterable[Fragment]) -> list[Fragment]:
    """``pieces``, which come from left to right, joined to those that end just before them."""
    pieces = list(pieces)
    unit = max(statistics.median(piece.height for piece in pieces), 1.0)
    runs: list[list[Fragment]] = []
    levels: dict[int, list[int]] = {}
    for piece in pieces:
        place = int(piece.middle // unit)
        reach = min(_REACH, 1 + math.ceil(0.5 * piece.height / unit))
        near = (run for level in range(place - reach, place + reach + 1) for run in levels.get(level, ())[-_RECENT:])
        fitting = [run for run in near if _adjoins(runs[run][-1], piece)]
        if fitting:
            run = min(fitting, key=lambda index: abs(runs[index][-1].middle - piece.middle))
            levels[int(runs[run][-1].middle // unit)].remove(run)
            runs[run].append(piece)
        else:
            run = len(runs)
            runs.append([piece])
        levels.setdefault(place, []).append(run)
    return [merged(run) for run in runs]


def _adjoins(before: Fragment, after: Fragment) -> bool:
    height = min(before.height, after.height)
    gap = after.left - before.right
    level = abs(before.middle - after.middle) < 0.5 * height
    near = level and -0.6 * height < gap < WIDEST_GAP * height and max(before.height, after.height) < 2.5 * height
    return near and not (gap > 0.4 * height and _is_ingredient(before.text) and _is_ingredient(after.text))


@lru_cache(maxsize=1024)
def _is_ingredient(text: str) -> bool:
    """Whether ``text``, of several words, is an ingredient on its own; two of them are cells, however near."""
    return " " in text and any(looks_like_ingredient(text, vocabulary_of(tongue)) for tongue in TONGUES)


def merged(run: Sequence[Fragment]) -> Fragment:
    """One fragment of those of a line, in order."""
    if len(run) == 1:
        return run[0]
    letters = [len(piece.text) for piece in run]
    total = sum(letters)
    return Fragment(
        " ".join(piece.text for piece in run),
        sum(piece.confidence * count for piece, count in zip(run, letters, strict=True)) / total,
        run[0].left,
        max(piece.right for piece in run),
        sum(piece.middle * count for piece, count in zip(run, letters, strict=True)) / total,
        statistics.median(piece.height for piece in run),
    )
