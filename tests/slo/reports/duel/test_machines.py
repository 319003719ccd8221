"""The forms that other programs read: JSON, JUnit, SARIF, GitHub's workflow commands."""

from __future__ import annotations

import json as standard
import re
from importlib.resources import files
from urllib.parse import unquote
from xml.etree import ElementTree

import jsonschema_rs
import msgspec
import pytest

from slo.duel.model import Culprit, Duel, Outcome
from slo.reports.duel import annotations as workflow
from slo.reports.duel import json, junit, sarif
from tests.slo.reports.duel import examples
from tests.slo.reports.examples import HOSTILE

DUELS = [examples.duel(outcome) for outcome in Outcome] + [examples.attacked()]


@pytest.mark.parametrize("duel", DUELS, ids=lambda duel: duel.outcome)
def test_json_is_read_back_and_validates_against_the_published_schema(duel: Duel) -> None:
    published = (files("slo.reports") / "duel" / "schema.json").read_text(encoding="utf-8")
    text = json.render(duel)

    assert published == json.schema(), "run: python -m slo.reports"
    jsonschema_rs.Draft202012Validator(standard.loads(published)).validate(standard.loads(text))
    assert msgspec.json.decode(text, type=Duel) == duel


def test_the_schema_refuses_what_is_no_duel() -> None:
    validator = jsonschema_rs.Draft202012Validator(standard.loads(json.schema()))
    duel = standard.loads(json.render(DUELS[0]))

    assert not validator.is_valid({**duel, "outcome": "fine"})
    assert not validator.is_valid({**duel, "more": 1})


def cases(duel: Duel) -> dict[str, str]:
    """What came of each case."""
    root = ElementTree.fromstring(junit.render(duel))
    found = {}
    for case in root.iter("testcase"):
        tags = [child.tag for child in case if child.tag != "system-out"]
        found[str(case.get("name"))] = tags[0] if tags else ""
    return found


@pytest.mark.parametrize(
    ("outcome", "whole", "processor"),
    [
        (Outcome.PASSED, "", ""),
        (Outcome.WARNING, "", ""),
        (Outcome.ACCEPTED, "", ""),
        (Outcome.INCONCLUSIVE, "skipped", "skipped"),
        (Outcome.FAILED, "failure", "failure"),
        (Outcome.INVALID, "error", "error"),
    ],
)
def test_cases_say_what_was_found(outcome: Outcome, whole: str, processor: str) -> None:
    found = cases(examples.duel(outcome))

    assert (found["verdict"], found["CPU time"]) == (whole, processor)
    assert found["Median latency, comments"] == ("error" if outcome is Outcome.INVALID else "")
    assert found["Resident memory"] == found["Time until ready"] == found["Time waited"] == "skipped"


def test_an_undecided_duel_that_exits_with_a_code_is_a_failure() -> None:
    strict = msgspec.structs.replace(examples.duel(Outcome.INCONCLUSIVE), exit_code=4)

    assert cases(strict)["verdict"] == "failure"


def test_sarif_names_every_guilty_place_by_a_rule_of_its_metric() -> None:
    run = standard.loads(sarif.render(examples.duel(Outcome.FAILED)))["runs"][0]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    regions = [result["locations"][0]["physicalLocation"] for result in run["results"]]

    assert [result["ruleId"] for result in run["results"]] == [
        "bytecodes",
        "waited",
        "queries-per-request",
        "allocated-bytes",
    ]
    assert all(rules[result["ruleIndex"]] == result["ruleId"] for result in run["results"])
    assert regions[0]["artifactLocation"] == {"uri": "service/engine/sentiment.py", "uriBaseId": "%SRCROOT%"}
    assert regions[0]["region"] == {"startLine": 41, "endLine": 58}
    assert {result["level"] for result in run["results"]} == {"error"}


def test_sarif_leaves_out_files_that_are_not_the_projects() -> None:
    duel = examples.duel(Outcome.FAILED)
    stray = [placed(examples.CULPRITS[0], file) for file in ("/usr/lib/python3/json.py", "a/../../b.py")]

    found = standard.loads(sarif.render(msgspec.structs.replace(duel, culprits=tuple(stray))))

    assert found["runs"][0]["results"] == []


def placed(culprit: Culprit, file: str, line: int = 1) -> Culprit:
    """The same, somewhere else."""
    place = culprit.place and msgspec.structs.replace(culprit.place, file=file, line=line, end_line=line)
    return msgspec.structs.replace(culprit, place=place)


def commands(text: str) -> list[tuple[str, dict[str, str], str]]:
    """Workflow commands as GitHub's runner reads them."""
    found = []
    for line in text.splitlines():
        read = re.fullmatch(r"::(\w+) ([^:]*)::(.*)", line)
        assert read, line
        given = dict(part.split("=", 1) for part in read[2].split(","))
        found.append((read[1], {name: unquote(value) for name, value in given.items()}, unquote(read[3])))
    return found


def test_guilty_lines_are_marked_once_each() -> None:
    found = commands(workflow.render(examples.duel(Outcome.FAILED)))
    placed = [(given["file"], given["line"], given["endLine"]) for _, given, _ in found if "file" in given]

    assert placed == [
        ("service/engine/sentiment.py", "41", "58"),
        ("service/keys/keyring.py", "90", "104"),
        ("service/jobs/store.py", "12", "12"),
    ]
    assert {level for level, _, _ in found} == {"error"}
    assert found[0][2].count("\n") == 1, "both costs that rose there, a line each"
    assert "CPU time: beyond the budget" in [given["title"] for _, given, _ in found]


@pytest.mark.parametrize(
    ("outcome", "levels"),
    [
        (Outcome.PASSED, []),
        (Outcome.WARNING, ["warning"]),
        (Outcome.INCONCLUSIVE, ["warning", "warning"]),
        (Outcome.ACCEPTED, ["notice"] * 4),
        (Outcome.INVALID, ["error"]),
    ],
)
def test_only_what_is_not_simply_kept_is_annotated(outcome: Outcome, levels: list[str]) -> None:
    assert [level for level, _, _ in commands(workflow.render(examples.duel(outcome)))] == levels


def test_no_more_is_told_than_github_shows() -> None:
    duel = examples.duel(Outcome.FAILED)
    many = tuple(placed(examples.CULPRITS[0], "a.py", line) for line in range(1, 40))

    found = commands(workflow.render(msgspec.structs.replace(duel, culprits=many)))

    assert len(found) == workflow.MOST


def test_hostile_texts_stay_texts() -> None:
    duel = examples.attacked(f"{HOSTILE}\n::error::50%0A,a:b,c=d")

    for _, given, _ in commands(workflow.render(duel)):
        assert set(given) <= {"file", "line", "endLine", "title"}
    assert "\x1b" not in workflow.render(duel)
    assert {element.tag for element in ElementTree.fromstring(junit.render(duel)).iter()} <= {
        "testsuites", "testsuite", "testcase", "failure", "error", "skipped", "system-out"
    }  # fmt: skip
    for result in standard.loads(sarif.render(duel))["runs"][0]["results"]:
        uri = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        assert re.fullmatch(r"[\w%./~-]+", uri)
