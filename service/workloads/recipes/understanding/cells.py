"""Grids of ingredients: rows of cells, each an ingredient over one line or several."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from service.workloads.recipes.understanding.fragments import Fragment, merged
from service.workloads.recipes.understanding.headings import is_section
from service.workloads.recipes.understanding.kinds import looks_like_ingredient
from service.workloads.recipes.understanding.tables import is_amount
from service.workloads.recipes.understanding.vocabulary import TONGUES, vocabulary_of

_ALIGNED = 1.5
_LEADING = 2.2


def by_cells(rows: Iterable[Sequence[Fragment]]) -> Iterator[Fragment]:
    """The lines of ``rows``: each row is one, except where it is a row of cells, of which each is one."""
    cells: list[list[Fragment]] = []
    columns: list[list[Fragment]] = []
    for row in rows:
        if _go_on(row, cells):
            for piece in row:
                _nearest(piece, cells).append(piece)
            continue
        yield from (merged(cell) for cell in cells)
        cells = [[piece] for piece in row] if _begin(row, columns) else []
        columns = cells or columns
        if not cells:
            yield merged(row)
    yield from (merged(cell) for cell in cells)


@lru_cache(maxsize=1024)
def begins_ingredient(text: str) -> bool:
    """Whether ``text`` is an ingredient, or its beginning, in a language that is understood; not an amount alone."""
    return not is_amount(text) and any(looks_like_ingredient(text, vocabulary_of(tongue)) for tongue in TONGUES)


def _begin(row: Sequence[Fragment], columns: Sequence[list[Fragment]]) -> bool:
    """Whether ``row`` is one of cells: most are ingredients, or one is and all stand below earlier cells.

    An amount alone is a cell, whose name is below it, only beside such as are ingredients; else the row is a table's.
    """
    if len(row) < 2 or any(is_section(piece.text) for piece in row):
        return False
    ingredients = sum(begins_ingredient(piece.text) for piece in row)
    below = ingredients > 0 and bool(columns) and _aligned(row, columns)
    amounts = sum(is_amount(piece.text) for piece in row)
    if amounts:
        return amounts + ingredients == len(row) and not any(map(_is_mark, row)) and (ingredients > 1 or below)
    return below or 2 * ingredients > len(row)


def _is_mark(piece: Fragment) -> bool:
    return is_amount(piece.text) and not any(character.isalpha() for character in piece.text)


def _go_on(row: Sequence[Fragment], cells: Sequence[list[Fragment]]) -> bool:
    """Whether all of ``row`` are further lines of ``cells``."""
    if (
        not cells
        or not _aligned(row, cells)
        or not all(piece.text[0].islower() or piece.text[0] == "(" for piece in row)
    ):
        return False
    last = max(cell[-1].middle for cell in cells)
    near = all(piece.middle - last < _LEADING * piece.height for piece in row)
    return near and not any(begins_ingredient(piece.text) for piece in row)


def _aligned(row: Sequence[Fragment], cells: Sequence[list[Fragment]]) -> bool:
    nearest = [_nearest(piece, cells) for piece in row]
    apart = len({id(cell) for cell in nearest}) == len(nearest)
    return apart and all(
        abs(cell[0].left - piece.left) < _ALIGNED * piece.height for piece, cell in zip(row, nearest, strict=True)
    )


def _nearest(piece: Fragment, cells: Sequence[list[Fragment]]) -> list[Fragment]:
    return min(cells, key=lambda cell: abs(cell[0].left - piece.left))
