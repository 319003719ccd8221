"""Lines in the order in which one reads them: columns one after the other, tables row by row."""

from __future__ import annotations

import bisect
import statistics
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from service.workloads.recipes.page import Page
from service.workloads.recipes.understanding.cells import begins_ingredient, by_cells
from service.workloads.recipes.understanding.fragments import Fragment, fragments_of
from service.workloads.recipes.understanding.headings import is_group, is_section
from service.workloads.recipes.understanding.tables import is_table

NARROWEST: Final = 0.9
"""A gutter, in heights of a line."""

_INDENT: Final = 2.0
_NEAR: Final = 5
_CANDIDATES: Final = 12
_DEEPEST: Final = 8
_FEWEST: Final = 2
_KEEP_HYPHEN: Final = frozenset(("all", "self", "low", "extra", "semi", "non", "half", "full", "ex", "pre", "anti"))


class Line(NamedTuple):
    """A line of text, where it stands, and the region that it shares with its neighbours."""

    text: str
    confidence: float
    left: float
    right: float
    middle: float
    height: float
    region: int
    edge: float
    """Where the longest of the lines around it ends that begin where it does."""


def lines_of(page: Page) -> list[Line]:
    """The lines of ``page`` in reading order; words parted at the end of a line are whole on the first one."""
    lines: list[Line] = []
    for number, region in enumerate(_regions(fragments_of(page.spans), 0)):
        rows = list(by_cells(rows_of(region)))
        lines.extend(
            Line(*row, number, _edge(row, rows[max(0, at - _NEAR) : at + _NEAR + 1])) for at, row in enumerate(rows)
        )
    return _whole_words(lines)


def _edge(row: Fragment, around: Sequence[Fragment]) -> float:
    return max(other.right for other in around if abs(other.left - row.left) <= _INDENT * row.height)


def rows_of(fragments: Sequence[Fragment]) -> list[list[Fragment]]:
    """``fragments`` by rows from top to bottom, each from left to right."""
    rows: list[list[Fragment]] = []
    for fragment in sorted(fragments, key=lambda one: (one.middle, one.left)):
        last = rows[-1] if rows else None
        if last and fragment.middle - last[0].middle < 0.55 * min(fragment.height, last[0].height):
            last.append(fragment)
        else:
            rows.append([fragment])
    return [sorted(row, key=lambda one: one.left) for row in rows]


def _regions(fragments: list[Fragment], depth: int) -> Iterator[list[Fragment]]:
    """Parts of the page, each to be read row by row, in order."""
    if not fragments:
        return
    bands = _parted(fragments) if depth < _DEEPEST and len(fragments) > 2 * _FEWEST - 1 else None
    if bands is None:
        yield fragments
        return
    for columns in bands:
        if len(columns) == 1 and len(columns[0]) == len(fragments):
            yield fragments
            continue
        for column in columns:
            yield from _regions(column, depth + 1)


def _parted(fragments: list[Fragment]) -> list[tuple[list[Fragment], ...]] | None:
    """The bands of ``fragments`` from top to bottom, each as its columns; None where there is one column only."""
    best: list[tuple[list[Fragment], ...]] | None = None
    most = 0
    for place in _gutters(fragments):
        bands = _bands(fragments, place)
        score = sum(len(left) + len(right) for left, right in (band for band in bands if len(band) == 2))
        if score > most:
            best, most = bands, score
    return best


def _gutters(fragments: Sequence[Fragment]) -> list[float]:
    """Places just before left edges: those that many fragments share, and those that few fragments cross."""
    height = statistics.median(one.height for one in fragments)
    starts: dict[int, list[float]] = {}
    for one in fragments:
        starts.setdefault(round(one.left / height), []).append(one.left)
    lefts, rights = sorted(one.left for one in fragments), sorted(one.right for one in fragments)
    found: list[tuple[int, int, float]] = []
    for edges in starts.values():
        place = min(edges) - height * NARROWEST / 2
        before, ended = bisect.bisect_left(lefts, place), bisect.bisect_right(rights, place)
        if ended >= _FEWEST:
            found.append((len(edges), before - ended, place))
    by_shared = sorted(found, key=lambda one: (-one[0], one[1]))[:_CANDIDATES]
    by_crossing = sorted(found, key=lambda one: (one[1], -one[0]))[:_CANDIDATES]
    return [place for _, _, place in dict.fromkeys(by_shared + by_crossing)]


def _bands(fragments: Sequence[Fragment], place: float) -> list[tuple[list[Fragment], ...]]:
    """What crosses ``place`` divides the page into bands; those with text on both sides are two columns."""
    bands: list[tuple[list[Fragment], ...]] = []
    rows: list[Fragment] = []
    beside: list[Fragment] = []
    for fragment in sorted(fragments, key=lambda one: one.middle):
        if not fragment.left < place < fragment.right:
            beside.append(fragment)
            continue
        if _flush(beside, place, rows, bands):
            rows = []
        beside = []
        rows.append(fragment)
    if _flush(beside, place, rows, bands):
        rows = []
    return [*bands, (rows,)] if rows else bands


def _flush(beside: list[Fragment], place: float, rows: list[Fragment], bands: list[tuple[list[Fragment], ...]]) -> bool:
    """Ends a band: its columns go to ``bands`` after the ``rows`` before it, or it is more such rows (False)."""
    parts = list(_between_headings(beside, place))
    if not any(_are_columns(*_sides(part, place)) for part in parts):
        rows.extend(beside)
        return False
    pending = list(rows)
    for part in parts:
        left, right = _sides(part, place)
        if _are_columns(left, right):
            if pending:
                bands.append((pending,))
            bands.append((left, right))
            pending = []
        else:
            pending.extend(part)
    if pending:
        bands.append((pending,))
    return True


def _sides(part: Sequence[Fragment], place: float) -> tuple[list[Fragment], list[Fragment]]:
    return [one for one in part if one.right <= place], [one for one in part if one.right > place]


def _are_columns(left: list[Fragment], right: list[Fragment]) -> bool:
    """Whether what stands ``left`` is read before what stands ``right``."""
    if min(len(left), len(right)) < _FEWEST:
        return False
    height = statistics.median(one.height for one in (*left, *right))
    if min(one.left for one in right) - max(one.right for one in left) < NARROWEST * height:
        return False
    top, bottom = max(left[0].middle, right[0].middle), min(left[-1].middle, right[-1].middle)
    return bottom - top > 0.5 * height and not is_table(rows_of([*left, *right]), left, right)


def _between_headings(beside: list[Fragment], place: float) -> Iterator[list[Fragment]]:
    """``beside``, which goes from top to bottom, parted before headings that have nothing to their right."""
    start = 0
    for index, fragment in enumerate(beside):
        if index == start or fragment.right > place or not _opens(fragment, beside[index + 1 :], place):
            continue
        if not any(_level(fragment, other) for other in beside[max(0, index - 6) : index + 7]):
            yield beside[start:index]
            start = index
    yield beside[start:]


def _opens(fragment: Fragment, below: Sequence[Fragment], place: float) -> bool:
    """Whether ``fragment`` is a heading of a section, or of a group that goes on to its right."""
    if is_section(fragment.text):
        return True
    if not is_group(fragment.text):
        return False
    beside = next((one for one in below if one.left > place), None)
    return beside is not None and begins_ingredient(beside.text)


def _level(fragment: Fragment, other: Fragment) -> bool:
    return other is not fragment and abs(other.middle - fragment.middle) < 0.7 * max(fragment.height, other.height)


def _whole_words(lines: list[Line]) -> list[Line]:
    whole: list[Line] = []
    for line in lines:
        last = whole[-1] if whole else None
        first, _, rest = line.text.partition(" ")
        if last and last.region == line.region and _is_parted(last.text, first):
            stem = last.text[:-1]
            keeps = stem.rpartition(" ")[2].lower() in _KEEP_HYPHEN
            whole[-1] = last._replace(text=f"{stem}{'-' if keeps else ''}{first}")
            if rest:
                whole.append(line._replace(text=rest))
        else:
            whole.append(line)
    return whole


def _is_parted(text: str, first: str) -> bool:
    return text[-1] in "-‐\N{SOFT HYPHEN}¬" and text[-3:-1].isalpha() and len(text) > 2 and first[:1].islower()
