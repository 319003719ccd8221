"""``loadstone history``: what many gates saw together."""

from __future__ import annotations

import sys
from pathlib import Path

import rich_click as click
from rich.console import Console

from slo.duel.metrics import METRICS
from slo.exits import ExitCode
from slo.history import HistoryError, branch, console, files, page
from slo.history.findings import found

REFUSALS: tuple[type[Exception], ...] = (HistoryError, OSError)
"""What this command raises instead of doing its work; the message is a sentence."""


@click.command()
@click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--branch", "from_branch", metavar="NAME", help="Read it from a branch of this repository, not from FILE."
)
@click.option("--metric", type=click.Choice(list(METRICS)), help="This one alone. [default: all there are]")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write a page, too.")
@click.option("--strict", is_flag=True, help="Exit 1 when anything drifts.")
def history(file: Path | None, from_branch: str | None, metric: str | None, html: Path | None, strict: bool) -> None:
    """Draw every metric over the commits of FILE, and warn of what became worse in steps too small for a gate.

    `loadstone gate --history FILE` appends its verdict. A change is told with p ≤ 0.001, or where it was counted:

    - `loadstone history history.jsonl --html history.html`
    - `loadstone history --branch performance --metric cpu-per-request --strict`
    """
    if (file is None) == (from_branch is None):
        raise click.UsageError("name either a FILE or a --branch")
    if from_branch is not None:
        entries, source = branch.read(Path.cwd(), from_branch), f"branch {from_branch}"
    else:
        assert file is not None
        entries, source = files.read(file), str(file)
    told = found(entries, metric)
    if html is not None:
        html.parent.mkdir(parents=True, exist_ok=True)
        html.write_text(page.render(told, source), encoding="utf-8")
    terminal = Console()
    click.echo(console.render(told, width=terminal.width, colour=terminal.is_terminal), nl=False)
    if html is not None:
        click.echo(f"html      {html}")
    if strict and told.drifts:
        sys.exit(ExitCode.MISSED)
