"""A history for the terminal: every series as a line of blocks, with its changes marked below."""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from slo.history.drift import Change, Form
from slo.history.findings import History, Told, change
from slo.history.levels import Point
from slo.reports.paper import NARROWEST, Paper

_BLOCKS = "▁▂▃▄▅▆▇█"
_NAMES = 26
_ROOM = 12
"""Columns behind the line, for the level at its end."""


def render(history: History, *, width: int, colour: bool) -> str:
    """All of ``history``, what to worry about last."""
    paper = Paper(width=width, colour=colour)
    paper.print()
    for told in history.told:
        _series(paper, told, max(width, NARROWEST) - _NAMES - _ROOM)
    for remark in history.remarks:
        paper.bullet(remark, "dim")
    for told in history.told:
        for note in told.notes:
            paper.bullet(note, "dim")
        for warning in told.warnings:
            paper.bullet(warning, "red")
    paper.print(Text(history.headline, style="bold red" if history.drifts else "bold green"))
    return paper.text


def _series(paper: Paper, told: Told, width: int) -> None:
    of = told.series
    total = change(of.points[-1].level, of)
    line, marks = drawn(of.points, told.changes, width)
    style = "red" if told.warnings else "green"
    paper.print(Text.assemble(f"{of.name:<{_NAMES}}", (line, style), f"  {total}"))
    if marks.strip():
        paper.print(Text(f"{'':<{_NAMES}}{marks}", style="yellow"))


def drawn(points: Sequence[Point], changes: Sequence[Change], width: int) -> tuple[str, str]:
    """The levels, the last of each group, and marks below: ``▲`` is a step, ``─`` a drift."""
    groups = min(width, len(points))
    levels = [point.level for point in points]
    low, high = min(levels), max(levels)
    ends = [round(len(points) * (index + 1) / groups) for index in range(groups)]
    line = "".join(_block((levels[end - 1] - low) / (high - low) if high > low else 0.0) for end in ends)
    marks = [" "] * groups
    for each in sorted(changes, key=lambda each: each.form is Form.STEP):
        for place in range(_group(each.first, ends), _group(each.last, ends) + 1):
            marks[place] = "▲" if each.form is Form.STEP else "─"
    return line, "".join(marks)


def _group(index: int, ends: Sequence[int]) -> int:
    return next(place for place, end in enumerate(ends) if index < end)


def _block(share: float) -> str:
    return _BLOCKS[min(int(share * len(_BLOCKS)), len(_BLOCKS) - 1)]
