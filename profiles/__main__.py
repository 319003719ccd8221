"""``python -m profiles``: what captures profiles in a process of its own, and what shows them."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import get_args

import rich_click as click

from profiles.commands import diff, export, show
from profiles.diff import IncomparableError
from profiles.recording import SUFFIX, RecordingError
from profiles.renderers import text
from profiles.replays import Kind, ProgramError, replay
from profiles.samplers import py_spy
from profiles.sampling import UncountedError, sample

REFUSALS: tuple[type[Exception], ...] = (
    IncomparableError,
    ProgramError,
    RecordingError,
    UncountedError,
    py_spy.SamplingError,
)
_folder = click.Path(exists=True, file_okay=False, path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Capture, compare and show profiles."""


@cli.command()
@click.argument("pids", type=int, nargs=-1, required=True)
@click.option("--seconds", default=10, show_default=True, type=click.IntRange(1, 3600), help="All parts together.")
@click.option("--parts", default=1, show_default=True, type=click.IntRange(1, 60), help="Stretches, for intervals.")
@click.option("--rate", default=250, show_default=True, type=click.IntRange(1, 1000), help="Samples a second.")
@click.option("--native", is_flag=True, help="Also frames of C and Rust code.")
@click.option("--served", metavar="URL", help="Metrics of the service, whose requests are counted meanwhile.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="File for the recording.")
def cpu(
    pids: tuple[int, ...], seconds: int, parts: int, rate: int, native: bool, served: str | None, out: Path | None
) -> None:
    """Sample processes (workers of the service, not its supervisor) at the same time, and show what is dear."""
    recording = sample(pids, max(1, seconds // parts), parts, rate=rate, native=native, served=served)
    if out is not None:
        recording.save(out)
    click.echo(text.render(recording.profile()), nl=False)


@cli.command("replay")
@click.argument("program")
@click.argument("requests", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--kind", type=click.Choice(get_args(Kind)), default="deterministic", show_default=True)
@click.option("--tree", type=_folder, default=Path(), help="Where PROGRAM lies. [default: the present folder]")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder for recordings.")
def replay_program(program: str, requests: Path, kind: Kind, tree: Path, out: Path) -> None:
    """Count what PROGRAM (`package.module:function`) does for REQUESTS, a file with a request a line."""
    lines, folder = requests.read_bytes().splitlines(), out.resolve()
    sys.path.insert(0, str(tree.resolve()))
    os.chdir(tree)
    for recording in replay(program, lines, kind):
        path = folder / f"{recording.unit}{SUFFIX}"
        recording.save(path)
        click.echo(f"{path}")


for command in (show, diff, export):
    cli.add_command(command)


def main() -> None:
    """Run the command; what it refuses is one plain sentence and exit code 2."""
    try:
        cli(prog_name="python -m profiles")
    except REFUSALS as error:
        click.echo(f"profiles: {error}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
