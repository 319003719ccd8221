"""``loadstone profile``: where time and memory go, and what became of them between two recordings."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import rich_click as click

from loadstone.culprits import METRICS, NAMED_BY, Counted, counted
from loadstone.sending import arguments, planned
from loadtests._planning import _options
from loadtests._planning._plan import PlanError
from profiles import plan as plans
from profiles.commands import diff, export, show
from profiles.diff import IncomparableError
from profiles.plan import ProfilePlan, ProfilePlanError
from profiles.recording import RecordingError
from slo import conductor, live, profiling, trees
from slo.duel.model import Culprit

REFUSALS: tuple[type[Exception], ...] = (
    PlanError,
    IncomparableError,
    ProfilePlanError,
    RecordingError,
    profiling.ProfilingError,
    conductor.ConductorError,
    trees.TreeError,
)

_FOLDER = Path(".loadstone/profiles")
Command = Callable[..., None]

_plan_argument = click.argument("plan", default="comments")
_out_option = click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help=f"Folder to write. [default: one in {_FOLDER}]"
)
_requests_option = click.option(
    "--requests", type=click.IntRange(3, 100_000), help="A third of them warms up. [default: the plan's]"
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
    - `loadstone profile waits` counts what requests wait for, and what they ask servers
    - `loadstone profile change` counts this work tree and the commit it came from, and says what became more
    - `loadstone profile diff BEFORE AFTER` names the functions that made a request dearer

    PLAN is a profile plan (`profiles/plans`: a load, how long, how often), or a load plan to be profiled as usual. A
    recording is a file; `show`, `diff` and `export` read it, and anybody's folded stacks as well.
    """


@profile.command()
@_plan_argument
@click.option("--seconds", type=click.IntRange(5, 3600), help="How long to sample. [default: the plan's]")
@click.option("--warm-up", default=10.0, show_default=True, type=click.FloatRange(0, 3600), help="Seconds before that.")
@click.option("--rate", type=click.IntRange(1, 1000), help="Samples a second. [default: the plan's]")
@click.option("--native/--no-native", default=None, help="Also frames of C and Rust code. [default: the plan's]")
@_options.seed
@_options.scale
@_out_option
def cpu(
    plan: str,
    seconds: int | None,
    warm_up: float,
    rate: int | None,
    native: bool | None,
    seed: int | None,
    scales: Mapping[str, float],
    out: Path | None,
) -> None:
    """Where the service spends its time under PLAN: py-spy on its workers.

    Starts the service on embedded servers and the load against it. Needs the right to look into processes (root, or
    SYS_PTRACE); without it `loadstone profile deterministic` still works.
    """
    chosen = plans.of(plan)
    planned(chosen.load, scales)
    load = arguments(chosen.load, seed, scales)
    with live.view() as progress:
        recording = profiling.sampled(
            _folder(out, "cpu"),
            load,
            seconds or chosen.seconds,
            progress,
            rate=rate or chosen.samples_per_second,
            native=chosen.native if native is None else native,
            warm_up=warm_up,
        )
    _tell([recording])


def _counting(command: Command) -> Command:
    """What the commands that replay requests have in common."""
    for option in (_out_option, _tree_option, _options.seed, _requests_option, _plan_argument):
        command = option(command)
    return command


@profile.command()
@_counting
def deterministic(plan: str, requests: int | None, seed: int | None, tree: Path, out: Path | None) -> None:
    """What the service does for the requests of PLAN: bytecodes and calls of each function, exact to the last one.

    The requests are answered in one thread, without sockets and servers. Equal code counts equally on every machine
    with the same Python, so a change of a single turn of a loop is seen; time in C code is not.
    """
    _count("deterministic", plans.of(plan), requests, seed, tree, out)


@profile.command()
@_counting
def memory(plan: str, requests: int | None, seed: int | None, tree: Path, out: Path | None) -> None:
    """Memory that the service asks for to answer the requests of PLAN: bytes and allocations by memray."""
    _count("memory", plans.of(plan), requests, seed, tree, out)


@profile.command()
@_counting
def waits(plan: str, requests: int | None, seed: int | None, tree: Path, out: Path | None) -> None:
    """What the requests of PLAN wait for, in microseconds, and which questions they ask servers: exact as well.

    The replay's clock goes on by what is waited for and by nothing else. Servers answer at once, from memory.
    """
    _count("waits", plans.of(plan), requests, seed, tree, out)


@profile.command()
@click.argument("base", required=False)
@click.option("--plan", default="comments", show_default=True, help="Whose requests to answer.")
@_requests_option
@_options.seed
@_out_option
@click.option("--rows", default=5, show_default=True, type=click.IntRange(1), help="Functions of each cost, at most.")
def change(base: str | None, plan: str, requests: int | None, seed: int | None, out: Path | None, rows: int) -> None:
    """What this work tree does more than the commit BASE for the same requests, and which functions do it.

    Without BASE it is where this work left the main branch. All that can be counted is counted in both, so that
    nothing else on the machine matters, and each is told with the functions that made it more.
    """
    chosen, here, folder = plans.of(plan), Path.cwd(), _folder(out, "change")
    commit = trees.base_of(here, base)
    with trees.tree_of(here, commit) as tree, trees.python_for(tree, here) as python:
        found = counted(
            folder,
            chosen.load,
            requests or chosen.requests,
            seed,
            tree,
            here,
            base_python=python,
            on_step=partial(click.echo, err=True),
        )
    click.echo(f"{commit[:12]} → {here.name}, requests of {chosen.load}\n")
    click.echo(told(found, rows))
    click.echo(
        f"the recordings and flame graphs are in {folder}; `loadstone profile diff` compares function by function"
    )


def _count(kind: str, plan: ProfilePlan, requests: int | None, seed: int | None, tree: Path, out: Path | None) -> None:
    folder = _folder(out, kind)
    file = profiling.drawn(folder / "requests.jsonl", plan.load, requests or plan.requests, seed)
    _tell(profiling.counted(folder, file, kind, tree=tree))


def told(found: Counted, rows: int) -> str:
    """What came of counting, for people: each cost, and at most ``rows`` functions it is due to."""
    lines: list[str] = []
    for series in found.series:
        change = f", {series.head / series.base - 1:+.2%}" if series.base else ""
        lines.append(f"{series.metric}: {series.base:,.6g} → {series.head:,.6g}{change}")
        units = [word for unit, (_, word) in NAMED_BY.items() if METRICS[unit] == series.metric]
        lines += [_told(each) for each in [each for each in found.culprits if each.unit in units][:rows]]
    return "\n".join([*lines, *found.blind, ""])


def _told(culprit: Culprit) -> str:
    edited = "edited" if culprit.touched else "calls what was edited" if culprit.touched_callees else "not edited"
    cause = f", {culprit.detail}" if culprit.detail else ""
    rise = f"{culprit.before:,.6g} → {culprit.after:,.6g} {culprit.unit}"
    return f"  {culprit.function}: {rise}, {culprit.explains:.0%} of the rise ({edited}{cause})"


def _folder(out: Path | None, kind: str) -> Path:
    return out or _FOLDER / f"{time.strftime('%Y%m%dT%H%M%S')}-{kind}"


def _tell(recordings: list[Path]) -> None:
    for recording in recordings:
        click.echo(f"recorded {recording}")
    click.echo(f"`loadstone profile show {recordings[0]}` shows it, `loadstone profile diff A B` compares two")


for command in (show, diff, export):
    profile.add_command(command)
