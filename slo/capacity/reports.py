"""What was found, written to files and told to a terminal.

capacity.json    a `Capacity`, or an `Agreement` of several; described by ``assets/schema.json``
capacity.md      capacity.html
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec
from rich.console import Console

from slo import documentation
from slo.capacity import console, manifests, markdown, page
from slo.capacity.agreement import agreement
from slo.capacity.model import Agreement, Capacity
from slo.exits import ExitCode

JSON, MARKDOWN, HTML = "capacity.json", "capacity.md", "capacity.html"
ROOMY = 120


def written_in(folder: Path) -> bool:
    """Whether ``folder`` holds a test already, whole or begun."""
    return any((folder / name).exists() for name in (JSON, "step-01", "test-1"))


def write(runs: Sequence[Capacity], folder: Path, for_manifests: Path | None = None) -> dict[str, Path]:
    """Write every form and, where that is wanted, the manifests; their places by name. Raises `OSError`."""
    together = _together(runs)
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "html": (folder / HTML, page.render(runs, together)),
        "markdown": (folder / MARKDOWN, markdown.render(runs, together)),
        "json": (folder / JSON, json(together or runs[-1])),
    }
    scaling = runs[-1].scaling
    if for_manifests is not None and scaling is not None:
        for_manifests.mkdir(parents=True, exist_ok=True)
        for name, text in manifests.render(runs[-1], scaling).items():
            texts[name.removesuffix(".yaml")] = (for_manifests / name, text)
    for path, text in texts.values():
        path.write_text(text, encoding="utf-8")
    return {name: path for name, (path, _) in texts.items()}


def put(page: str, place: str, runs: Sequence[Capacity]) -> str:
    """``page`` with the tables between the comments ``capacity PLACE: begin`` and ``capacity PLACE: end``.

    Raises `documentation.NoPlaceError` when the page lacks them; nothing but that is checked without ``runs``.
    """
    text = markdown.tables(runs, _together(runs)) if runs else ""
    told = documentation.put(page, f"capacity {place}", text)
    return told if runs else page


def terminal(runs: Sequence[Capacity], places: dict[str, Path]) -> str:
    """The report for standard output as it is."""
    output = Console()
    colour = output.is_terminal and not output.no_color
    width = output.width if output.is_terminal else max(output.width, ROOMY)
    return console.render(runs, _together(runs), places, width=width, colour=colour)


def json(found: Capacity | Agreement) -> str:
    """The document, indented."""
    return msgspec.json.format(msgspec.json.encode(found), indent=1).decode() + "\n"


def schema() -> str:
    """The JSON Schema (2020-12) of both documents; ``python -m slo.capacity`` writes it to ``assets/schema.json``."""
    described = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Loadstone capacity",
        **msgspec.json.schema(Capacity | Agreement),
    }
    return msgspec.json.format(msgspec.json.encode(described), indent=2).decode() + "\n"


def exit_code(runs: Sequence[Capacity], *, strict: bool) -> ExitCode:
    """How the command ends: missed where no rate keeps the objectives, undecided only under ``strict``."""
    together = _together(runs)
    if any(run.sustainable_per_s.value is None and run.ended_by == "objectives" for run in runs):
        return ExitCode.MISSED
    if any(run.sustainable_per_s.value is None for run in runs):
        return ExitCode.UNJUDGED
    undecided = any(run.ended_by != "objectives" for run in runs) or (together is not None and not together.agree)
    return ExitCode.INCONCLUSIVE if strict and undecided else ExitCode.MET


def _together(runs: Sequence[Capacity]) -> Agreement | None:
    return agreement(runs) if len(runs) > 1 else None
