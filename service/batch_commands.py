"""``loadstone batch``: batches of a running service from the command line."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any
from urllib.parse import quote, urlencode

import msgspec
import rich_click as click
from rich import box
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn, TimeRemainingColumn
from rich.table import Table

from service.core.batches import HIGHEST_PRIORITY, LOWEST_PRIORITY, BatchState, RowState
from service.remote import RefusedError, RemoteService

MEDIA_TYPES = {
    ".csv": "text/csv",
    ".tsv": "text/csv",
    ".ndjson": "application/x-ndjson",
    ".jsonl": "application/x-ndjson",
}
PIECE = 256 * 1024
SHOWN_LINES = 10
SHOWN_BATCHES = 200
_ENDS = {BatchState.COMPLETED, BatchState.CANCELLED}


class Batch(msgspec.Struct, frozen=True):
    """As much of a batch as people are told."""

    id: str
    name: str
    workload: str
    state: BatchState
    items: int
    refused: int
    done: int
    failed: int
    progress: float
    rate: float | None
    seconds_left: float | None

    @property
    def has_ended(self) -> bool:
        """Whether nothing will come of it any more."""
        return self.state in _ENDS

    def __str__(self) -> str:
        pace = f", {self.rate:,.0f} rows/s" if self.rate and not self.has_ended else ""
        left = f", {_duration(self.seconds_left)} left" if self.seconds_left is not None else ""
        refused = f", {self.refused:,} lines refused" if self.refused else ""
        return (
            f"{self.id} ({self.name}) is {self.state}: {self.done:,} of {self.items:,} rows of {self.workload} done, "
            f"{self.failed:,} of them failed{refused}{pace}{left}"
        )


class _Page(msgspec.Struct, frozen=True):
    batches: list[Batch]


class _Line(msgspec.Struct, frozen=True):
    line: int
    reason: str


class _Errors(msgspec.Struct, frozen=True):
    failed: dict[str, int]
    refused: int
    refused_lines: list[_Line]


@click.group()
@click.option(
    "--url",
    envvar="LOADSTONE_URL",
    default="http://127.0.0.1:8000",
    show_default=True,
    show_envvar=True,
    help="The running service.",
)
@click.option("--api-key", envvar="LOADSTONE_API_KEY", show_envvar=True, help="Key to show, if the service wants one.")
@click.pass_context
def batch(context: click.Context, url: str, api_key: str | None) -> None:
    """Send files of millions of rows to a running service, watch and steer them, and get what came of them.

    - `loadstone batch submit survey.csv --workload comments --watch`
    - `loadstone batch results ID --state failed --out failed.ndjson`
    """
    context.obj = RemoteService(url, api_key)


@batch.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--workload", required=True, help="What the rows are for.")
@click.option("--name", help="Yours; the file's name without.")
@click.option("--priority", type=click.IntRange(LOWEST_PRIORITY, HIGHEST_PRIORITY), default=0, show_default=True)
@click.option("--no-start", is_flag=True, help="Wait for `loadstone batch start`.")
@click.option("--options", default="{}", help='Chosen for all rows, as JSON: `{"quality": "good"}`.')
@click.option("--watch", "watches", is_flag=True, help="Stay until every row is done.")
@click.pass_obj
def submit(
    service: RemoteService,
    file: Path,
    workload: str,
    name: str | None,
    priority: int,
    *,
    no_start: bool,
    options: str,
    watches: bool,
) -> None:
    """Send FILE, CSV with a header or NDJSON, as a batch.

    If it breaks off, the rows that arrived are kept in a batch that is `interrupted`.
    """
    wish = {
        "workload": workload,
        "name": name or file.name[:200],
        "priority": str(priority),
        "auto_start": str(not no_start).lower(),
        "options": options,
    }
    size = file.stat().st_size
    headers = {"content-type": _media_type(file), "content-length": str(size)}
    with file.open("rb") as source, _bar(DownloadColumn()) as bar:
        task = bar.add_task("sending", total=size)
        try:
            sent = service.ask(Batch, "POST", f"/v1/batches?{urlencode(wish)}", _pieces(source, bar, task), headers)
        except KeyboardInterrupt:
            bar.stop()
            click.echo("The upload broke off. `loadstone batch list --state interrupted` tells what arrived.", err=True)
            raise
    click.echo(str(sent))
    if sent.refused:
        _tell_refusals(service, sent)
    if watches:
        _watch(service, sent.id)


@batch.command("list")
@click.option("--state", type=click.Choice([state.value for state in BatchState]), help="Those in this state.")
@click.option("--limit", type=click.IntRange(1, SHOWN_BATCHES), default=20, show_default=True)
@click.pass_obj
def list_batches(service: RemoteService, state: str | None, limit: int) -> None:
    """List your batches, the newest first."""
    query = {"limit": str(limit), **({"state": state} if state else {})}
    page = service.ask(_Page, "GET", f"/v1/batches?{urlencode(query)}")
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column in ("id", "name", "workload", "state", "rows", "done", "failed", "refused"):
        table.add_column(column, justify="right" if column in ("rows", "done", "failed", "refused") else "left")
    for each in page.batches:
        counts = (f"{count:,}" for count in (each.items, each.done, each.failed, each.refused))
        table.add_row(each.id, each.name, each.workload, each.state, *counts)
    Console().print(table if page.batches else "There are no such batches.")


@batch.command()
@click.argument("identifier", metavar="ID")
@click.pass_obj
def show(service: RemoteService, identifier: str) -> None:
    """Tell how far a batch is."""
    click.echo(str(_found(service, identifier)))


@batch.command()
@click.argument("identifier", metavar="ID")
@click.pass_obj
def watch(service: RemoteService, identifier: str) -> None:
    """Show a batch's progress until it has ended; Ctrl-C ends the watching alone."""
    _watch(service, identifier)


@batch.command()
@click.argument("identifier", metavar="ID")
@click.option("--format", "form", type=click.Choice(["ndjson", "csv"]), default="ndjson", show_default=True)
@click.option("--state", type=click.Choice([state.value for state in RowState]), help="Only such rows.")
@click.option("--error", help="Only rows that failed with this class.")
@click.option("--out", type=click.File("wb", lazy=True), default="-", help="File to write. [default: standard output]")
@click.pass_obj
def results(
    service: RemoteService, identifier: str, form: str, state: str | None, error: str | None, out: IO[bytes]
) -> None:
    """Get what came of a batch's rows, by line; also while it runs."""
    query = {"format": form, **({"state": state} if state else {}), **({"error": error} if error else {})}
    for line in service.lines(f"{_path(identifier)}/results?{urlencode(query)}", "*/*"):
        out.write(line)


@batch.command()
@click.argument("identifier", metavar="ID")
@click.pass_obj
def errors(service: RemoteService, identifier: str) -> None:
    """Tell what went wrong: failed rows by class, refused lines with their reasons."""
    found = service.ask(_Errors, "GET", f"{_path(identifier)}/errors")
    for kind, rows in found.failed.items():
        click.echo(f"{rows:,} rows failed: {kind}")
    for each in found.refused_lines:
        click.echo(f"line {each.line}: {each.reason}")
    if found.refused > len(found.refused_lines):
        click.echo(f"and {found.refused - len(found.refused_lines):,} more lines were refused")
    if not found.failed and not found.refused:
        click.echo("Nothing went wrong.")


@batch.command()
@click.argument("identifier", metavar="ID")
@click.pass_obj
def delete(service: RemoteService, identifier: str) -> None:
    """Forget a batch that is not at work, with its results."""
    service.told("DELETE", _path(identifier))
    click.echo(f"{identifier} is gone")


def _verb(name: str, meaning: str) -> None:
    @batch.command(name, help=meaning)
    @click.argument("identifier", metavar="ID")
    @click.pass_obj
    def move(service: RemoteService, identifier: str) -> None:
        click.echo(str(service.ask(Batch, "POST", f"{_path(identifier)}/{name}")))


for _name, _meaning in {
    "start": "Begin a batch that waits, also one whose upload broke off.",
    "pause": "Begin nothing more of a batch; what is in hand is finished.",
    "resume": "Go on after a pause.",
    "cancel": "Never begin what is still to be done of a batch.",
    "retry": "Do the failed rows of a completed batch again.",
}.items():
    _verb(_name, _meaning)


def _path(identifier: str) -> str:
    return f"/v1/batches/{quote(identifier, safe='')}"


def _found(service: RemoteService, identifier: str) -> Batch:
    return service.ask(Batch, "GET", _path(identifier))


def _media_type(file: Path) -> str:
    try:
        return MEDIA_TYPES[file.suffix.lower()]
    except KeyError:
        raise RefusedError(f"{file.name} must end in {', '.join(MEDIA_TYPES)}, which say how it is written") from None


def _pieces(source: IO[bytes], bar: Progress, task: TaskID) -> Iterator[bytes]:
    while piece := source.read(PIECE):
        yield piece
        bar.advance(task, len(piece))


def _watch(service: RemoteService, identifier: str) -> None:
    with _bar(TextColumn("{task.completed:,.0f} of {task.total:,.0f} rows")) as bar:
        task = bar.add_task("doing", total=None)
        last = _followed(service, identifier, lambda now: bar.update(task, total=now.items, completed=now.done))
    click.echo(str(last))
    if last.state is not BatchState.COMPLETED:
        sys.exit(1)


def _followed(service: RemoteService, identifier: str, on_change: Callable[[Batch], None]) -> Batch:
    """The batch once it has ended; connections that end before it are opened again."""
    while True:
        for line in service.lines(f"{_path(identifier)}/events", "text/event-stream"):
            if line.startswith(b"data: {") and len(line) > len(b"data: {}\n"):
                now = msgspec.json.decode(line[6:], type=Batch)
                on_change(now)
                if now.has_ended:
                    return now
        _found(service, identifier)
        time.sleep(1.0)


def _tell_refusals(service: RemoteService, sent: Batch) -> None:
    lines = service.ask(_Errors, "GET", f"{_path(sent.id)}/errors").refused_lines
    for each in lines[:SHOWN_LINES]:
        click.echo(f"line {each.line}: {each.reason}", err=True)
    if sent.refused > SHOWN_LINES:
        click.echo(f"… `loadstone batch errors {sent.id}` tells more", err=True)


def _bar(figures: Any) -> Progress:
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), figures, TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7_200 else f"{seconds / 3_600:.1f} h"
