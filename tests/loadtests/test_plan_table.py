from __future__ import annotations

import re
import tomllib
from pathlib import Path

import msgspec
import pytest

from loadtests._comments import Payloads
from loadtests._planning import _plan, _plan_table
from loadtests._planning._plan import Plan
from loadtests._planning._stages import PlanStage

PAGE = (Path(__file__).parents[2] / "docs/plans.md").read_text(encoding="utf-8")


def test_the_table_in_the_docs_is_what_the_files_say() -> None:
    assert _plan_table.renewed(PAGE) == PAGE, "python -m loadtests._planning._plan_table docs/plans.md"


def test_every_plan_has_its_row_and_a_page_without_a_place_is_refused() -> None:
    rows = _plan_table.table().splitlines()
    assert len(rows) == len(_plan.names()) + 2
    assert len({row.count("|") for row in rows}) == 1
    with pytest.raises(ValueError, match="there is no place for the table"):
        _plan_table.renewed("# Plans")


@pytest.mark.parametrize("kind", [Plan, PlanStage, Payloads])
def test_every_key_is_explained(kind: type[msgspec.Struct]) -> None:
    cells = re.findall(r"^\| (`[^|]*) \|", PAGE, re.MULTILINE)
    explained = {word for cell in cells for word in re.findall(r"\w+", cell)}
    unwritten = {"name", "source", "time_scale", "rate_scale"} if kind is Plan else set()
    assert {field.name for field in msgspec.structs.fields(kind)} - unwritten <= explained


def test_the_example_is_a_plan() -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)
    plan = _plan.parse(tomllib.loads(example), name="mine", shown="mine.toml")
    assert not plan.doubts
