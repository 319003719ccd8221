"""Judged runs, told to a terminal, a pull request, a browser or another program.

All forms of one run say the same: each is a ``render(report)`` in a module of its own over one shared `Report`.
Several runs side by side are a `Comparison`, base against head a `Duel`, told by modules of the same names.

    Run ───────┐                      ┌─▶ console     the terminal
               ├─▶ run.summary.Report ┼─▶ markdown    report.md
    Judgement ─┘                      ├─▶ html        report.html
                                      ├─▶ json        report.json, described by schema.json
                                      └─▶ junit       junit.xml

    2 to 5 of both ─▶ comparison.summary.Comparison ─▶ console, markdown (comparison.md), html (comparison.html)

    slo.duel.model.Duel ─▶ console, markdown (duel.md), html (duel.html), json (duel.json, duel/schema.json),
                           junit (duel-junit.xml), sarif (duel.sarif), annotations (for a GitHub job to print)

All draw on ``figures`` (what a record says) and ``wording``, and write on ``page``, ``paper`` and ``markup``.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from rich.console import Console

from slo.duel.model import Duel
from slo.model import Judgement
from slo.record import Run
from slo.reports.comparison import console as comparison_console
from slo.reports.comparison import html as comparison_html
from slo.reports.comparison import markdown as comparison_markdown
from slo.reports.comparison.summary import Comparison, ComparisonError, check_number, compare
from slo.reports.duel import annotations as duel_annotations
from slo.reports.duel import console as duel_console
from slo.reports.duel import html as duel_html
from slo.reports.duel import json as duel_json
from slo.reports.duel import junit as duel_junit
from slo.reports.duel import markdown as duel_markdown
from slo.reports.duel import sarif as duel_sarif
from slo.reports.run import console, html, json, junit, markdown
from slo.reports.run.summary import Report, summarise

__all__ = [
    "COMPARISON_FORMATS",
    "DUEL_FORMATS",
    "FORMATS",
    "Comparison",
    "ComparisonError",
    "Report",
    "annotations_of",
    "check_number",
    "compare",
    "summarise",
    "terminal",
    "terminal_comparison",
    "terminal_duel",
    "write",
    "write_comparison",
    "write_duel",
]

FORMATS: dict[str, tuple[str, Callable[[Report], str]]] = {
    "html": ("report.html", html.render),
    "markdown": ("report.md", markdown.render),
    "json": ("report.json", json.render),
    "junit": ("junit.xml", junit.render),
}
"""The forms that are files: name, file name, how it is made."""

COMPARISON_FORMATS: dict[str, tuple[str, Callable[[Comparison], str]]] = {
    "html": ("comparison.html", comparison_html.render),
    "markdown": ("comparison.md", comparison_markdown.render),
}
"""The same of a comparison."""

DUEL_FORMATS: dict[str, tuple[str, Callable[[Duel], str]]] = {
    "html": ("duel.html", duel_html.render),
    "markdown": ("duel.md", duel_markdown.render),
    "json": ("duel.json", duel_json.render),
    "junit": ("duel-junit.xml", duel_junit.render),
    "sarif": ("duel.sarif", duel_sarif.render),
}
"""The same of a duel."""


def write(run: Run, judgement: Judgement, folder: Path, formats: Iterable[str] = tuple(FORMATS)) -> dict[str, Path]:
    """Write the report to ``folder`` in ``formats`` and say where; a file is whole or not there.

    Raises `OSError` when the folder cannot be written to, and then no file has been begun that stays.
    """
    report = summarise(run, judgement)
    return _all_written({name: (FORMATS[name][0], FORMATS[name][1](report)) for name in formats}, folder)


def write_comparison(
    comparison: Comparison, folder: Path, formats: Iterable[str] = tuple(COMPARISON_FORMATS)
) -> dict[str, Path]:
    """`write` for a comparison."""
    forms = {name: COMPARISON_FORMATS[name] for name in formats}
    return _all_written({name: (file, render(comparison)) for name, (file, render) in forms.items()}, folder)


def write_duel(duel: Duel, folder: Path, formats: Iterable[str] = tuple(DUEL_FORMATS)) -> dict[str, Path]:
    """`write` for a duel; the files that its flame graphs name are expected in the same ``folder``."""
    forms = {name: DUEL_FORMATS[name] for name in formats}
    texts = {name: (file, render(duel)) for name, (file, render) in forms.items()}
    if "html" in texts:
        texts["html"] = (texts["html"][0], duel_html.render(duel, _drawing(duel, folder)))
    return _all_written(texts, folder)


def _drawing(duel: Duel, folder: Path) -> bytes:
    """The flame graph that tells most: the last of samples, which are taken where counts tell nothing, or the first."""
    files = [folder / file for _, file in duel.flame_graphs if file.endswith(".svg")]
    chosen = [file for file in files if file.stem == "samples"] or files[:1]
    return chosen[0].read_bytes() if chosen and chosen[0].is_file() else b""


def annotations_of(duel: Duel) -> str:
    """What a GitHub job prints so that the guilty lines are marked; nothing to print where nothing is found."""
    return duel_annotations.render(duel)


def terminal(run: Run, judgement: Judgement, places: Mapping[str, Path] | None = None) -> str:
    """The report for standard output as it is: its width; colour on a terminal unless ``NO_COLOR`` is set."""
    width, colour = _output()
    return console.render(summarise(run, judgement), places=places, width=width, colour=colour)


def terminal_comparison(comparison: Comparison, places: Mapping[str, Path] | None = None) -> str:
    """`terminal` for a comparison."""
    width, colour = _output()
    return comparison_console.render(comparison, places=places, width=width, colour=colour)


def terminal_duel(duel: Duel, places: Mapping[str, Path] | None = None) -> str:
    """`terminal` for a duel."""
    width, colour = _output()
    return duel_console.render(duel, places=places, width=width, colour=colour)


def _output() -> tuple[int, bool]:
    """Width and colour of standard output."""
    output = Console()
    colour = output.is_terminal and not output.no_color
    return output.width if output.is_terminal else max(output.width, console.ROOMY), colour


def _all_written(texts: Mapping[str, tuple[str, str]], folder: Path) -> dict[str, Path]:
    folder.mkdir(parents=True, exist_ok=True)
    return {name: _written(folder / file, text) for name, (file, text) in texts.items()}


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
