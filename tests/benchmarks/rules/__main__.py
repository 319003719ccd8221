"""``python -m tests.benchmarks.rules``: what other tools' rules would have said of the gates that were kept."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import rich_click as click
from rich.console import Console
from rich.progress import track

from slo import spec
from slo.calibration import knowledge, tables
from slo.calibration.gates import FOLDER, equal_builds, kept
from slo.calibration.judging import Verdicts
from slo.calibration.model import CONFIDENCE, NOTHING, Gate, Planted
from slo.calibration.pool import Pool
from slo.calibration.summary import spreads_of
from slo.documentation import NoPlaceError, put
from slo.duel.budgets import Limits, limits_of
from slo.duel.metrics import METRICS, Design
from slo.duel.model import Outcome, Samples
from slo.duel.plan import RHYTHMS
from slo.stats import clopper_pearson
from tests.benchmarks.rules.rules import Rule, rules

PAGE = Path(__file__).resolve().parents[3] / "docs" / "gate.md"
BUDGETS = ("comments", "changes")
KINDS = (NOTHING, Planted(metric="cpu-per-request", size=0.05), Planted(metric="p50", size=0.1))
TITLES = ("equal builds", "CPU +5 %", "p50 +10 %")


class Count(NamedTuple):
    """Alarms among gates."""

    alarms: int
    gates: int

    def told(self) -> str:
        """The share with its interval."""
        if not self.gates:
            return "–"
        low, high = clopper_pearson(self.alarms, self.gates, CONFIDENCE)
        return f"{self.alarms / self.gates:.1%} ({low:.1%} to {high:.1%})"


@click.command()
@click.option(
    "--from",
    "folder",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=FOLDER,
    show_default=True,
    help="Where `loadstone calibrate` kept its gates.",
)
@click.option("--rhythm", type=click.Choice(list(RHYTHMS)), default="quick", show_default=True, help="Of the gates.")
@click.option("--gates", default=2000, show_default=True, type=click.IntRange(100), help="Gates to draw of each kind.")
@click.option("--seed", default=1, show_default=True, help="Of drawing them.")
@click.option("--write", "writes", is_flag=True, help="Put the table into docs/gate.md.")
def main(folder: Path, rhythm: str, gates: int, seed: int, writes: bool) -> None:
    """Compare the gate's verdict with other tools' rules, on the same windows.

    Real gates first, then gates that are drawn from the windows of those between equal builds. What is counted and not
    timed is left out, as no other rule has it.
    """
    real = [gate for gate in kept(folder, rhythm) if gate.is_judged]
    specifications = spec.load()
    budgets = [specifications.budget(name, "development") for name in BUDGETS]
    every_limit = limits_of(budgets, RHYTHMS[rhythm].unmeasured)
    limits = {key: limit for key, limit in every_limit.items() if METRICS[key[0]].design is not Design.EXACT}
    every = [_ours(limits, rhythm, real), *rules(limits)]
    drawn = _drawn(every, Pool(equal_builds(real)), RHYTHMS[rhythm].looks[-1], gates, seed)
    table = _table(every, [_real(every, real, kind) for kind in KINDS], drawn)
    click.echo(table)
    if writes:
        try:
            PAGE.write_text(put(PAGE.read_text(encoding="utf-8"), f"rules {rhythm}", table), encoding="utf-8")
        except NoPlaceError as error:
            raise click.ClickException(str(error)) from error


def _ours(limits: Limits, rhythm: str, real: Sequence[Gate]) -> Rule:
    looks = RHYTHMS[rhythm].looks
    judge = Verdicts(limits, looks, knowledge.priors(spreads_of(real, looks[0])))
    return Rule("**Loadstone**", lambda gate: judge.ruling(gate).outcome is Outcome.FAILED)


def _counted(every: Sequence[Rule], gates: Sequence[Samples]) -> list[Count]:
    return [Count(sum(rule.alarms(gate) for gate in gates), len(gates)) for rule in every]


def _real(every: Sequence[Rule], real: Sequence[Gate], kind: Planted) -> list[Count]:
    return _counted(every, [gate.samples for gate in real if gate.planted == kind])


def _drawn(every: Sequence[Rule], pool: Pool, launches: int, gates: int, seed: int) -> list[list[Count]]:
    """For each kind the counts of all rules; every kind is put into the same gates."""
    found = []
    for kind in KINDS:
        random = np.random.default_rng(seed)
        chosen = track(range(gates), description=kind.name, console=Console(stderr=True), transient=True)
        sums = np.sum([_alarms(every, pool.drawn(random, launches, kind)) for _ in chosen], axis=0)
        found.append([Count(int(alarms), gates) for alarms in sums])
    return found


def _alarms(every: Sequence[Rule], gate: Samples) -> list[bool]:
    return [rule.alarms(gate) for rule in every]


def _table(every: Sequence[Rule], real: Sequence[Sequence[Count]], drawn: Sequence[Sequence[Count]]) -> str:
    head = (
        "alarms",
        *(f"{title}, real ({counts[0].gates})" for title, counts in zip(TITLES, real, strict=True)),
        *(f"{title}, drawn ({counts[0].gates:,})" for title, counts in zip(TITLES, drawn, strict=True)),
    )
    rows = [
        (rule.name, *(f"{kind[place].alarms}" for kind in real), *(kind[place].told() for kind in drawn))
        for place, rule in enumerate(every)
    ]
    return tables.as_markdown(head, rows)


if __name__ == "__main__":
    main(prog_name="python -m tests.benchmarks.rules")
