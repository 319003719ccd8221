"""Commands about profiles that lie in files: show, diff, export. They raise RecordingError and IncomparableError."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import rich_click as click

from profiles.culprit import suspects
from profiles.diff import difference
from profiles.recording import Recording
from profiles.renderers import flamegraph, speedscope, text

_file = click.Path(exists=True, dir_okay=False, path_type=Path)
_out = click.Path(dir_okay=False, path_type=Path)
_rows_option = click.option("--rows", default=20, show_default=True, type=click.IntRange(1), help="Functions, at most.")

_EXPORTS: dict[str, Callable[[Recording, str], bytes]] = {
    "folded": lambda recording, name: recording.profile().text().encode("utf-8"),
    "speedscope": lambda recording, name: speedscope.render(recording.profile(), name),
    "flamegraph": lambda recording, name: flamegraph.render(recording.profile(), name, per=recording.answered).encode(
        "utf-8"
    ),
}


@click.command()
@click.argument("file", type=_file)
@_rows_option
def show(file: Path, rows: int) -> None:
    """Show the dearest functions of a recording, or of anybody's folded stacks."""
    click.echo(text.render(Recording.load(file).profile(), rows), nl=False)


@click.command()
@click.argument("file", type=_file)
@click.argument("kind", type=click.Choice(sorted(_EXPORTS)))
@click.argument("out", type=_out)
def export(file: Path, kind: str, out: Path) -> None:
    """Write a recording in another form to OUT.

    **folded**: stacks for any flame graph tool; **speedscope**: for speedscope.app; **flamegraph**: an SVG.
    """
    recording = Recording.load(file)
    out.write_bytes(_EXPORTS[kind](recording, file.name.partition(".")[0]))
    click.echo(f"{out}")


@click.command()
@click.argument("before", type=_file)
@click.argument("after", type=_file)
@_rows_option
@click.option("--flamegraph", "graph", type=_out, help="Also draw the difference, as an SVG.")
def diff(before: Path, after: Path, rows: int, graph: Path | None) -> None:
    """Say what became of each function between two recordings, and which ones made requests dearer."""
    base, head = Recording.load(before), Recording.load(after)
    found = difference(base, head)
    click.echo(text.render_difference(found, suspects(found), rows), nl=False)
    if graph is not None:
        drawn = flamegraph.render(
            head.profile(), f"{before.name} → {after.name}",
            per=head.answered, before=base.profile(), per_before=base.answered,
        )  # fmt: skip
        graph.write_text(drawn, encoding="utf-8")
        click.echo(f"\nthe flame graph is {graph}")
