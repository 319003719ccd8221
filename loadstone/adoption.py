"""``loadstone load import``: a plan and objectives of what a team already has."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from math import isfinite
from pathlib import Path

import rich_click as click
from rich.console import Console
from rich.text import Text

from loadtests._imports import _foreign
from loadtests._imports._source import ForeignFileError
from loadtests._imports._streams import Import
from loadtests._imports._writing import comments, grouped, head, toml
from loadtests._planning import _plan
from loadtests._planning._catalogue import length
from slo import spec
from slo.drafts import draft
from slo.promises import Remark

REFUSALS: tuple[type[Exception], ...] = (ForeignFileError, OSError)

MOST_TOLD = 40
"""Remarks on the terminal; the head of the plan has them all."""
_LONGEST_NAME = 40


@click.command("import")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--out", type=click.Path(dir_okay=False, path_type=Path), help="Plan to write. [default: FILE's name, here, .toml]"
)
@click.option("--force", is_flag=True, help="Write over files that are there already.")
@click.option("--strict", is_flag=True, help="Write nothing and exit 2 when something cannot be taken over.")
def adopt(file: Path, out: Path | None, force: bool, strict: bool) -> None:
    """Make a plan of FILE, a load test of Artillery (YAML, JSON, JavaScript) or k6 (JavaScript, JSON).

    What it sends becomes a plan; what it expects becomes objectives in a file beside it. A script is read and never
    run. Whatever cannot be taken over is named here and at the head of the plan, with the reason:

    - `loadstone load import checkout.js`
    - `loadstone load show checkout.toml`
    - `loadstone gate checkout.toml --objectives checkout.yaml`
    """
    place = out or Path(f"{file.stem}.toml")
    if place.suffix != ".toml":
        raise click.BadParameter(f"{place}: a plan's name ends in .toml", param_hint="--out")
    found = _foreign.read(file)
    name = _budget_name(place.stem)
    workloads = list(found.table.get("mix", ()))
    objectives, moved = draft(name, found.promises, workload=workloads[0] if len(workloads) == 1 else "")
    remarks = (*found.remarks, *moved)
    lost = sum(remark.lost for remark in remarks)
    if strict and lost:
        _tell(remarks, most=len(remarks))
        raise ForeignFileError(f"{file}: {lost} of its parts cannot be taken over, and nothing was written")
    files: dict[Path, str] = {}
    if found.table:
        table = found.table | ({"objectives": [name]} if objectives else {})
        files[place] = toml(table, head(file.name, found.tool, remarks))
    if objectives:
        lines = comments(head(file.name, found.tool, moved))
        files[place.with_suffix(".yaml")] = "\n".join([*lines, objectives])
    _write(files, force=force)
    _tell(remarks)
    _tell_files(found, place, files)


def _budget_name(stem: str) -> str:
    """``stem`` as a name of RFC 1123."""
    plain = re.sub(r"[^a-z0-9]+", "-", stem.lower()).strip("-")[:_LONGEST_NAME].strip("-")
    return plain or "imported"


def _write(files: dict[Path, str], *, force: bool) -> None:
    for path in files:
        if path.exists() and not force:
            raise ForeignFileError(f"{path} is there already; --force writes over it, --out names another")
    for path, content in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")


def _tell(remarks: Sequence[Remark], most: int = MOST_TOLD) -> None:
    console = Console(stderr=True)
    for title, lost in (("not taken over", True), ("taken otherwise", False)):
        found = [remark for remark in remarks if remark.lost is lost]
        if not found:
            continue
        console.print(Text(f"{title} ({len(found)}):", style="bold yellow" if lost else "bold"))
        for why, places in grouped(found[:most]):
            for place in places:
                console.print(Text(f"  {place}"), soft_wrap=True)
            console.print(Text(f"      {why}", style="dim"), soft_wrap=True)
        if len(found) > most:
            console.print(Text(f"  and {len(found) - most} more, at the head of the plan"))


def _tell_files(found: Import, place: Path, files: dict[Path, str]) -> None:
    objectives = place.with_suffix(".yaml")
    if place in files:
        plan = _plan.load(str(place))
        requests = plan.arrivals_expected(judged_only=False)
        count = f"{'≤ ' if plan.closed else ''}{requests:,.0f}" if isfinite(requests) else "as many as it can"
        click.echo(
            f"plan: {place} ({plan.arrivals}, {len(plan.stages)} stages, {length(plan.seconds)}, {count} requests)"
        )
    if objectives not in files:
        click.echo(f"objectives: none, as the file of {found.tool} promises nothing that can be judged")
        return
    click.echo(f"objectives: {objectives}")
    for doubt in _doubts(place, objectives) if place in files else ():
        click.echo(f"note: {doubt}")
    if place in files:
        click.echo(f"next: loadstone gate {place} --objectives {objectives}")


def _doubts(place: Path, objectives: Path) -> Iterator[str]:
    """Which objectives the plan sends too little for."""
    plan = _plan.load(str(place))
    requests = plan.arrivals_expected(judged_only=True)
    for objective in spec.load((objectives,)).budget(plan.objectives[0], "production").objectives:
        if objective.min_events > requests:
            needed = f"{objective.name} takes {objective.min_events:,} requests to decide"
            yield f"{needed}, and the plan sends {requests:,.0f}"
