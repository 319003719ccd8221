"""What becomes of Artillery's test definitions."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests._imports import _artillery, _foreign
from loadtests._imports._merging import plan_table
from loadtests._imports._source import ForeignFileError
from loadtests._imports._table import MOST_REMARKS, Remarks
from loadtests._planning import _plan
from loadtests._planning._plan import Plan
from slo.promises import Figure, Remark
from tests.loadtests.more_workloads import add_workloads

EXAMPLES = Path(__file__).with_name("examples")
ONE_COMMENT = [{"flow": [{"post": {"url": "/v1/comments"}}]}]


def plan_of(definition: dict[str, Any]) -> tuple[Plan, tuple[Remark, ...]]:
    reading = _artillery.read(definition)
    remarks = Remarks()
    table = {"description": "imported", **plan_table(reading.streams, remarks)}
    return _plan.parse(table, name="imported", shown="imported"), (*reading.remarks, *remarks.all())


def phases(*given_phases: dict[str, Any], scenarios: Any = ONE_COMMENT) -> tuple[Plan, tuple[Remark, ...]]:
    return plan_of({"config": {"phases": list(given_phases)}, "scenarios": scenarios})


def where(remarks: tuple[Remark, ...], *, lost: bool = True) -> set[str]:
    return {remark.where for remark in remarks if remark.lost is lost}


seconds = st.integers(1, 3600)
rates = st.floats(0, 1000, allow_subnormal=False)
lengths = seconds.flatmap(
    lambda count: st.sampled_from([count, str(count), f"{count}s", f"{count} sec", f"{count * 1000}ms"])
)
arrivals = st.one_of(
    st.fixed_dictionaries({"duration": lengths, "arrivalRate": rates}),
    st.fixed_dictionaries({"duration": lengths, "arrivalRate": rates, "rampTo": rates}),
    st.fixed_dictionaries({"duration": lengths, "arrivalCount": st.integers(0, 100_000)}),
    st.fixed_dictionaries({"pause": lengths}),
)


def planned_by_artillery(phase: dict[str, Any]) -> float:
    if "pause" in phase:
        return 0.0
    if "arrivalCount" in phase:
        return float(phase["arrivalCount"])
    length = str(phase["duration"])
    duration = float(length.removesuffix("ms")) / 1000 if "ms" in length else float(length.rstrip(" sec"))
    return float((phase["arrivalRate"] + phase.get("rampTo", phase["arrivalRate"])) / 2 * duration)


@given(st.lists(arrivals, min_size=1, max_size=12), st.integers(1, 4))
def test_any_phases_give_a_plan_with_as_many_requests(given_phases: list[dict[str, Any]], posts: int) -> None:
    expected = sum(planned_by_artillery(phase) for phase in given_phases) * posts
    if expected < 1e-3:
        return
    plan, remarks = phases(*given_phases, scenarios=[{"flow": ONE_COMMENT[0]["flow"] * posts}])

    assert plan.arrivals_expected(judged_only=False) == pytest.approx(expected, rel=1e-6)
    assert not remarks


def test_a_desks_monday() -> None:
    found = _foreign.read(EXAMPLES / "artillery-phases.yml")
    plan = _plan.parse(found.table, name="monday", shown="monday")

    # Four of five arrivals send comments: three send one, one sends three.
    each = (3 * 1 + 1 * 3) / 5
    assert [(stage.name, stage.seconds, *stage.rates) for stage in plan.stages] == [
        ("warm up", 30, 2 * each, 10 * each),
        ("breakfast", 120, 10 * each, 10 * each),
        ("pause", 15, 0, 0),
        ("letters", 60, 1.8, 1.8),
        ("rush", 45, 10 * each, 40 * each),
    ]
    assert (plan.arrivals, plan.mix, plan.timeout_seconds) == ("constant", {"comments": 1}, 15)
    assert plan.users * plan.in_flight == 60
    assert where(found.remarks) == {
        "config.http.pool",
        "config.phases[5]",
        "config.phases[5].arrivalRate",
        "config.variables",
        "config.plugins.metrics-by-endpoint",
        "config.plugins.ensure.thresholds[1]",
        "config.plugins.ensure.conditions[2].expression",
        "config.ensure.min",
        "scenarios[0].flow[0].post.headers",
        "scenarios[0].flow[0].post.capture",
        "scenarios[1].flow[2].get.url",
        "scenarios[2]",
    }
    assert {"config.target", "scenarios[0].flow[1].think", "config.plugins.expect"} <= where(found.remarks, lost=False)


def test_what_is_ensured_becomes_promises() -> None:
    promises = _foreign.read(EXAMPLES / "artillery-phases.yml").promises

    assert {(each.figure, each.share, each.limit, each.right_only, each.enforced) for each in promises} == {
        (Figure.LATENCY, 0.95, 0.25, False, True),
        (Figure.FAILURES, 0.0, 0.01, False, True),
        (Figure.LATENCY, 0.99, 0.45, False, True),
        (Figure.LATENCY, 0.95, 0.2, False, True),
        (Figure.RATE, 0.0, 5.0, False, True),
        (Figure.LATENCY, 0.5, 0.08, True, False),
    }


def test_poisson_phases_stay_poisson() -> None:
    plan, remarks = phases({"duration": 5, "arrivalRate": 3, "mode": "poisson"})

    assert plan.arrivals == "poisson"
    assert not remarks


def test_workloads_share_the_rate_as_their_scenarios_do(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    add_workloads(monkeypatch, tmp_path, "letters")
    scenarios = [
        {"weight": 3, "flow": [{"post": {"url": "http://here/v1/comments"}}]},
        {"weight": 1, "flow": [{"loop": [{"post": {"url": "/v1/letters"}}], "count": 3}]},
    ]
    plan, remarks = phases({"duration": 10, "arrivalRate": 4, "maxVusers": 21}, scenarios=scenarios)

    assert plan.shares == {"comments": 0.5, "letters": 0.5}
    assert plan.users * plan.in_flight == 10
    assert where(remarks, lost=False) == {"config.phases"}
    assert plan.arrivals_expected(judged_only=False) == 60


@pytest.mark.parametrize(
    ("phase", "lost"),
    [
        ({"duration": "soon", "arrivalRate": 1}, "config.phases[1].duration"),
        ({"duration": 5, "arrivalRate": -1}, "config.phases[1].arrivalRate"),
        ({"duration": 5, "arrivalRate": 1, "rampTo": "{{ top }}"}, "config.phases[1].rampTo"),
        ({"duration": 5, "rampTo": 9}, "config.phases[1]"),
        ({"duration": float("inf"), "arrivalRate": 1}, "config.phases[1].duration"),
        ({"think": 5}, "config.phases[1].think"),
    ],
)
def test_a_phase_that_says_nothing_is_named_and_left_out(phase: dict[str, Any], lost: str) -> None:
    plan, remarks = phases({"duration": 5, "arrivalRate": 1}, phase)

    assert lost in where(remarks)
    assert len(plan.stages) == 1


def test_remarks_are_bounded_and_say_how_many_there_are_more() -> None:
    definition = {"config": {"phases": [{"duration": 1, "arrivalRate": 1}]}, "scenarios": ONE_COMMENT}
    reading = _artillery.read({**definition, **{f"key{number}": number for number in range(MOST_REMARKS + 7)}})

    assert len(reading.remarks) == MOST_REMARKS + 1
    assert reading.remarks[-1].says == "7 more"


def test_a_file_of_thresholds_alone_has_promises_and_no_plan(tmp_path: Path) -> None:
    path = tmp_path / "ensure.yml"
    path.write_text("config: {target: x, ensure: {p99: 400}}\nscenarios: []\n")

    found = _foreign.read(path)

    assert not found.table
    assert [promise.limit for promise in found.promises] == [0.4]


def test_a_file_that_says_nothing_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "nothing.yml"
    path.write_text("config: {target: x}\nscenarios: []\n")

    with pytest.raises(ForeignFileError, match=r"nothing\.yml: it says neither what load to send nor what to expect"):
        _foreign.read(path)
