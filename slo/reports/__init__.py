"""A judged run, told to a terminal, a pull request, a browser or another program.

All forms say the same: each is a ``render(report)`` in a module of its own over one shared `Report`.

    Run ───────┐                  ┌─▶ console     the terminal
               ├─▶ summary.Report ┼─▶ markdown    report.md
    Judgement ─┘                  ├─▶ html        report.html
                                  ├─▶ json        report.json, described by schema.json
                                  └─▶ junit       junit.xml
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from rich.console import Console

from slo.model import Judgement
from slo.record import Run
from slo.reports import console, html, json, junit, markdown
from slo.reports.summary import Report, summarise

__all__ = ["FORMATS", "Report", "summarise", "terminal", "write"]

FORMATS: dict[str, tuple[str, Callable[[Report], str]]] = {
    "html": ("report.html", html.render),
    "markdown": ("report.md", markdown.render),
    "json": ("report.json", json.render),
    "junit": ("junit.xml", junit.render),
}
"""The forms that are files: name, file name, how it is made."""


def write(run: Run, judgement: Judgement, folder: Path, formats: Iterable[str] = tuple(FORMATS)) -> dict[str, Path]:
    """Write the report to ``folder`` in ``formats`` and say where; a file is whole or not there.

    Raises `OSError` when the folder cannot be written to, and then no file has been begun that stays.
    """
    report = summarise(run, judgement)
    texts = {name: FORMATS[name][1](report) for name in formats}
    folder.mkdir(parents=True, exist_ok=True)
    return {name: _written(folder / FORMATS[name][0], text) for name, text in texts.items()}


def terminal(run: Run, judgement: Judgement, places: Mapping[str, Path] | None = None) -> str:
    """The report for standard output as it is: its width; colour on a terminal unless ``NO_COLOR`` is set."""
    output = Console()
    colour = output.is_terminal and not output.no_color
    width = output.width if output.is_terminal else max(output.width, console.ROOMY)
    return console.render(summarise(run, judgement), places=places, width=width, colour=colour)


def _written(path: Path, text: str) -> Path:
    """Write under another name first, then rename: a reader never meets half a file."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    unfinished = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        unfinished.chmod(0o644)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    return path
