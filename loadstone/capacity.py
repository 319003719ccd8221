"""``loadstone capacity``: how much the service carries."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import rich_click as click

from loadstone.offers import refuse, refusing
from loadstone.sending import new_folder
from loadtests._planning import _options, _plan
from loadtests._running import _target
from slo import options
from slo.capacity import reports, wording
from slo.capacity.conduct import Wish, capacities
from slo.capacity.model import Capacity
from slo.capacity.plan import Course
from slo.capacity.search import Range
from slo.capacity.survey import NOTHING_DECIDES, NothingToJudgeError, NotLoadedError, ServiceLostError
from slo.commands import specifications
from slo.conductor import ConductorError, LoadCutShortError
from slo.documentation import NoPlaceError
from slo.exits import ExitCode
from slo.spec import SpecError

REFUSALS: tuple[type[Exception], ...] = (
    _plan.PlanError,
    _target.UnreachableTargetError,
    ConductorError,
    NothingToJudgeError,
    NoPlaceError,
    SpecError,
    OSError,
)
"""What this command raises instead of doing its work; the message is a sentence."""

_rate = click.FloatRange(0.01, 1e6)


@click.command()
@click.argument("plan", default="mixed-day")
@click.option("--workload", help="One workload of the plan alone, with the payloads that the plan gives it.")
@click.option("--url", help="A running service. [default: start one here for the test]")
@click.option("--from", "lowest", type=_rate, default=50.0, show_default=True, help="Requests a second to begin with.")
@click.option("--to", "highest", type=_rate, default=1e5, show_default="100000", help="The most to send.")
@click.option("--steps", type=click.IntRange(1, 200), default=18, show_default=True, help="The most steps to run.")
@click.option("--step-seconds", type=click.FloatRange(1, 3600), default=10.0, show_default=True, help="Of each step.")
@click.option(
    "--settle-seconds", type=click.FloatRange(0.5, 600), default=3.0, show_default=True, help="Not judged, before each."
)
@click.option("--repeat", type=click.IntRange(1, 20), default=1, help="Test so often, and tell whether they agree.")
@click.option("--processes", type=click.IntRange(1, 64), default=1, show_default=True, help="Of the load generator.")
@click.option("--price-per-hour", type=click.FloatRange(0, min_open=True), help="Of the machine, to tell the cost.")
@click.option(
    "--manifests", type=click.Path(file_okay=False, path_type=Path), help="Folder for `hpa.yaml` and `keda.yaml`."
)
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), help="Where to write to. [default: a new folder]"
)
@click.option(
    "--write", "page", type=click.Path(dir_okay=False, path_type=Path), help="A Markdown page to put it into."
)
@options.environment
@options.objectives
@options.strict
@_options.seed
def capacity(
    plan: str,
    workload: str | None,
    url: str | None,
    lowest: float,
    highest: float,
    steps: int,
    step_seconds: float,
    settle_seconds: float,
    repeat: int,
    processes: int,
    price_per_hour: float | None,
    manifests: Path | None,
    out: Path | None,
    page: Path | None,
    environment: str,
    objectives: Path | None,
    strict: bool,
    seed: int | None,
) -> None:
    """Find how much the service carries of PLAN's mix: step the rate up to the knee and past it.

    Each step is an open Poisson load at one rate, judged by the plan's objectives; a step in which the generator was
    the bottleneck counts for nothing. Told are the highest rate under the objectives, the knee and the Universal
    Scalability Law with intervals, the first resource to saturate, the cost, and what an autoscaler needs to know.

    Takes about five minutes. Exits 1 when no rate keeps the objectives, 3 when nothing can be said of the service;
    with `--strict` 4 when the upper end stays open, or repeated tests do not agree.
    """
    if highest <= lowest:
        raise click.BadParameter("the highest rate must lie above the lowest", param_hint="--to")
    base, of_plan = _base(plan, workload)
    wish = Wish(
        name=f"{plan}: {workload}" if workload else plan,
        base=base,
        specifications=specifications(objectives),
        environment=environment,
        limits=Range(lowest, highest, steps),
        course=Course(settle_seconds, step_seconds),
        seed=of_plan if seed is None else seed,
        folder=out or new_folder(f"capacity-{workload or Path(plan).stem}"),
        repeat=repeat,
        generators=processes,
        price_per_hour=price_per_hour,
    )
    place = workload or Path(plan).stem
    if page is not None:
        reports.put(page.read_text(encoding="utf-8"), place, ())
    with (
        refusing(NotLoadedError, LoadCutShortError, code=ExitCode.UNJUDGED),
        refusing(ServiceLostError, code=ExitCode.MISSED),
    ):
        found = _tested(wish, url, manifests)
    if page is not None:
        page.write_text(reports.put(page.read_text(encoding="utf-8"), place, found), encoding="utf-8")
    sys.exit(reports.exit_code(found, strict=strict))


def _base(plan: str, workload: str | None) -> tuple[dict[str, Any], int]:
    """What the steps take from ``plan``, in plain values, and its seed; raises `PlanError`."""
    chosen = _plan.load(plan)
    if workload is not None and workload not in chosen.mix:
        known = ", ".join(chosen.mix)
        raise _plan.PlanInvalidError(f"plan {plan!r} has no workload {workload!r}; it has {known}")
    base = {
        "mix": {workload: 1.0} if workload else chosen.mix,
        "users": None if chosen.closed else chosen.users,
        "in_flight": chosen.in_flight,
        "timeout_seconds": chosen.timeout_seconds,
        "cache": chosen.cache,
        "payloads": chosen.payloads.tables,
        "objectives": chosen.objectives,
    }
    return base, chosen.seed


def _tested(wish: Wish, url: str | None, manifests: Path | None) -> list[Capacity]:
    """Run the tests, show every step, write and show what was found."""
    if not wish.measure.objectives:
        raise NothingToJudgeError(NOTHING_DECIDES)
    if reports.written_in(wish.folder):
        refuse(f"{wish.folder} holds a capacity test already; it is never overwritten")
    if url is not None:
        url = _target.checked_address(url)
        _target.facts(url)
    else:
        click.echo("starting the service on embedded servers", err=True)
    found = list(capacities(wish, url, lambda each: click.echo(wording.step(each.step), err=True)))
    places = reports.write(found, wish.folder, manifests)
    click.echo(reports.terminal(found, places), nl=False)
    return found
