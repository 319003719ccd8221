"""The report for whatever counts tests."""

from __future__ import annotations

from xml.etree import ElementTree

import msgspec
import pytest

from slo.model import Overall
from slo.reports.run import junit
from slo.reports.run.summary import Report


def outcomes(report: Report) -> dict[str, str]:
    """What every case came to, by name."""
    root = ElementTree.fromstring(junit.render(report))
    return {
        str(case.get("name")): next((tag for tag in ("failure", "error", "skipped") if case.find(tag) is not None), "")
        for case in root.iter("testcase")
    }


@pytest.mark.parametrize(
    ("overall", "run", "latency"),
    [
        (Overall.MET, "", ""),
        (Overall.MISSED, "failure", "failure"),
        (Overall.INCONCLUSIVE, "skipped", "skipped"),
        (Overall.UNJUDGED, "error", "error"),
    ],
)
def test_cases_say_what_the_judgement_says(
    overall: Overall, run: str, latency: str, reports: dict[Overall, Report]
) -> None:
    found = outcomes(reports[overall])

    assert found["verdict"] == run
    assert found["latency-p95"] == latency
    assert found["cpu-per-request"] == "skipped"


def test_under_strict_an_undecided_objective_fails(reports: dict[Overall, Report]) -> None:
    report = reports[Overall.INCONCLUSIVE]
    strict = msgspec.structs.replace(report, judgement=msgspec.structs.replace(report.judgement, strict=True))

    assert outcomes(strict)["verdict"] == outcomes(strict)["latency-p95"] == "failure"


@pytest.mark.parametrize("overall", Overall)
def test_the_counts_are_those_of_the_cases(overall: Overall, reports: dict[Overall, Report]) -> None:
    root = ElementTree.fromstring(junit.render(reports[overall]))

    for element in (root, *root.iter("testsuite")):
        assert int(element.get("tests", "")) == len(list(element.iter("testcase")))
        for tag, attribute in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert int(element.get(attribute, "")) == len(list(element.iter(tag)))


def test_hostile_texts_stay_texts(hostile: Report) -> None:
    root = ElementTree.fromstring(junit.render(hostile))

    assert "</script><script>alert(1)" in str(root.get("name"))
    assert {element.tag for element in root.iter()} <= {
        "testsuites", "testsuite", "testcase", "failure", "error", "skipped", "system-out"
    }  # fmt: skip


def test_an_aborted_run_is_an_error_and_not_an_empty_success(aborted: Report) -> None:
    assert outcomes(aborted) == {"verdict": "error"}
