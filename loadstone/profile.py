"""``loadstone profile``: where time and memory go, and what became of them between two recordings."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import rich_click as click

from loadstone.sending import arguments, planned
from loadtests._planning import _options
from loadtests._planning._plan import PlanError
from profiles.commands import diff, export, show
from profiles.culprit import suspects
from profiles.diff import difference
from profiles.recording import SUFFIX, Recording, RecordingError
from profiles.renderers import text
from slo import conductor, live, profiling, trees

REFUSALS: tuple[type[Exception], ...] = (
    PlanError,
    RecordingError,
    profiling.ProfilingError,
    conductor.ConductorError,
    trees.TreeError,
)

_FOLDER = Path(".loadstone/profiles")
_out_option = click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help=f"Folder to write. [default: one in {_FOLDER}]"
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


@click.group()
def profile() -> None:
    """Find where time and memory go, and what became of them between two recordings.

    - `loadstone profile cpu` samples a service under load: time, also in C code, within some per cent
    - `loadstone profile deterministic` counts bytecodes and calls: exact, the same on a busy machine, blind to C
    - `loadstone profile memory` counts bytes and allocations
    - `loadstone profile change` counts this work tree and the commit it came from, and says what became more
    - `loadstone profile diff BEFORE AFTER` names the functions that made a request dearer

    A recording is a file; `show`, `diff` and `export` read it, and anybody's folded stacks as well.
    """


@profile.command()
@click.argument("plan", default="gate")
@click.option("--seconds", default=20, show_default=True, type=click.IntRange(5, 3600), help="How long to sample.")
@click.option("--warm-up", default=10.0, show_default=True, type=click.FloatRange(0, 3600), help="Seconds before that.")
@click.option("--rate", default=250, show_default=True, type=click.IntRange(1, 1000), help="Samples a second.")
@click.option("--native", is_flag=True, help="Also frames of C and Rust code.")
@_options.seed
@_options.scale
@_out_option
def cpu(
    plan: str,
    seconds: int,
    warm_up: float,
    rate: int,
    native: bool,
    seed: int | None,
    scales: Mapping[str, float],
    out: Path | None,
) -> None:
    """Where the service spends its time under PLAN: py-spy on its workers.

    Starts the service on embedded servers and the load against it. Needs the right to look into processes (root, or
    SYS_PTRACE); without it `loadstone profile deterministic` still works.
    """
    planned(plan, scales)
    folder = _folder(out, "cpu")
    load = arguments(plan, seed, scales)
    with live.view() as progress:
        recording = profiling.sampled(folder, load, seconds, progress, rate=rate, native=native, warm_up=warm_up)
    _tell([recording])


@profile.command()
@click.argument("plan", default="gate")
@_requests_option
@_options.seed
@_tree_option
@_out_option
def deterministic(plan: str, requests: int, seed: int | None, tree: Path, out: Path | None) -> None:
    """What the service does for the requests of PLAN: bytecodes and calls of each function, exact to the last one.

    The requests are answered in one thread, without sockets and servers. Equal code counts equally on every machine
    with the same Python, so a change of a single turn of a loop is seen; time in C code is not.
    """
    _count("deterministic", plan, requests, seed, tree, out)


@profile.command()
@click.argument("plan", default="gate")
@_requests_option
@_options.seed
@_tree_option
@_out_option
def memory(plan: str, requests: int, seed: int | None, tree: Path, out: Path | None) -> None:
    """Memory that the service asks for to answer the requests of PLAN: bytes and allocations by memray."""
    _count("memory", plan, requests, seed, tree, out)


@profile.command()
@click.argument("base", required=False)
@click.option("--plan", default="gate", show_default=True, help="Whose requests to answer.")
@_requests_option
@_options.seed
@_out_option
@click.option("--rows", default=10, show_default=True, type=click.IntRange(1), help="Functions, at most.")
def change(base: str | None, plan: str, requests: int, seed: int | None, out: Path | None, rows: int) -> None:
    """What this work tree does more than the commit BASE for the same requests, and which functions do it.

    Without BASE it is where this work left the main branch. Bytecodes, calls, bytes and allocations are counted in
    both, so that nothing else on the machine matters, and each is told with the functions that made it more.
    """
    here, folder = Path.cwd(), _folder(out, "change")
    commit = trees.base_of(here, base)
    with trees.tree_of(here, commit) as tree:
        for name, place in (("base", tree), ("head", here)):
            for kind in ("deterministic", "memory"):
                click.echo(f"counting {kind} of {name}", err=True)
                profiling.counted(folder / name, plan, requests, kind, seed=seed, tree=place)
    click.echo(f"{commit[:12]} → {here.name}, {requests - requests // 3} requests of {plan}\n")
    for recording in sorted((folder / "head").glob(f"*{SUFFIX}")):
        before, after = Recording.load(folder / "base" / recording.name), Recording.load(recording)
        found = difference(before, after)
        click.echo(text.render_difference(found, suspects(found, is_exact=True), rows))
    click.echo(f"the recordings are in {folder}")


def _count(kind: str, plan: str, requests: int, seed: int | None, tree: Path, out: Path | None) -> None:
    _tell(profiling.counted(_folder(out, kind), plan, requests, kind, seed=seed, tree=tree))


def _folder(out: Path | None, kind: str) -> Path:
    return out or _FOLDER / f"{time.strftime('%Y%m%dT%H%M%S')}-{kind}"


def _tell(recordings: list[Path]) -> None:
    for recording in recordings:
        click.echo(f"recorded {recording}")
    click.echo(f"`loadstone profile show {recordings[0]}` shows it, `loadstone profile diff A B` compares two")


for command in (show, diff, export):
    profile.add_command(command)
