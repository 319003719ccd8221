"""Reports on runs that ended in every way, on one whose texts attack, and on one that never began."""

from __future__ import annotations

import msgspec
import pytest

from slo import record
from slo.model import Distrust, Overall
from slo.reports.run.summary import Report, summarise
from tests.slo.reports import examples


@pytest.fixture(scope="session")
def judged() -> dict[Overall, examples.Judged]:
    """A run and its judgement for every way a run can end."""
    return {overall: examples.example(overall) for overall in Overall}


@pytest.fixture(scope="session")
def reports(judged: dict[Overall, examples.Judged]) -> dict[Overall, Report]:
    """The same, summarised."""
    return {overall: summarise(run, judgement) for overall, (run, judgement) in judged.items()}


@pytest.fixture(scope="session")
def hostile(attacked: examples.Judged) -> Report:
    """A report whose every free text tries to break out of its form."""
    return summarise(*attacked)


@pytest.fixture(scope="session")
def attacked(judged: dict[Overall, examples.Judged]) -> examples.Judged:
    """A run and its judgement, every free text of which tries to break out of a form."""
    run, judgement = judged[Overall.MISSED]
    plan = msgspec.structs.replace(run.header.plan, name=examples.HOSTILE, description=examples.HOSTILE)
    target = msgspec.structs.replace(run.header.target, url=f"http://host/{examples.HOSTILE}")
    cells = tuple(
        msgspec.structs.replace(
            each,
            route=examples.HOSTILE,
            outcomes={name if name == record.OK else examples.HOSTILE: n for name, n in each.outcomes.items()},
        )
        for each in run.cells
    )
    facts = msgspec.structs.replace(
        judgement.run, plan=examples.HOSTILE, plan_description=examples.HOSTILE, target=target, commit=examples.HOSTILE
    )
    verdicts = tuple(
        msgspec.structs.replace(
            each, name=examples.HOSTILE, description=examples.HOSTILE, reason=examples.HOSTILE, budget=examples.HOSTILE
        )
        for each in judgement.verdicts
    )
    spoilt = msgspec.structs.replace(
        judgement, run=facts, headline=examples.HOSTILE, budgets=(examples.HOSTILE,), verdicts=verdicts
    )
    head = msgspec.structs.replace(run.header, plan=plan, target=target, commit=examples.HOSTILE)
    return msgspec.structs.replace(run, header=head, cells=cells), spoilt


@pytest.fixture(scope="session")
def aborted() -> Report:
    """A run that ended before anything was seen."""
    run = record.Run(header=examples.header())
    judgement = msgspec.structs.replace(
        examples.judgement_of(run, Overall.UNJUDGED),
        headline="The run cannot be judged: the run was aborted: its record has no end.",
        verdicts=(),
        distrusts=(Distrust(code="aborted", reason="the run was aborted: its record has no end", evidence={}),),
    )
    return summarise(run, judgement)


@pytest.fixture(scope="session")
def refused(judged: dict[Overall, examples.Judged]) -> Report:
    """A run in which not one request was answered."""
    run, judgement = judged[Overall.MISSED]
    cells = tuple(
        msgspec.structs.replace(each, outcomes={"refused": each.requests}, latency="", service="") for each in run.cells
    )
    return summarise(msgspec.structs.replace(run, cells=cells), judgement)
