"""The duel as JUnit XML: a suite per metric with a case per workload, and one case for the duel as a whole.

Beyond the budget is a failure; what the data do not decide, what was not measured and what is not enforced is
skipped; in a duel that cannot be judged everything is an error. The duel's own case says what the exit code says.
"""

from __future__ import annotations

from slo.duel.model import Duel, Finding
from slo.duel.model import Outcome as Found
from slo.reports import suites
from slo.reports.duel import findings, guilt, outcomes
from slo.reports.suites import Case, Outcome, Suite

_OUTCOMES: dict[Found, Outcome] = {
    Found.PASSED: "",
    Found.WARNING: "",
    Found.ACCEPTED: "",
    Found.FAILED: "failure",
    Found.INVALID: "error",
    Found.INCONCLUSIVE: "skipped",
    Found.NOT_MEASURED: "skipped",
    Found.REPORTED: "skipped",
}


def render(duel: Duel) -> str:
    """The document."""
    found = [Suite(name="duel", cases=(_whole(duel),))]
    for metric in dict.fromkeys(each.metric for each in duel.findings):
        cases = [_case(duel, each) for each in duel.findings if each.metric == metric]
        found.append(Suite(name=metric, cases=tuple(cases)))
    samples = duel.samples
    return suites.document(samples.plan, found, started_at=samples.started_at, seconds=samples.seconds)


def _whole(duel: Duel) -> Case:
    outcome = _OUTCOMES[duel.outcome]
    if duel.exit_code and outcome in {"", "skipped"}:
        outcome = "failure"
    reasons = tuple(distrust.reason for distrust in duel.samples.distrusts)
    return Case(
        group=f"{duel.samples.plan}.duel",
        name="verdict",
        outcome=outcome,
        kind=duel.outcome,
        message=duel.headline,
        lines=(*reasons, *duel.expired, *duel.blind, *map(guilt.sentence, duel.culprits)),
    )


def _case(duel: Duel, finding: Finding) -> Case:
    outcome, kind, message = _OUTCOMES[finding.outcome], str(finding.outcome), finding.reason
    if not finding.enforced:
        outcome, message = "skipped", f"not enforced; {finding.reason}"
    elif duel.outcome is Found.INVALID:
        outcome, kind = "error", Found.INVALID
        message = next((each.reason for each in duel.samples.distrusts), duel.headline)
    figures = f"{findings.value(finding, finding.base)} → {findings.value(finding, finding.head)}"
    return Case(
        group=f"{duel.samples.plan}.{finding.metric}",
        name=findings.name(finding),
        outcome=outcome,
        kind=kind,
        message=message,
        lines=(
            f"{outcomes.WORDS[finding.outcome]}: {figures}",
            f"change {findings.change(finding)}, budget {findings.limits(finding)}",
            *findings.notes(finding),
        ),
    )
