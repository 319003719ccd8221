"""A row of figures as a line of text."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

WIDTH = 40
_BLOCKS = "▁▂▃▄▅▆▇█"


def sparkline(values: Sequence[float | None], width: int = WIDTH) -> str:
    """``values`` as a line of blocks from 0 to the highest, a dot where there is none; the worst of a group shows."""
    if not values:
        return ""
    groups = min(width, len(values))
    ends = [round(len(values) * index / groups) for index in range(groups + 1)]
    worst = [
        max((value for value in values[begin:end] if value is not None), default=None) for begin, end in pairwise(ends)
    ]
    highest = max((value for value in worst if value is not None), default=0.0)
    return "".join("·" if value is None else _block(value, highest) for value in worst)


def _block(value: float, highest: float) -> str:
    return _BLOCKS[min(int(value / highest * len(_BLOCKS)), len(_BLOCKS) - 1)] if highest > 0 else _BLOCKS[0]
