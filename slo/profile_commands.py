"""Commands that capture profiles: the service under load, or what it does for recorded requests."""

from __future__ import annotations

import time
from pathlib import Path

import rich_click as click

from slo import conductor, live, profiling

_FOLDER = Path(".loadstone/profiles")
_out_option = click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help=f"Folder to write. [default: one in {_FOLDER}]"
)
_seed_option = click.option(
    "--seed", type=click.IntRange(-(2**53), 2**53), help="Of the payloads. [default: the plan's]"
)
_requests_option = click.option(
    "--requests", default=300, show_default=True, type=click.IntRange(3, 100_000), help="A third of them warms up."
)
_tree_option = click.option(
    "--tree",
    default=Path(),
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The work tree whose service to count. [default: this one]",
)


@click.command()
@click.argument("plan", default="gate")
@click.option("--seconds", default=20, show_default=True, type=click.IntRange(5, 3600), help="How long to sample.")
@click.option("--warm-up", default=10.0, show_default=True, type=click.FloatRange(0, 3600), help="Seconds before that.")
@click.option("--rate", default=250, show_default=True, type=click.IntRange(1, 1000), help="Samples a second.")
@click.option("--rate-scale", default=1.0, show_default=True, type=click.FloatRange(1e-3, 1e3), help="Of the plan.")
@click.option("--native", is_flag=True, help="Also frames of C and Rust code.")
@_seed_option
@_out_option
def cpu(
    plan: str,
    seconds: int,
    warm_up: float,
    rate: int,
    rate_scale: float,
    native: bool,
    seed: int | None,
    out: Path | None,
) -> None:
    """Where the service spends its time under PLAN: py-spy on its workers.

    Starts the service on embedded servers and the load against it. Needs the right to look into processes (root, or
    SYS_PTRACE); without it `loadstone profile deterministic` still works.
    """
    folder = _folder(out, "cpu")
    load = ["--plan", plan, "--rate-scale", f"{rate_scale:g}", *(["--seed", str(seed)] if seed is not None else [])]
    try:
        with live.view() as show:
            recording = profiling.sampled(folder, load, seconds, show, rate=rate, native=native, warm_up=warm_up)
    except (profiling.ProfilingError, conductor.ConductorError) as error:
        raise click.UsageError(f"{error}; `loadstone profile deterministic` needs no right and no load") from error
    _tell([recording])


@click.command()
@click.argument("plan", default="gate")
@_requests_option
@_seed_option
@_tree_option
@_out_option
def deterministic(plan: str, requests: int, seed: int | None, tree: Path, out: Path | None) -> None:
    """What the service does for the requests of PLAN: bytecodes and calls of each function, exact to the last one.

    The requests are answered in one thread, without sockets and servers. Equal code counts equally on every machine
    with the same Python, so a change of a single turn of a loop is seen; time in C code is not.
    """
    _count("deterministic", plan, requests, seed, tree, out)


@click.command()
@click.argument("plan", default="gate")
@_requests_option
@_seed_option
@_tree_option
@_out_option
def memory(plan: str, requests: int, seed: int | None, tree: Path, out: Path | None) -> None:
    """Memory that the service asks for to answer the requests of PLAN: bytes and allocations by memray."""
    _count("memory", plan, requests, seed, tree, out)


def _count(kind: str, plan: str, requests: int, seed: int | None, tree: Path, out: Path | None) -> None:
    try:
        recordings = profiling.counted(_folder(out, kind), plan, requests, kind, seed=seed, tree=tree)
    except profiling.ProfilingError as error:
        raise click.UsageError(str(error)) from error
    _tell(recordings)


def _folder(out: Path | None, kind: str) -> Path:
    return out or _FOLDER / f"{time.strftime('%Y%m%dT%H%M%S')}-{kind}"


def _tell(recordings: list[Path]) -> None:
    for recording in recordings:
        click.echo(f"recorded {recording}")
    click.echo(f"`loadstone profile show {recordings[0]}` shows it, `loadstone profile diff A B` compares two")
