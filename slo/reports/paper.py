"""What a report for a terminal is written on: a console of a certain width that is read as text."""

from __future__ import annotations

from collections.abc import Mapping
from io import StringIO
from pathlib import Path

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.text import Text

from slo.reports import wording

NARROWEST = 60
"""Columns; a narrower terminal wraps lines by itself."""


class Paper:
    """Takes what is printed; ``text`` is all of it, without blanks at the ends of lines."""

    def __init__(self, *, width: int, colour: bool) -> None:
        self._output = StringIO()
        self._console = Console(
            file=self._output,
            width=max(width, NARROWEST),
            force_terminal=colour,
            no_color=not colour,
            highlight=False,
            emoji=False,
            markup=False,
            legacy_windows=False,
        )

    @property
    def text(self) -> str:
        """Everything so far."""
        return "".join(f"{line.rstrip()}\n" for line in self._output.getvalue().splitlines())

    def print(self, *what: RenderableType) -> None:
        """Add ``what`` and the end of a line."""
        self._console.print(*what)

    def bullet(self, text: str, style: str = "") -> None:
        """Add an entry of a list."""
        self._console.print(Padding(Text(f"- {wording.plain(text)}", style=style), (0, 0, 0, 2)))

    def places(self, places: Mapping[str, Path]) -> None:
        """Tell where the written forms are, a line each."""
        for name, path in places.items():
            self._console.print(f"{name:<9} {path}", soft_wrap=True)
