from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from loadtests import _workloads
from loadtests._planning import _plan
from loadtests._planning._plan import PlanInvalidError
from loadtests._workloads import UnknownWorkloadError
from tests.loadtests.more_workloads import add_workloads

TABLE: dict[str, Any] = {
    "description": "a trial",
    "stages": [{"name": "go", "seconds": 10, "rate": 20}],
    "mix": {"comments": 1, "films": 3},
    "payloads": {"films": {"minutes": 120}},
}


def test_a_workload_is_its_two_files_and_nothing_else(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert "comments" in _workloads.names()
    add_workloads(monkeypatch, tmp_path, "films")
    (tmp_path / "half.py").touch()
    (tmp_path / "_rest.py").touch()
    assert set(_workloads.names()) >= {"comments", "films"}
    assert not {"half", "rest", "plan", "user"} & set(_workloads.names())


def test_its_table_in_a_plan_is_its_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    add_workloads(monkeypatch, tmp_path, "films")
    plan = _plan.parse(TABLE, name="trial", shown="trial.toml")
    kind: Any = _workloads.payloads_of("films").Payloads
    assert plan.payloads.of("films", kind).minutes == 120.0
    assert plan.facts().mix == {"comments": 0.25, "films": 0.75}
    with pytest.raises(PlanInvalidError, match=r"^trial\.toml: payloads\.films\.hours: unknown key$"):
        _plan.parse(TABLE | {"payloads": {"films": {"hours": 2}}}, name="trial", shown="trial.toml")


@pytest.mark.parametrize("name", ["films", "plan", "_comments", "os", "../comments", ""])
def test_what_is_no_workload_is_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(UnknownWorkloadError, match=r"there is no workload .*; there are batches, comments, images"):
        _workloads.payloads_of(name)
