"""``loadstone gate``: is this service good enough, and is it worse than it was? The exit code is the verdict."""

from __future__ import annotations

import os
import random
import shlex
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import rich_click as click

from loadstone import alone, duel, opponents
from loadstone.gate_options import complaints
from loadstone.offers import refuse
from loadstone.sending import new_folder, planned
from loadtests._planning import _options
from loadtests._planning._plan import PlanError
from slo import accepted, commands, conductor, history, options, reports, trees
from slo.calibration import CalibrationFileError
from slo.duel.budgets import Limits
from slo.duel.conduct import BaseLostError, HeadLostError
from slo.duel.model import Duel, Outcome
from slo.duel.plan import FULL, QUICK, Rhythm
from slo.exits import ExitCode
from slo.history import branch

REFUSALS: tuple[type[Exception], ...] = (
    PlanError,
    conductor.ConductorError,
    trees.TreeError,
    accepted.AcceptedError,
    CalibrationFileError,
    history.HistoryError,
    *commands.REFUSALS,
)
PLANS = ("gate", "duel")
"""Sent where none is asked for: to the service alone, and to both."""


@click.command()
@click.argument("plan", required=False)
@click.option("--base", metavar="REF", help="Compare with this commit. [default: where this work left the main branch]")
@click.option("--no-base", is_flag=True, help="Judge this service by its objectives alone.")
@click.option("--quick", is_flag=True, help="Compare in under three minutes, and do nothing else.")
@click.option("--base-command", help="Another project: what starts its base, with `{port}` in it or reading `PORT`.")
@click.option("--head-command", help="The same of its head.")
@click.option("--base-url", help="Another project: where its base runs already.")
@click.option("--head-url", help="The same of its head.")
@click.option(
    "--locustfile", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="What another project is sent."
)
@click.option("--users", default=16, show_default=True, type=click.IntRange(1, 10_000), help="Of the Locust file.")
@click.option(
    "--per",
    type=click.Choice(["request", "user"]),
    default="request",
    show_default=True,
    help="What goes to one side: each request, or all of a user's turn, where requests build on one another.",
)
@click.option("--ready", default="/", show_default=True, help="Path at which a command's service answers once ready.")
@click.option(
    "--history", "kept", type=click.Path(dir_okay=False, path_type=Path), help="File to append the verdict to."
)
@click.option("--history-branch", "branch", metavar="NAME", help="Branch to append it to, never checked out.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder of the run. [default: a new one]")
@options.environment
@options.objectives
@options.strict
@_options.seed
@_options.scale
def gate(plan: str | None, **asked: Any) -> None:
    """Judge the service by its objectives and against its base; write the report; the exit code is the verdict.

    Where there is a commit to compare with, both versions run side by side, and what became worse for certain fails,
    with the names of the functions that did it. Budgets of changes are in `slo/budgets/changes.yaml`.

    - `loadstone gate` takes under ten minutes: objectives first, then base against head
    - `loadstone gate --quick` only compares, in under three
    - `loadstone gate --no-base` only judges the objectives, in a minute and a half
    - `loadstone gate --base v1.2` compares with that tag
    - `loadstone gate --base-command "python old.py {port}" --head-command "python new.py {port}" --locustfile load.py`
      compares two services of any project
    """
    for complaint in complaints(asked):
        refuse(complaint)
    _check_memory(asked)
    if asked["base_command"] or asked["base_url"]:
        sys.exit(_elsewhere(asked))
    commit = None if asked["no_base"] else _base(asked["base"], required=asked["quick"])
    codes = []
    if not (asked["quick"] and commit):
        codes.append(_alone(plan or PLANS[0], asked, "alone" if commit else ""))
    if commit:
        codes.append(_against(plan or PLANS[1], commit, asked))
    sys.exit(max(codes, key=_gravity))


def _base(reference: str | None, *, required: bool) -> str | None:
    """The commit to compare with; None where none was asked for and there is none."""
    try:
        return trees.base_of(Path.cwd(), reference)
    except trees.TreeError as error:
        if reference is not None or required:
            raise
        click.echo(f"note: there is no base, so nothing is compared: {error}", err=True)
        return None


def _alone(plan: str, asked: Mapping[str, Any], place: str) -> ExitCode:
    return alone.judged(
        plan,
        asked["out"] / place if asked["out"] else new_folder(plan),
        environment=asked["environment"],
        objectives=asked["objectives"],
        strict=asked["strict"],
        seed=asked["seed"],
        scales=asked["scales"],
    )


def _against(name: str, commit: str, asked: Mapping[str, Any]) -> ExitCode:
    plan = planned(name, asked["scales"])
    known = commands.specifications(asked["objectives"])
    rhythm = _rhythm(asked)
    limits = duel.limits_for(known, plan.objectives, asked["environment"], rhythm)
    terms = _terms(limits, asked, rhythm, (name, "--base", commit[:12]))
    with opponents.of_trees(Path.cwd(), commit, plan, terms.rhythm, terms.seed) as both:
        return _fought(both, terms, asked, name)


def _elsewhere(asked: Mapping[str, Any]) -> ExitCode:
    known = commands.specifications(asked["objectives"])
    rhythm = msgspec.structs.replace(_rhythm(asked), closed_rounds=0)
    limits = duel.limits_for(known, tuple(known.budgets), asked["environment"], rhythm)
    terms = _terms(limits, asked, rhythm, ())
    load = opponents.FileLoad(asked["locustfile"], terms.rhythm, terms.seed, asked["users"], asked["per"])
    if asked["base_command"]:
        both = opponents.of_commands(asked["base_command"], asked["head_command"], asked["ready"], load)
    else:
        both = opponents.of_urls(asked["base_url"], asked["head_url"], load)
    return _fought(both, terms, asked, load.name)


def _fought(both: opponents.Opponents, terms: duel.Terms, asked: Mapping[str, Any], name: str) -> ExitCode:
    folder = asked["out"] or new_folder(f"{Path(name).stem}-against")
    try:
        found = duel.held(both, terms, folder)
    except HeadLostError as error:
        return _ended(error, ExitCode.MISSED)
    except (BaseLostError, conductor.ConductorError) as error:
        return _ended(error, ExitCode.UNJUDGED)
    written = reports.write_duel(found, folder)
    click.echo(reports.terminal_duel(found, written), nl=False)
    if os.environ.get("GITHUB_ACTIONS"):
        click.echo(reports.annotations_of(found), nl=False)
    code = ExitCode(found.exit_code)
    if found.outcome is not Outcome.INVALID:
        code = max(code, _remembered(found, asked), key=_gravity)
    return code


def _ended(error: Exception, code: ExitCode) -> ExitCode:
    """Say why there is no verdict; what was found before counts on."""
    click.echo(f"loadstone: {error}", err=True)
    return code


def _check_memory(asked: Mapping[str, Any]) -> None:
    """Refuse a history that could not be added to, before anything is fought."""
    if asked["kept"] and asked["kept"].exists():
        history.read(asked["kept"])
    if asked["branch"]:
        branch.check(Path.cwd(), asked["branch"])


def _remembered(found: Duel, asked: Mapping[str, Any]) -> ExitCode:
    """Add the verdict to the histories; one that cannot be written is said, and never hides that something failed."""
    try:
        if asked["kept"]:
            history.append(asked["kept"], history.entry_of(found))
        if asked["branch"]:
            branch.append(Path.cwd(), asked["branch"], history.entry_of(found))
    except (history.HistoryError, OSError) as error:
        click.echo(f"loadstone: the verdict was not kept: {error}", err=True)
        return ExitCode.USAGE
    return ExitCode.MET


def _rhythm(asked: Mapping[str, Any]) -> Rhythm:
    return QUICK if asked["quick"] else FULL


def _terms(limits: Limits, asked: Mapping[str, Any], rhythm: Rhythm, of_trees: Sequence[str]) -> duel.Terms:
    seed = asked["seed"] if asked["seed"] is not None else random.SystemRandom().randrange(2**31)
    words = ["loadstone", "gate", *of_trees, "--seed", str(seed), *_said(asked)]
    return duel.Terms(
        limits=limits,
        rhythm=rhythm,
        environment=asked["environment"],
        strict=asked["strict"],
        repeat=shlex.join(words),
        seed=seed,
    )


def _said(asked: Mapping[str, Any]) -> Iterator[str]:
    """The options that shape a duel, as they were given."""
    for option in _SHAPING:
        value = asked[option]
        if value is True:
            yield f"--{option.replace('_', '-')}"
        elif value and (asked["locustfile"] or option not in _FOREIGN):
            yield from (f"--{option.replace('_', '-')}", str(value))
    for what, factor in asked["scales"].items():
        yield from ("--scale", f"{what}={factor:g}")


_FOREIGN = ("base_command", "head_command", "base_url", "head_url", "locustfile", "users", "per", "ready")
_SHAPING = (*_FOREIGN, "objectives", "environment", "strict", "quick")
_ORDER = (ExitCode.MET, ExitCode.INCONCLUSIVE, ExitCode.UNJUDGED, ExitCode.USAGE, ExitCode.MISSED)
_gravity: Callable[[ExitCode], int] = _ORDER.index
