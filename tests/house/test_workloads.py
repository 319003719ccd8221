"""A workload is whole: whoever adds one is told here which of its parts is missing."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from random import Random

import msgspec
import pytest

from loadtests import _workloads
from loadtests._planning import _plan
from service.core.workload import AnyWorkload
from service.workloads import WORKLOADS
from slo.spec import load
from tests.loadtests.more_workloads import add_workloads

ROOT = Path(__file__).resolve().parents[2]

PARTS = {
    "package": "service/workloads/{name}/__init__.py",
    "tests": "tests/service/workloads/{name}",
    "locustfile": "loadtests/{name}.py",
    "payloads": "loadtests/_{name}.py",
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


def gaps_in(name: str) -> list[str]:
    """What the load tests lack of a workload, each with the place where it belongs."""
    if name not in _workloads.names():
        return [f"loadtests/{name}.py (the Locust user) and loadtests/_{name}.py (its payloads) belong together"]
    module = _workloads.payloads_of(name)
    wanted = ("Payloads", "exchanges", "known", "hit_ratio")
    gaps = [f"loadtests/_{name}.py has no {part}" for part in wanted if not hasattr(module, part)]
    if name not in _plan.load("mixed-day").mix:
        gaps.append(f"loadtests/plans/mixed-day.toml has no {name} in [mix]")
    return gaps


@each_workload
def test_a_workload_can_be_loaded(workload: AnyWorkload) -> None:
    gaps = gaps_in(workload.name)

    assert not gaps, f"{workload.name}: {'; '.join(gaps)}"


def test_whoever_adds_a_workload_is_told_what_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert gaps_in("films") == [
        "loadtests/films.py (the Locust user) and loadtests/_films.py (its payloads) belong together"
    ]
    add_workloads(monkeypatch, tmp_path, "films")
    (tmp_path / "_films.py").write_text("Payloads = exchanges = known = None")
    assert gaps_in("films") == [
        "loadtests/_films.py has no hit_ratio",
        "loadtests/plans/mixed-day.toml has no films in [mix]",
    ]


@each_workload
def test_what_a_workload_sends_is_what_the_service_takes(workload: AnyWorkload) -> None:
    module = _workloads.payloads_of(workload.name)
    for exchange in islice(module.exchanges(module.Payloads(), Random(1)), 20):
        kind = workload.doors[exchange.door[1:]].request if exchange.door else workload.request
        assert workload.split(msgspec.json.decode(exchange.body, type=kind))


def test_every_plan_is_judged_by_objectives_that_are_there() -> None:
    specifications = load()
    for name in _plan.names():
        for objectives in _plan.load(name).objectives:
            assert specifications.budget(objectives, "production").objectives, f"{name}: {objectives}"


@each_workload
def test_a_workloads_examples_are_valid_requests(workload: AnyWorkload) -> None:
    asked = [(workload.request, workload.examples)]
    asked += [(door.request, door.examples) for door in workload.doors.values()]
    for kind, examples in asked:
        assert examples
        for example in examples.values():
            assert workload.split(msgspec.convert(example, kind))


def test_names_of_workloads_are_unique() -> None:
    names = [workload.name for workload in WORKLOADS]

    assert sorted(set(names)) == sorted(names)


def test_what_is_served_is_a_package_of_its_own() -> None:
    packages = {path.parent.name for path in (ROOT / "service/workloads").glob("*/__init__.py")}

    assert {workload.name for workload in WORKLOADS} == packages
