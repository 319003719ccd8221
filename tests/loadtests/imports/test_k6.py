"""What becomes of k6's scripts and options."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from loadtests._imports import _foreign
from loadtests._imports._streams import Import
from loadtests._planning import _plan
from loadtests._planning._plan import Plan
from loadtests._workloads import names
from slo.promises import Figure
from tests.loadtests.more_workloads import add_workloads

EXAMPLES = Path(__file__).with_name("examples")
ONE_COMMENT = "export default function () { http.post('http://here/v1/comments', null); }"


def example(name: str) -> tuple[Plan, Import]:
    found = _foreign.read(EXAMPLES / name)
    return _plan.parse(found.table, name="imported", shown=name), found


def script(tmp_path: Path, options: str, turn: str = ONE_COMMENT, before: str = "") -> tuple[Plan, Import]:
    path = tmp_path / "script.js"
    imports = "import http from 'k6/http';\nimport { sleep } from 'k6';\n"
    path.write_text(f"{imports}{before}\nexport const options = {options};\n{turn}\n")
    found = _foreign.read(path)
    return _plan.parse(found.table, name="script", shown="script"), found


def lost(found: Import) -> set[str]:
    return {remark.where for remark in found.remarks if remark.lost}


def course(plan: Plan) -> list[tuple[float, float, float]]:
    return [(stage.seconds, *(stage.users_or(plan.users) if plan.closed else stage.rates)) for stage in plan.stages]


def test_open_scenarios_add_up_where_they_overlap() -> None:
    plan, found = example("k6-arrival-rates.js")

    # 20/s for two minutes; from the first minute on 1/s to 10/s in 30 s, 45 s there, down to 0 in 15 s.
    assert course(plan) == [(60, 20, 20), (30, 21, 30), (30, 30, 30), (15, 10, 10), (15, 10, 0)]
    assert plan.arrivals == "constant"
    assert plan.users * plan.in_flight == 50 + 10
    assert {
        "options.scenarios.guessed.rate",
        "options.scenarios.patient",
        "options.scenarios['evening rush'].env",
        "options.thresholds.http_req_duration[3]",
        "options.thresholds['http_req_duration{scenario:steady}'][0]",
        "options.thresholds.parsing_ms[0]",
    } <= lost(found)


def test_thresholds_become_promises() -> None:
    _, found = example("k6-arrival-rates.js")

    assert {(each.figure, each.share, each.limit, each.right_only, each.workload) for each in found.promises} == {
        (Figure.LATENCY, 0.95, 0.2, False, ""),
        (Figure.LATENCY, 0.99, 0.48, False, ""),
        (Figure.LATENCY, 0.9, 0.18, False, ""),
        (Figure.LATENCY, 1.0, 3.0, False, ""),
        (Figure.LATENCY, 0.5, 0.05, True, ""),
        (Figure.LATENCY, 0.999, 1.0, False, "comments"),
        (Figure.FAILURES, 0.0, 0.01, False, ""),
        (Figure.FAILURES, 0.0, 0.005, False, ""),
        (Figure.RATE, 0.0, 15.0, False, ""),
    }


def test_stages_are_users_who_come_and_go() -> None:
    plan, found = example("k6-stages.js")

    # One user to begin with; a stage of no length is a step. Two seconds of sleep for two requests.
    assert course(plan) == [(30, 1, 20), (90, 20, 20), (20, 5, 0)]
    assert plan.closed
    assert plan.think_seconds == 1.0
    assert not lost(found)
    assert any("stands in a branch" in remark.why for remark in found.remarks)


def test_turns_that_are_counted_become_time() -> None:
    plan, found = example("k6-iterations.js")

    assert course(plan) == [(90, 10, 10), (30, 5, 5), (60, 4, 4), (20, 0, 8), (10, 8, 0)]
    assert plan.think_seconds == 1.0
    assert lost(found) == {
        "options.scenarios.shared.iterations",
        "options.scenarios.each.iterations",
        "options.scenarios.led.executor",
        "options.scenarios.led.maxVUs",
        "options.scenarios.browser.executor",
        "default(), line 23",
        "default(), line 24",
    }


def test_options_in_json_know_no_requests() -> None:
    plan, found = example("k6-config.json")

    assert course(plan) == [(45, 12, 12)]
    assert plan.shares == dict.fromkeys(names(), pytest.approx(1 / len(names())))
    assert {(each.share, each.limit) for each in found.promises} == {(0.5, 0.025), (0.95, 0.25), (0.0, 0.005)}
    assert lost(found) == {"userAgent"}


@pytest.mark.parametrize(
    ("executor", "expected"),
    [
        ({"executor": "constant-arrival-rate", "rate": 90, "timeUnit": "1m", "duration": "1m30s"}, [(90, 1.5, 1.5)]),
        ({"executor": "constant-arrival-rate", "rate": 5, "duration": 2500}, [(2.5, 5, 5)]),
        (
            {
                "executor": "ramping-arrival-rate",
                "stages": [{"target": 4, "duration": "8s"}, {"target": 4, "duration": "2s"}],
            },
            [(8, 0, 4), (2, 4, 4)],
        ),
        ({"executor": "constant-vus", "duration": "1h", "vus": "7"}, [(3600, 7, 7)]),
        ({"executor": "ramping-vus", "stages": [{"target": 3, "duration": "4s"}]}, [(4, 1, 3)]),
        ({"executor": "shared-iterations", "iterations": 5, "vus": 2}, [(600, 2, 2)]),
        ({"executor": "constant-vus", "duration": "5s", "startTime": "3s"}, [(3, 0, 0), (5, 1, 1)]),
    ],
)
def test_executors(executor: dict[str, Any], expected: list[tuple[float, ...]], tmp_path: Path) -> None:
    plan, _ = script(tmp_path, json.dumps({"scenarios": {"only": executor}}))

    assert course(plan) == expected


def test_a_turn_of_several_requests_is_as_many_arrivals(tmp_path: Path) -> None:
    before = """
    const both = () => { one(); one(); };
    function one() { http.asyncRequest('POST', `${__ENV.HOST}/v1/comments`, '{}'); again(); }
    function again() { one(); }
    """
    options = "{scenarios: {s: {executor: 'constant-arrival-rate', rate: 10, duration: '1m', exec: 'both'}}}"
    plan, _ = script(tmp_path, options, before=before)

    assert plan.arrivals_expected(judged_only=False) == 10 * 2 * 60


def test_what_a_script_computes_is_named_and_the_rest_is_read(tmp_path: Path) -> None:
    before = "const n = (() => { while (true) {} })();\nfunction scenario() { return {}; }"
    known = "{ executor: 'constant-vus', vus: 2, duration: '5s' }"
    options = f"{{ scenarios: {{ a: {{ ...{known}, vus: n }}, b: {known}, c: scenario() }}, ...n }}"
    plan, found = script(tmp_path, options, before=before)

    assert course(plan) == [(5, 2, 2)]
    assert lost(found) == {
        "options.scenarios.a.vus",
        "options.scenarios.a",
        "options.scenarios.c",
        "options['...n']",
    }


@pytest.mark.parametrize(
    "form",
    [
        "export let options = {X};",
        "export var options = {X};",
        "const options = {X};\nexport { options };",
        "module.exports.options = {X};",
        "exports.options = {X};",
        "const inner = {X};\nexport const options = inner;",
        "const inner = {X};\nexport const options = { ...inner };",
        "// export const options = { vus: 99 };\n/* options = { */ export const options = {X};",
        "const text = `export const options = { vus: 99 }`;\nexport const options = {X};",
    ],
)
def test_options_are_found_however_they_are_exported(form: str, tmp_path: Path) -> None:
    path = tmp_path / "script.js"
    path.write_text(form.replace("{X}", "{ vus: 3, duration: '7s' }"))
    found = _foreign.read(path)

    assert [(stage["seconds"], stage["users"]) for stage in found.table["stages"]] == [(7, 3)]


def test_artillery_in_javascript_is_artillery(tmp_path: Path) -> None:
    path = tmp_path / "test.js"
    path.write_text(
        "export const config = { target: 'x', phases: [{ duration: 60, arrivalRate: 2 * 5 }] };\n"
        "export const scenarios = [{ flow: [{ post: { url: '/v1/comments' } }] }];\n"
    )
    found = _foreign.read(path)

    assert found.tool == "Artillery"
    assert found.table["stages"] == [{"name": "stage 1", "seconds": 60, "rate": 10}]


def test_scenarios_of_different_mixes_and_pauses_get_their_mean(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    add_workloads(monkeypatch, tmp_path, "letters")
    turns = """
    export function write() { http.post('http://here/v1/letters', null); sleep(4); }
    export function ask() { http.post('http://here/v1/comments', null); sleep(1); }
    """
    users = "executor: 'constant-vus', duration: '10s'"
    options = f"{{ scenarios: {{ a: {{ {users}, vus: 3, exec: 'ask' }}, b: {{ {users}, vus: 1, exec: 'write' }} }} }}"
    plan, found = script(tmp_path, options, turns)

    assert plan.shares == {"comments": 0.75, "letters": 0.25}
    assert plan.think_seconds == (3 * 1 + 1 * 4) / 4
    assert [remark.says for remark in found.remarks] == ["different mixes at different times", "different pauses"]
