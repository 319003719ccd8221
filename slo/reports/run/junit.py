"""The report as JUnit XML: a suite per budget with a case per objective, and one case for the run as a whole.

A missed objective is a failure, one that cannot be judged an error, one that decides nothing is skipped.
The run's own case says what the exit code says, so the file is never greener than the gate.
"""

from __future__ import annotations

from slo.model import Judgement, ObjectiveVerdict, Overall, State
from slo.reports import suites, wording
from slo.reports.run.summary import Report
from slo.reports.suites import Case, Outcome, Suite

_OUTCOMES: dict[State, Outcome] = {
    State.PASSED: "",
    State.WARNING: "",
    State.CRITICAL: "failure",
    State.NO_DATA: "error",
    State.INCONCLUSIVE: "skipped",
    State.NEEDS_BASE: "skipped",
}


def render(report: Report) -> str:
    """The document."""
    judgement = report.judgement
    found = [Suite(name="run", cases=(_whole(report),))]
    for budget in dict.fromkeys(verdict.budget for verdict in judgement.verdicts):
        cases = [_case(judgement, verdict) for verdict in judgement.verdicts if verdict.budget == budget]
        found.append(Suite(name=budget, cases=tuple(cases)))
    run = judgement.run
    return suites.document(run.plan, found, started_at=run.started_at, seconds=run.judged_seconds)


def _whole(report: Report) -> Case:
    judgement = report.judgement
    undecided: Outcome = "failure" if judgement.strict else "skipped"
    outcomes: dict[Overall, Outcome] = {
        Overall.MET: "",
        Overall.MISSED: "failure",
        Overall.UNJUDGED: "error",
        Overall.INCONCLUSIVE: undecided,
    }
    return Case(
        group=f"{judgement.run.plan}.run",
        name="verdict",
        outcome=outcomes[judgement.overall],
        kind=judgement.overall,
        message=wording.sentence(judgement),
        lines=report.causes,
    )


def _case(judgement: Judgement, verdict: ObjectiveVerdict) -> Case:
    outcome, kind, message = _OUTCOMES[verdict.state], str(verdict.state), verdict.reason
    if not verdict.enforced:
        outcome, message = "skipped", f"not enforced; {verdict.reason}"
    elif judgement.distrusts and outcome != "skipped":
        outcome, kind, message = "error", Overall.UNJUDGED, judgement.distrusts[0].reason
    elif judgement.strict and verdict.state is State.INCONCLUSIVE:
        outcome = "failure"
    return Case(
        group=f"{judgement.run.plan}.{verdict.budget}",
        name=verdict.name,
        outcome=outcome,
        kind=kind,
        message=message,
        lines=(verdict.description, f"target {wording.target(verdict)}, measured {wording.measured(verdict)}"),
    )
