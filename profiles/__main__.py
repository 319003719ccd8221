"""``python -m profiles``: what captures profiles in a process of its own, and what shows them."""

from __future__ import annotations

import sys
from pathlib import Path

import rich_click as click

from profiles.commands import diff, export, show
from profiles.recording import SUFFIX
from profiles.renderers import text
from profiles.replays import ProgramError, replay
from profiles.samplers import py_spy
from profiles.sampling import UncountedError, sample


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
    try:
        recording = sample(pids, max(1, seconds // parts), parts, rate=rate, native=native, served=served)
    except (py_spy.SamplingError, UncountedError) as error:
        raise click.UsageError(str(error)) from error
    if out is not None:
        recording.save(out)
    click.echo(text.render(recording.profile()), nl=False)


@cli.command("replay")
@click.argument("program")
@click.argument("requests", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--kind", type=click.Choice(["deterministic", "memory"]), default="deterministic", show_default=True)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder for recordings.")
def replay_program(program: str, requests: Path, kind: str, out: Path) -> None:
    """Count what PROGRAM (`package.module:function`) does for REQUESTS, a file with a request a line."""
    sys.path.insert(0, str(Path.cwd()))
    try:
        recordings = replay(
            program, requests.read_bytes().splitlines(), "memory" if kind == "memory" else "deterministic"
        )
    except ProgramError as error:
        raise click.UsageError(str(error)) from error
    for recording in recordings:
        path = out / f"{recording.unit}{SUFFIX}"
        recording.save(path)
        click.echo(f"{path}")


for command in (show, diff, export):
    cli.add_command(command)

if __name__ == "__main__":
    cli(prog_name="python -m profiles")
