"""``loadstone calibrate``: how often the gate cries wolf on this machine, and how small a change it sees."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median

import rich_click as click
from msgspec.structs import replace
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from loadstone.duel import Terms, held, limits_for
from loadstone.offers import refuse
from loadstone.opponents import between
from loadtests._planning import _options, _plan
from loadtests._planning._plan import Plan
from slo import accepted, commands, conductor, options, trees
from slo.calibration import gates as kept_gates
from slo.calibration import knowledge, plants, tables
from slo.calibration.gates import GateFileError, equal_builds, keep, kept, missing
from slo.calibration.judging import Verdicts
from slo.calibration.model import NOTHING, Calibration, Gate, Planted, Ruling
from slo.calibration.pool import NoGatesError, Pool
from slo.calibration.resampling import Plan as Draws
from slo.calibration.resampling import plantable, resampled
from slo.calibration.summary import calibrated, spreads_of
from slo.documentation import NoPlaceError, put
from slo.duel.budgets import Limits
from slo.duel.conduct import DuelError
from slo.duel.metrics import METRICS, Design
from slo.duel.model import Outcome
from slo.duel.plan import RHYTHMS, Rhythm
from slo.exits import ExitCode

REFUSALS: tuple[type[Exception], ...] = (
    _plan.PlanError,
    conductor.ConductorError,
    DuelError,
    GateFileError,
    NoGatesError,
    knowledge.CalibrationFileError,
    accepted.AcceptedError,
    plants.PlantError,
    NoPlaceError,
    trees.TreeError,
    *commands.REFUSALS,
)
"""What this command raises instead of doing its work; the message is a sentence."""

PAGE = Path("docs/gate.md")
MOST_REFUSED = 3
"""Gates in a row that could not be judged, after which the machine is not fit to be calibrated."""
WORTH_PROCESSES = 1000
"""Gates to draw from which on it is quicker to start processes for them."""
SHARE_WITH_CHANGE = 40
"""For each metric and size so many times fewer gates are drawn than between equal builds."""

_Wish = tuple[Planted, int]


def _wished(_context: click.Context, _parameter: click.Parameter, words: Sequence[str]) -> tuple[_Wish, ...]:
    return tuple(_wish(word) for word in words)


def _wish(word: str) -> _Wish:
    found = re.fullmatch(r"(?P<kind>[a-z0-9]+)=(?P<percent>\d{1,3}(?:\.\d{1,3})?)%:(?P<number>\d{1,4})", word)
    if found is None or found["kind"] not in plants.KINDS or not float(found["percent"]):
        kinds = " or ".join(plants.KINDS)
        raise click.BadParameter(f"{word!r} is no plant such as cpu=5%:10 ({kinds}, its size, how many gates)")
    return Planted(metric=plants.KINDS[found["kind"]], size=float(found["percent"]) / 100), int(found["number"])


@click.command()
@click.argument("plan", default="duel")
@click.option("--gates", type=click.IntRange(0, 1000), default=30, show_default=True, help="Between equal builds.")
@click.option(
    "--plants",
    "planted",
    multiple=True,
    default=("cpu=5%:10", "p50=10%:10"),
    show_default=True,
    callback=_wished,
    help="Slowdowns to plant: what, its size, and into how many gates.",
)
@click.option("--rhythm", type=click.Choice(list(RHYTHMS)), default="quick", show_default=True, help="Of each gate.")
@click.option(
    "--resample", type=click.IntRange(100, 1_000_000), default=10_000, show_default=True, help="Gates to draw."
)
@click.option(
    "--folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=kept_gates.FOLDER,
    show_default=True,
    help="Where gates are kept.",
)
@click.option(
    "--from",
    "source",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Fight nothing: judge the gates in this folder anew, and draw from them.",
)
@click.option("--count", "counts", is_flag=True, help="Also count what is not timed; a gate takes longer.")
@click.option(
    "--write", "writes", is_flag=True, help=f"Put the tables into {PAGE}, the figures among the shipped ones."
)
@options.environment
@options.objectives
@_options.seed
def calibrate(
    plan: str,
    gates: int,
    planted: tuple[_Wish, ...],
    rhythm: str,
    resample: int,
    folder: Path,
    source: Path | None,
    counts: bool,
    writes: bool,
    environment: str,
    objectives: Path | None,
    seed: int | None,
) -> None:
    """Measure the gate itself: how often it fails equal builds, and how often it finds a slowdown of known size.

    Fights real gates of this work tree against itself and against copies of it with a planted slowdown, then draws
    thousands more from their launches. What comes of it is told beside every later verdict on this machine.

    - `loadstone calibrate` takes some hours; stopped, it goes on where it was
    - `loadstone calibrate --gates 10 --plants cpu=5%:5` takes fewer
    - `loadstone calibrate --from .loadstone/calibration` draws again from what is there
    """
    chosen = _plan.load(plan)
    specifications = commands.specifications(objectives)
    limits = limits_for(specifications, chosen.objectives, environment, RHYTHMS[rhythm])
    if writes:
        put(PAGE.read_text(encoding="utf-8"), _place(rhythm), "")
    base = chosen.seed if seed is None else seed
    if source is None:
        asked = limits if counts else _without_exact(limits)
        terms = Terms(asked, RHYTHMS[rhythm], environment, strict=False, repeat="", seed=base)
        _fight_all(chosen, terms, ((NOTHING, gates), *planted), folder)
    found = _summary(_alike(kept(source or folder, rhythm), chosen, counts), limits, RHYTHMS[rhythm], resample, base)
    knowledge.write((source or folder) / f"{rhythm}.json", found)
    tables.show(found, Console())
    if writes:
        knowledge.write(knowledge.SHIPPED / f"{_slug(found)}.json", found)
        PAGE.write_text(put(PAGE.read_text(encoding="utf-8"), _place(rhythm), tables.markdown(found)), "utf-8")


def _fight_all(plan: Plan, terms: Terms, wished: Sequence[_Wish], folder: Path) -> None:
    """Fight what is missing, gate by gate, telling how long it will take."""
    is_counted = any(_is_exact(metric) for metric, _ in terms.limits)
    there = _alike(kept(folder, terms.rhythm.name), plan, is_counted)
    lengths: list[float] = []
    refused = 0
    while turns := missing(there, wished):
        each = median(lengths) if lengths else terms.rhythm.looks[0] * terms.rhythm.launch_seconds
        click.echo(f"{len(turns)} gates to go, about {_duration(each * len(turns))}; now {turns[0].name}", err=True)
        begun = time.monotonic()
        gate = _fought(plan, terms._replace(seed=terms.seed + 100 * len(there)), turns[0], there, folder)
        lengths.append(time.monotonic() - begun)
        path = keep(folder, gate)
        there.append(gate)
        click.echo(f"{path.stem}: {gate.ruling.outcome} after {_duration(lengths[-1])}", err=True)
        refused = 0 if gate.is_judged else refused + 1
        if refused == MOST_REFUSED:
            reason = gate.samples.distrusts[0].reason if gate.samples.distrusts else "a budget was not measured"
            sentence = f"{refused} gates in a row could not be judged, so this machine is not fit for it now: {reason}"
            refuse(sentence, ExitCode.UNJUDGED)


def _alike(gates: Sequence[Gate], plan: Plan, is_counted: bool) -> list[Gate]:
    """Those of ``plan``, in which the exact metrics were counted where ``is_counted`` asks for that."""
    alike = [
        gate
        for gate in gates
        if gate.samples.plan == plan.name
        and (not is_counted or any(_is_exact(series.metric) for series in gate.samples.series))
    ]
    if len(alike) < len(gates):
        click.echo(f"{len(gates) - len(alike)} kept gates are of another kind and are left out", err=True)
    return alike


def _fought(plan: Plan, terms: Terms, planted: Planted, there: Sequence[Gate], folder: Path) -> Gate:
    """One gate between two copies of this work tree; what it leaves behind is gone when it came to its end."""
    here = Path.cwd()
    dose = {} if planted.is_nothing else plants.dose(planted, equal_builds(there))
    place = folder / "duels" / time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    with trees.copy_of(here) as base, trees.copy_of(here) as head:
        if dose:
            plants.plant(head, dose)
        commit = trees.commit_of(here)
        with between(base, head, plan, terms.rhythm, terms.seed, commits=(commit, commit)) as opponents:
            is_counted = any(_is_exact(metric) for metric, _ in terms.limits)
            duel = held(opponents if is_counted else opponents._replace(trees=None), terms, place)
    shutil.rmtree(place)
    failed = frozenset(each.metric for each in duel.findings if each.enforced and each.outcome is Outcome.FAILED)
    return Gate(planted=planted, samples=duel.samples, ruling=Ruling(outcome=duel.outcome, failed=failed))


def _summary(gates: Sequence[Gate], limits: Limits, rhythm: Rhythm, draws: int, seed: int) -> Calibration:
    """All gates judged anew by what they tell of this machine, and those that are drawn from them."""
    equal = equal_builds(gates)
    pool = Pool(equal)
    if not all(any(_is_exact(series.metric) for series in gate.samples.series) for gate in gates):
        limits = _without_exact(limits)
    spreads = spreads_of(gates, rhythm.looks[0])
    judge = Verdicts(limits, rhythm.looks, knowledge.priors(spreads))
    anew = [replace(gate, ruling=judge.ruling(gate.samples)) for gate in gates]
    if not any(gate.is_judged and gate.planted.is_nothing for gate in anew):
        raise NoGatesError("not one of the kept gates can be judged: they lack what a budget speaks of")
    deciding = {metric: limit for (metric, _), limit in limits.items() if limit.enforced and limit.critical}
    metrics = [metric for metric in plantable(equal) if metric in deciding]
    plan = Draws(draws, max(draws // SHARE_WITH_CHANGE, 1), seed)
    processes = len(os.sched_getaffinity(0)) if draws >= WORTH_PROCESSES else 1
    with _bar("drawing gates") as on_judged:
        found = resampled(pool, judge, plan, metrics, on_judged, processes)
    budgets = {metric: limit.critical.value for metric, limit in deciding.items() if limit.critical}
    return calibrated(anew, found, looks=rhythm.looks, budgets=budgets, kept_spreads=spreads, seed=seed)


def _without_exact(limits: Limits) -> Limits:
    """``limits`` without those on what is counted by replaying requests."""
    return {key: limit for key, limit in limits.items() if not _is_exact(key[0])}


def _is_exact(metric: str) -> bool:
    return METRICS[metric].design is Design.EXACT


@contextmanager
def _bar(name: str) -> Iterator[Callable[[int, int], None]]:
    """A bar with the time that is left, where there is a terminal."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(name, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _duration(seconds: float) -> str:
    minutes = seconds / 60
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"


def _place(rhythm: str) -> str:
    return f"calibration {rhythm}"


def _slug(found: Calibration) -> str:
    """A file name for a machine and a rhythm."""
    machine = re.sub(r"[^a-z0-9]+", "-", found.machine.cpu.lower()).strip("-")
    return f"{machine}-{found.machine.cores}-cores-{found.rhythm}"
