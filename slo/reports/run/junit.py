"""The report as JUnit XML: a suite per budget with a case per objective, and one case for the run as a whole.

A missed objective is a failure, one that cannot be judged an error, one that decides nothing is skipped.
The run's own case says what the exit code says, so the file is never greener than the gate.
"""

from __future__ import annotations

from xml.etree import ElementTree

from slo.model import Judgement, ObjectiveVerdict, Overall, State
from slo.reports import wording
from slo.reports.run.summary import Report

_OUTCOMES = {
    State.PASSED: "",
    State.WARNING: "",
    State.CRITICAL: "failure",
    State.NO_DATA: "error",
    State.INCONCLUSIVE: "skipped",
    State.NEEDS_BASE: "skipped",
}
_ATTRIBUTES = {"failure": "failures", "error": "errors", "skipped": "skipped"}


def render(report: Report) -> str:
    """The document."""
    judgement = report.judgement
    suites = ElementTree.Element("testsuites", name=_text(judgement.run.plan))
    suites.append(_suite(judgement, "run", [_whole(report)]))
    for budget in dict.fromkeys(verdict.budget for verdict in judgement.verdicts):
        cases = [_case(judgement, verdict) for verdict in judgement.verdicts if verdict.budget == budget]
        suites.append(_suite(judgement, budget, cases))
    for attribute in ("tests", *_ATTRIBUTES.values()):
        suites.set(attribute, str(sum(int(suite.get(attribute, "0")) for suite in suites)))
    suites.set("time", f"{judgement.run.judged_seconds:.3f}")
    ElementTree.indent(suites)
    document = ElementTree.tostring(suites, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{document}\n'


def _suite(judgement: Judgement, name: str, cases: list[ElementTree.Element]) -> ElementTree.Element:
    suite = ElementTree.Element(
        "testsuite",
        name=_text(name),
        tests=str(len(cases)),
        timestamp=_text(judgement.run.started_at.removesuffix("Z")),
        time=f"{judgement.run.judged_seconds:.3f}",
    )
    for tag, attribute in _ATTRIBUTES.items():
        suite.set(attribute, str(sum(case.find(tag) is not None for case in cases)))
    suite.extend(cases)
    return suite


def _whole(report: Report) -> ElementTree.Element:
    judgement = report.judgement
    undecided = "failure" if judgement.strict else "skipped"
    outcomes = {Overall.MISSED: "failure", Overall.UNJUDGED: "error", Overall.INCONCLUSIVE: undecided}
    case = _element(judgement, "run", "verdict")
    _add_outcome(
        case, outcomes.get(judgement.overall, ""), judgement.overall, wording.sentence(judgement), report.causes
    )
    return case


def _case(judgement: Judgement, verdict: ObjectiveVerdict) -> ElementTree.Element:
    case = _element(judgement, verdict.budget, verdict.name)
    outcome, kind, message = _OUTCOMES[verdict.state], str(verdict.state), verdict.reason
    if not verdict.enforced:
        outcome, message = "skipped", f"not enforced; {verdict.reason}"
    elif judgement.distrusts and outcome != "skipped":
        outcome, kind, message = "error", Overall.UNJUDGED, judgement.distrusts[0].reason
    elif judgement.strict and verdict.state is State.INCONCLUSIVE:
        outcome = "failure"
    figures = f"target {wording.target(verdict)}, measured {wording.measured(verdict)}"
    _add_outcome(case, outcome, kind, message, (verdict.description, figures))
    return case


def _element(judgement: Judgement, group: str, name: str) -> ElementTree.Element:
    classname = f"loadstone.{judgement.run.plan}.{group}"
    return ElementTree.Element("testcase", classname=_text(classname), name=_text(name), time="0")


def _add_outcome(case: ElementTree.Element, outcome: str, kind: str, message: str, lines: tuple[str, ...]) -> None:
    details = "\n".join(_text(line) for line in lines if line)
    if outcome == "skipped":
        ElementTree.SubElement(case, outcome, message=_text(f"{kind}: {message}"))
    elif outcome:
        ElementTree.SubElement(case, outcome, type=kind, message=_text(message)).text = details
    if outcome in {"", "skipped"} and details:
        ElementTree.SubElement(case, "system-out").text = details


def _text(text: str) -> str:
    return wording.plain(text)
