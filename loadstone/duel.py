"""Base against head, as ``loadstone gate`` does it: count, fight, judge, and name who did it."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec
import psutil
import rich_click as click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from loadstone import culprits
from loadstone.opponents import Opponents, PlanLoad, Trees
from slo import accepted, calibration, conductor
from slo.duel import verdict
from slo.duel.budgets import Limits, limits_of
from slo.duel.conduct import DuelError, Fought, Tell, beside, fought
from slo.duel.contenders import Standing
from slo.duel.metrics import METRICS
from slo.duel.model import Duel, Finding, Outcome, Samples
from slo.duel.plan import Rhythm
from slo.duel.samples import distributions
from slo.duel.wording import headline
from slo.exits import ExitCode
from slo.live import Progress as LoadProgress
from slo.record import RecordError
from slo.spec import SpecError, Specifications

ACCEPTED = Path("slo/accepted.toml")
"""Where a project keeps the regressions that somebody answers for."""
SAMPLED_SECONDS = 20
_OF_TIME = frozenset({"cpu-per-request", "p50", "p95"})
_COUNTED_TIME = frozenset({"bytecodes", "waited", "queries-per-request"})
_EXIT_CODES = {
    Outcome.FAILED: ExitCode.MISSED,
    Outcome.INVALID: ExitCode.UNJUDGED,
    Outcome.INCONCLUSIVE: ExitCode.MET,
}


CHANGES = "changes"
"""The budgets of a change, beneath those that a plan names."""


class Terms(NamedTuple):
    """What a duel is judged by, and how it is repeated."""

    limits: Limits
    rhythm: Rhythm
    environment: str
    strict: bool
    repeat: str
    seed: int


class Counts(NamedTuple):
    """What looking into both trees gave; nothing where there are none."""

    counted: culprits.Counted = culprits.Counted((), (), (), ())
    folder: str = ""
    """Where its drawings lie, as seen from the report."""


def limits_for(known: Specifications, names: Sequence[str], environment: str, rhythm: Rhythm) -> Limits:
    """What the budgets ``names`` say of changes that ``rhythm`` measures; raises `SpecError` where that is nothing."""
    beneath = (CHANGES,) if CHANGES in known.budgets else ()
    limits = limits_of((known.budget(name, environment) for name in (*beneath, *names)), rhythm.unmeasured)
    if not limits:
        raise SpecError(None, "no objective has a relative limit, so that no change could be judged")
    return limits


def held(opponents: Opponents, terms: Terms, folder: Path) -> Duel:
    """The whole duel, with what it leaves in ``folder``. Raises `slo.duel.conduct.DuelError` where a side is lost."""
    today = datetime.datetime.now(datetime.UTC).date()
    acceptances = accepted.load(ACCEPTED, METRICS, today)
    calibration.check()
    folder.mkdir(parents=True, exist_ok=True)
    counts = _counted(opponents, terms, folder)

    def judged(samples: Samples) -> tuple[Finding, ...]:
        priors = calibration.spreads(samples.machine, terms.rhythm.name, samples.plan)
        return verdict.judged(samples, terms.limits, spreads=priors, planned_looks=len(terms.rhythm.looks))

    def decided(samples: Samples) -> bool:
        answered_for = accepted.applied(judged(samples), acceptances, today).findings
        return verdict.outcome(answered_for, samples.distrusts) is not Outcome.INCONCLUSIVE

    with _view(terms.rhythm) as tell:
        ended = fought(
            opponents.base,
            opponents.head,
            opponents.load,
            terms.rhythm,
            folder,
            seed=terms.seed,
            tell=tell,
            decided=decided,
            counted=counts.counted.series,
        )
    (folder / "samples.json").write_bytes(msgspec.json.encode(ended.samples))
    applied = accepted.applied(judged(ended.samples), acceptances, today)
    duel = _told(ended, applied, counts, terms)
    return _with_samples(duel, opponents, terms, folder) if _is_riddle(duel) else duel


def _counted(opponents: Opponents, terms: Terms, folder: Path) -> Counts:
    trees, load = opponents.trees, opponents.load
    if trees is None or not isinstance(load, PlanLoad):
        blind = "Nothing was counted: that takes two work trees, and these are services as they run."
        return Counts(culprits.Counted((), (), (), (blind,)))
    found = culprits.counted(
        folder / "counts",
        load.plan.source or load.plan.name,
        terms.rhythm.requests,
        terms.seed,
        trees.base,
        trees.head,
        base_python=trees.base_python,
        on_step=lambda step: click.echo(step, err=True),
    )
    return Counts(found, "counts")


def _told(ended: Fought, applied: accepted.Applied, counts: Counts, terms: Terms) -> Duel:
    """The duel with all that its reports tell."""
    found = verdict.outcome(applied.findings, ended.samples.distrusts)
    code = _EXIT_CODES.get(found, ExitCode.MET)
    if terms.strict and found is Outcome.INCONCLUSIVE:
        code = ExitCode.INCONCLUSIVE
    return Duel(
        samples=ended.samples,
        outcome=found,
        headline=headline(found, applied.findings, ended.samples),
        exit_code=code,
        findings=applied.findings,
        culprits=counts.counted.culprits,
        blind=counts.counted.blind,
        known=calibration.known(ended.samples.machine, terms.rhythm.name, ended.samples.plan),
        distributions=distributions(ended.launches, terms.rhythm.window),
        flame_graphs=tuple((title, f"{counts.folder}/{file}") for title, file in counts.counted.flame_graphs),
        expired=applied.remarks,
        repeat=terms.repeat,
        environment=terms.environment,
    )


def _is_riddle(duel: Duel) -> bool:
    """Whether CPU time or latency rose for certain, and what was counted rose by less than half of that.

    Then it is time in C code, or a wait that only load brings about.
    """
    slower = [
        finding.change or 0.0
        for finding in duel.findings
        if finding.metric in _OF_TIME and finding.outcome is Outcome.FAILED and finding.enforced
    ]
    counted = [finding for finding in duel.findings if finding.metric in _COUNTED_TIME]
    explained = max((finding.change or 0.0 for finding in counted), default=0.0)
    appeared = any(finding.change is None and finding.head for finding in counted)
    return bool(slower) and not appeared and explained < max(slower) / 2


def _with_samples(duel: Duel, opponents: Opponents, terms: Terms, folder: Path) -> Duel:
    """The duel with culprits from samples of both services, taken in one more launch."""
    trees, load = opponents.trees, opponents.load
    if trees is None or not isinstance(load, PlanLoad):
        return duel
    click.echo("sampling both services, as no count tells who is slower", err=True)
    rhythm = msgspec.structs.replace(terms.rhythm, windows=SAMPLED_SECONDS + 10, window=1, block_rounds=0)
    try:
        found = beside(
            opponents.base,
            opponents.head,
            load._replace(rhythm=rhythm),
            folder / "sampled",
            _sampling(folder / "sampled", trees),
            after=rhythm.warm_up,
        )
    except (DuelError, conductor.ConductorError, RecordError, psutil.Error, OSError) as error:
        found = culprits.Sampled((), (), (f"CPU time was not sampled: {error}",))
    if found is None:
        found = culprits.Sampled((), (), ("CPU time was not sampled: the load was too short.",))
    return msgspec.structs.replace(
        duel,
        culprits=(*duel.culprits, *found.culprits),
        blind=(*duel.blind, *found.blind),
        flame_graphs=(*duel.flame_graphs, *((title, f"sampled/{file}") for title, file in found.flame_graphs)),
    )


def _sampling(folder: Path, trees: Trees) -> Callable[[Standing, Standing], culprits.Sampled]:
    def act(base: Standing, head: Standing) -> culprits.Sampled:
        return culprits.sampled(
            folder,
            base.service.workers() if base.service else (),
            head.service.workers() if head.service else (),
            base_metrics=f"{base.url}/metrics",
            head_metrics=f"{head.url}/metrics",
            base_tree=trees.base,
            head_tree=trees.head,
            seconds=SAMPLED_SECONDS,
        )

    return act


@contextmanager
def _view(rhythm: Rhythm) -> Iterator[Tell]:
    """A bar over the launches, or a line for each where there is no terminal."""
    console = Console(stderr=True, highlight=False, emoji=False)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("fighting", total=rhythm.looks[0] * rhythm.launch_seconds)

        def tell(launch: int, most: int, load: LoadProgress | None) -> None:
            if load is None and not console.is_terminal:
                console.print(f"launch {launch} of {most} at most")
            passed = (launch - 1) * rhythm.launch_seconds + (max(load.second, 0) if load else 0)
            total = next((look for look in rhythm.looks if look >= launch), most) * rhythm.launch_seconds
            bar.update(task, completed=passed, total=total, description=f"launch {launch} of {most} at most")

        yield tell
