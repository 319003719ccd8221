"""A service judged by its objectives alone: a service, a load, a verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import rich_click as click

from loadstone.offers import refuse
from loadstone.sending import planned, send
from loadtests._planning._plan import Plan
from slo import commands, conductor
from slo.exits import ExitCode
from slo.model import DutyCost
from slo.record import add_duties
from slo.spec import Specifications


def judged(
    plan: str,
    folder: Path,
    *,
    environment: str,
    objectives: Path | None,
    strict: bool,
    seed: int | None,
    scales: Mapping[str, float],
) -> ExitCode:
    """Start the service, load it by ``plan``, judge it, write the report to ``folder``."""
    known = commands.specifications(objectives)
    asks_for_duties = _judged_by_duties(planned(plan, scales), known, environment)
    record = folder / "record.jsonl"
    with _duties_measured(record, asked_for=asks_for_duties):
        loss = send(plan, None, record, seed=seed, scales=scales, known=known, environment=environment)
    judgement = commands.judged(record, environment, objectives, strict, reports_in=folder)
    if loss:
        refuse(loss, ExitCode.MISSED)
    return ExitCode(judgement.exit_code)


def _judged_by_duties(plan: Plan, known: Specifications, environment: str) -> bool:
    """Whether the service's duties are among the objectives; raises `SpecError` for what could not be judged anyway."""
    budgets = [known.budget(name, environment) for name in plan.objectives]
    return any(isinstance(objective.source, DutyCost) for budget in budgets for objective in budget.objectives)


@contextmanager
def _duties_measured(record: Path, *, asked_for: bool) -> Iterator[None]:
    """Measure the service's duties first, while nothing else runs, and add them to the ``record`` of the block."""
    if not asked_for or record.exists():
        yield
        return
    click.echo("measuring what the duties of the service cost", err=True)
    found = conductor.duties(record.parent)
    try:
        yield
    finally:
        if record.exists():
            add_duties(record, found)
