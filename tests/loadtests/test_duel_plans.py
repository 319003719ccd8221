from __future__ import annotations

import tomllib
from collections import Counter
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests._planning import _plan
from loadtests._planning._duel import MIXED, WARM_UP, Side, duel_plans, steady_rate
from loadtests._planning._plan import Plan, PlanInvalidError, parse
from loadtests._planning._writing import written

RHYTHM: dict[str, Any] = {
    "seed": 5,
    "warm_up_seconds": 4.0,
    "mixed_seconds": 20.0,
    "block_seconds": 3.0,
    "block_rounds": 2,
    "closed_seconds": 2.0,
    "closed_rounds": 1,
    "users": 6,
}


def read_back(plan: Plan) -> Plan:
    return parse(tomllib.loads(written(plan)), name=plan.name, shown="written.toml")


def plan_of(stages: list[dict[str, Any]], **more: Any) -> Plan:
    table = {"description": "d", "stages": stages, "mix": {"comments": 1.0}, **more}
    return parse(table, name="p", shown="p.toml")


@pytest.mark.parametrize("name", _plan.names())
def test_every_plan_and_its_duel_read_back_as_they_were_written(name: str) -> None:
    plan = _plan.load(name)
    assert read_back(plan) == msgspec.structs.replace(plan, source="")
    for made in duel_plans(plan, first="base", **RHYTHM):
        assert read_back(made) == made
        assert not made.doubts


amounts = st.floats(0.0, 1e9, exclude_min=True)
stages = st.fixed_dictionaries(
    {"name": st.text(min_size=1), "seconds": st.floats(0.001, 900.0), "rate": amounts},
    optional={"judged": st.just(True), "side": st.sampled_from(["both", "base", "head"])},
)


@given(
    st.lists(stages, min_size=1, max_size=3, unique_by=lambda stage: str(stage["name"])),
    st.text(min_size=1, max_size=120),
    st.lists(st.text(), max_size=2),
    amounts,
    st.dictionaries(st.sampled_from([1, 7, 1000]), amounts, min_size=1),
)
def test_whatever_a_plan_says_reads_back_equal(
    course: list[dict[str, Any]], description: str, objectives: list[str], weight: float, sizes: dict[int, float]
) -> None:
    payloads = {"comments": {"unique": 0.25, "sizes": {"fast": {str(size): share for size, share in sizes.items()}}}}
    told = {"description": description, "objectives": objectives, "mix": {"comments": weight}, "cache": "warm"}
    plan = parse({"stages": course, "payloads": payloads, **told}, name="p", shown="p.toml")
    assert read_back(plan) == plan


@pytest.mark.parametrize(("first", "order"), [("base", "ABBAABBA"), ("head", "BAABBAAB")])
def test_a_launch_is_warmed_up_then_mixed_then_in_blocks_that_mirror_one_another(first: Side, order: str) -> None:
    gate = _plan.load("gate")
    opened, closed = duel_plans(gate, first=first, **RHYTHM)
    sides = ["base" if letter == "A" else "head" for letter in order]
    assert [(stage.name, stage.seconds, stage.judged, stage.side) for stage in opened.stages] == [
        (WARM_UP, 4.0, False, "both"),
        (MIXED, 20.0, True, "both"),
        *((f"block-{number}-{side}", 3.0, True, side) for number, side in enumerate(sides, start=1)),
    ]
    assert {stage.rates for stage in opened.stages} == {(80.0, 80.0)}
    assert [stage.side for stage in closed.stages] == ["both", *sides[:4]]
    assert [stage.judged for stage in closed.stages] == [False, True, True, True, True]
    assert (closed.arrivals, closed.users_to_start, closed.think_seconds) == ("closed", 6, 0.0)
    for made in (opened, closed):
        assert (made.mix, made.payloads, made.seed) == (gate.mix, gate.payloads, 5)
        assert made.needs_base
        assert Counter(stage.side for stage in made.facts().stages)["base"] in (2, 4)


def test_the_rate_of_a_duel_is_the_highest_that_a_judged_stage_keeps() -> None:
    steps = [
        {"name": "warm-up", "seconds": 5.0, "rate": 900.0, "judged": False},
        {"name": "low", "seconds": 5.0, "rate": 20.0},
        {"name": "up", "seconds": 5.0, "rate_from": 20.0, "rate_to": 500.0},
        {"name": "high", "seconds": 5.0, "rate": 50.0},
    ]
    assert steady_rate(plan_of(steps)) == 50.0
    assert steady_rate(plan_of([steps[0], steps[2]])) == 260.0
    users = [{"name": "all", "seconds": 5.0, "users": 30}]
    assert steady_rate(plan_of(users, arrivals="closed", think_seconds=0.5)) == 60.0
    with pytest.raises(PlanInvalidError, match="no rate that a duel could keep to: its users do not pause"):
        steady_rate(plan_of(users, arrivals="closed", think_seconds=0.0))


def test_a_duel_that_could_not_be_followed_is_refused() -> None:
    with pytest.raises(PlanInvalidError, match=r"the duel of plan 'gate-duel': stages\[1\]\.seconds"):
        duel_plans(_plan.load("gate"), first="base", **{**RHYTHM, "mixed_seconds": 0.0})
