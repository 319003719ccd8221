"""Whether two columns are cells of a table: amounts on one side, what they are of on the other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from service.workloads.recipes.understanding.fragments import Fragment
from service.workloads.recipes.understanding.letters import folded
from service.workloads.recipes.understanding.quantities import quantity_at, skip_spaces
from service.workloads.recipes.understanding.units import unit_at
from service.workloads.recipes.understanding.vocabulary import TONGUES, Vocabulary, vocabulary_of

LONGEST_AMOUNT: Final = 24
"""Letters: longer text is no cell with an amount."""

_MARKER = re.compile(
    r"[\W_]{1,3}|\(?\d{1,2}[.)º°:-]{1,2}|c/n|c/s|[oO]|al gusto|a gusto|to taste|cantidad|quantity|amount|unidad|unit"
)
_FIGURES = re.compile(r"(?=.*[\d½⅓⅔¼¾⅛])[\dlIOo|½⅓⅔¼¾⅛.,/%\s-]{1,9}")


def is_table(rows: Sequence[Sequence[Fragment]], left: Sequence[Fragment], right: Sequence[Fragment]) -> bool:
    """Whether most ``rows`` have an amount and its name on the two sides of a gutter."""
    sides = {id(one) for one in left}
    pairs = 0
    bound = 0
    leading = _amounts_lead(rows)
    for row in rows:
        before = [one for one in row if id(one) in sides]
        after = [one for one in row if id(one) not in sides]
        if before and after:
            pairs += 1
            bound += _bound(before, after, leading)
    most = min(_row_count(rows, sides, True), _row_count(rows, sides, False))
    return pairs >= 0.6 * most and bound > 0.6 * pairs


def is_amount(text: str) -> bool:
    """Whether ``text`` is an amount, a unit, both, or the mark of a list, and nothing else."""
    if len(text) > LONGEST_AMOUNT:
        return False
    plain = folded(text).strip(" .:")
    if _MARKER.fullmatch(plain) or _FIGURES.fullmatch(text) or not plain:
        return True
    return any(_is_measure(text.strip(" .:"), plain, vocabulary_of(tongue)) for tongue in TONGUES)


def _is_measure(text: str, plain: str, vocabulary: Vocabulary) -> bool:
    quantity = quantity_at(plain, 0, vocabulary)
    start = skip_spaces(plain, quantity.end) if quantity else 0
    if quantity and start == len(plain):
        return True
    unit = unit_at(text, plain, start, vocabulary)
    return unit is not None and unit.end >= len(plain)


def _amounts_lead(rows: Sequence[Sequence[Fragment]]) -> bool:
    """Whether amounts stand before what they are of.

    They do where they begin most rows, and do not where they end most; in the midst of rows, the shorter of their
    neighbours is the name, and the longer is a step's line.
    """
    shared = [row for row in rows if len(row) > 1]
    first = sum(is_amount(row[0].text) for row in shared)
    last = sum(is_amount(row[-1].text) for row in shared)
    if 2 * max(first, last) > len(shared):
        return first >= last
    before = after = 0
    for row in shared:
        for left, middle, right in zip(row, row[1:], row[2:], strict=False):
            if is_amount(middle.text):
                before += len(left.text)
                after += len(right.text)
    return after <= before


def _bound(before: Sequence[Fragment], after: Sequence[Fragment], leading: bool) -> bool:
    """Whether the two cells beside the gutter belong together."""
    amounts = is_amount(before[-1].text), is_amount(after[0].text)
    return all(amounts) or (amounts[0] if leading else amounts[1])


def _row_count(rows: Sequence[Sequence[Fragment]], sides: set[int], left: bool) -> int:
    return sum(any((id(one) in sides) is left for one in row) for row in rows)
