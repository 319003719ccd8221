"""Profiles from the command line: ``python -m profiles cpu PID`` and ``python -m profiles show FILE``."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from profiles.renderers import text
from profiles.samplers import py_spy
from profiles.stacks import FoldedStacksError, Profile


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Capture and show profiles as folded stacks, which every flame graph tool reads."""


@cli.command()
@click.argument("pid", type=int)
@click.option("--seconds", default=10, show_default=True, type=click.IntRange(1, 3600))
@click.option("--rate", default=250, show_default=True, type=click.IntRange(1, 1000), help="Samples a second.")
@click.option("--native", is_flag=True, help="Also frames of C and Rust code.")
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="File for the folded stacks.")
def cpu(pid: int, seconds: int, rate: int, native: bool, out: Path | None) -> None:
    """Sample the process PID (a worker of the service, not its supervisor) and show its dearest functions."""
    try:
        profile = py_spy.capture(pid, seconds, rate, native)
    except py_spy.SamplingError as error:
        raise click.UsageError(str(error)) from error
    if out is not None:
        profile.save(out)
    click.echo(text.render(profile), nl=False)


@cli.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--unit", default="samples", show_default=True, help="What a cost in the file is.")
@click.option("--rows", default=20, show_default=True, type=click.IntRange(1))
def show(file: Path, unit: str, rows: int) -> None:
    """Show the dearest functions of folded stacks in FILE."""
    try:
        profile = Profile.load(file, unit)
    except (FoldedStacksError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{file}: {error}") from error
    click.echo(text.render(profile, rows), nl=False)


if __name__ == "__main__":
    cli(prog_name="python -m profiles")
