"""A workload is whole: whoever adds one is told here which of its parts is missing."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from service.core.workload import AnyWorkload
from service.workloads import WORKLOADS

ROOT = Path(__file__).resolve().parents[2]

PARTS = {
    "package": "service/workloads/{name}/__init__.py",
    "tests": "tests/service/workloads/{name}",
    "locustfile": "loadtests/{name}.py",
    "payloads": "loadtests/corpus/{name}.txt",
    "objectives": "slo/objectives/{name}.yaml",
    "budget": "slo/budgets/{name}.yaml",
    "profile plan": "profiles/plans/{name}.toml",
}

each_workload = pytest.mark.parametrize("workload", WORKLOADS, ids=lambda workload: workload.name)


@each_workload
@pytest.mark.parametrize("part", PARTS)
def test_a_workload_has_all_its_parts(workload: AnyWorkload, part: str) -> None:
    path = ROOT / PARTS[part].format(name=workload.name)

    assert path.exists(), f"{workload.name} has no {part}: {path.relative_to(ROOT)} is missing"


@each_workload
def test_a_workload_is_part_of_some_load_plan(workload: AnyWorkload) -> None:
    plans = [msgspec.toml.decode(path.read_bytes()) for path in (ROOT / "loadtests/plans").glob("*.toml")]

    assert any(workload.name in plan["mix"] for plan in plans)


@each_workload
def test_a_workloads_examples_are_valid_requests(workload: AnyWorkload) -> None:
    assert workload.examples
    for example in workload.examples.values():
        request = msgspec.convert(example, workload.request)
        assert workload.split(request)


def test_names_of_workloads_are_unique() -> None:
    names = [workload.name for workload in WORKLOADS]

    assert sorted(set(names)) == sorted(names)


def test_every_workload_package_is_registered() -> None:
    packages = {path.parent.name for path in (ROOT / "service/workloads").glob("*/__init__.py")}

    assert packages == {workload.name for workload in WORKLOADS}
