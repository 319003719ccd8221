"""The plan of one step, as TOML."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests._planning import _plan
from slo.capacity.plan import Course, step_plan, toml

VALUES = st.recursive(
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(st.text(), VALUES, max_size=5))
def test_whatever_is_written_is_read_back(table: dict[str, Any]) -> None:
    assert tomllib.loads(f"table = {toml(table)}")["table"] == table


def test_what_has_no_form_is_refused_and_nothing_is_left_out() -> None:
    assert toml({"there": 1, "missing": None}) == '{"there" = 1}'
    with pytest.raises(TypeError, match="no form in TOML"):
        toml({"when": object()})


@pytest.mark.parametrize("name", _plan.names())
def test_a_step_of_any_shipped_plan_is_a_plan(name: str) -> None:
    chosen = _plan.load(name)
    base = {"mix": chosen.mix, "payloads": chosen.payloads.tables, "objectives": chosen.objectives, "users": None}
    table = tomllib.loads(step_plan(base, 123.5, Course(1.5, 8.0), seed=9))
    plan = _plan.parse(table, name="step-01", shown="step-01.toml")

    assert [(stage.seconds, stage.rates, stage.judged) for stage in plan.stages] == [
        (1.5, (123.5, 123.5), False),
        (8.0, (123.5, 123.5), True),
    ]
    assert (plan.arrivals, plan.seed, plan.mix, plan.payloads) == ("poisson", 9, chosen.mix, chosen.payloads)
