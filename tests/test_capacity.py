"""``loadstone capacity`` as its users meet it: a small test of the real service, and every way to ask wrongly."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import jsonschema_rs
import msgspec
import pytest
import yaml

from slo.capacity import reports
from slo.capacity.model import Capacity, StepState
from slo.children import free_port
from slo.record import read

OBJECTIVES = """
apiVersion: openslo/v1
kind: Service
metadata: {name: loadstone}
spec: {}
---
apiVersion: loadstone/v1
kind: PerformanceBudget
metadata: {name: comments}
spec:
  service: loadstone
  workload: comments
  resources:
    process.memory.usage: {series: process_memory_usage_bytes, unit: By, displayName: memory}
  defaults: {minEvents: 80, confidence: 0.95, onNoData: fail, onInconclusive: warn}
  objectives:
"""
PATIENT = """
    - {name: latency-p95, indicator: p95, critical: "<= 5s"}
"""
"""What a few seconds of few requests can decide."""
RESOURCES_ONLY = """
    - {name: resident-memory, resource: process.memory.usage, aggregate: max, critical: "<= 512MiB"}
"""


def capacity(*arguments: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "loadstone", "capacity", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


@pytest.fixture(scope="module", name="done")
def a_small_test(tmp_path_factory: pytest.TempPathFactory) -> tuple[subprocess.CompletedProcess[str], Path]:
    """Three steps of the real service, at rates that it carries on any machine."""
    folder = tmp_path_factory.mktemp("capacity")
    objectives = folder / "objectives.yaml"
    objectives.write_text(OBJECTIVES + PATIENT, encoding="utf-8")
    how = (
        "--objectives",
        objectives,
        "--step-seconds",
        3,
        "--settle-seconds",
        1,
        "--from",
        40,
        "--to",
        120,
        "--steps",
        3,
    )
    out = ("--out", folder / "out", "--manifests", folder / "deploy", "--price-per-hour", 0.1)
    return capacity("light", "--workload", "comments", *how, *out, cwd=folder), folder


def test_the_real_service_is_tested_and_told(done: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    ended, folder = done
    document = (folder / "out/capacity.json").read_bytes()
    found = msgspec.json.decode(document, type=Capacity)

    assert ended.returncode in {0, 3}, ended.stderr
    jsonschema_rs.validator_for(msgspec.json.decode(reports.schema())).validate(msgspec.json.decode(document))
    assert found.ended_by in {"range", "generator"}
    assert found.headline in ended.stdout
    assert [step.offered_per_s for step in found.steps] == [40, 80, 120] or found.ended_by == "generator"
    carried = [step.offered_per_s for step in found.steps if step.state is StepState.CARRIED]
    assert found.sustainable_per_s.value == max(carried, default=None)
    assert (found.scaling is None) == (not carried)
    for name in ("capacity.html", "capacity.md"):
        assert (folder / "out" / name).stat().st_size > 1000


def test_its_steps_rest_on_records_of_the_service_itself(done: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    _, folder = done
    found = msgspec.json.decode((folder / "out/capacity.json").read_bytes(), type=Capacity)

    for step in found.steps:
        run = read(folder / "out" / step.record)
        assert run.header.seed == found.seed + step.number, "what nobody sent before must be new in every step"
        assert step.requests == sum(cell.requests for cell in run.judged())
        if step.state not in (StepState.GENERATOR, StepState.SPOILT):
            assert step.in_flight == pytest.approx(step.answered_per_s * step.time_ms / 1000, rel=0.2)
    assert {"workers", "generator", "memory"} <= {bound.resource for bound in found.resources}
    assert {step.cpu_ms_per_request is not None for step in found.steps} == {True}


def test_its_manifests_ask_for_what_was_measured(done: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    _, folder = done
    found = msgspec.json.decode((folder / "out/capacity.json").read_bytes(), type=Capacity)

    if found.scaling is None:
        assert not (folder / "deploy").exists()
    else:
        keda = yaml.safe_load((folder / "deploy/keda.yaml").read_text())
        assert keda["spec"]["triggers"][0]["metadata"]["threshold"] == str(int(found.scaling.target_per_s))


def test_a_finished_test_is_not_overwritten(done: tuple[subprocess.CompletedProcess[str], Path]) -> None:
    _, folder = done
    again = capacity("light", "--out", folder / "out", cwd=folder)

    assert again.returncode == 2
    assert "never overwritten" in again.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("tsunami",), "there is no plan 'tsunami'"),
        (("light", "--workload", "weather"), "has no workload 'weather'"),
        (("light", "--from", "100", "--to", "100"), "must lie above the lowest"),
        (("light", "--step-seconds", "0.1"), "--step-seconds"),
        (("light", "--url", "ftp://127.0.0.1"), "is no http:// or https:// address"),
        (("light", "--write", "nowhere.md"), "nowhere.md: No such file"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_a_sentence(arguments: tuple[str, ...], said: str, tmp_path: Path) -> None:
    done = capacity(*arguments, cwd=tmp_path)

    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert not list(tmp_path.iterdir())


def test_a_service_that_is_not_there_is_named(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    done = capacity("light", "--url", url, cwd=tmp_path)

    assert done.returncode == 2
    assert f"loadstone: the target {url} cannot be reached" in done.stderr
    assert not list(tmp_path.iterdir())


def test_objectives_that_no_rate_can_break_are_refused(tmp_path: Path) -> None:
    objectives = tmp_path / "objectives.yaml"
    objectives.write_text(OBJECTIVES + RESOURCES_ONLY, encoding="utf-8")
    done = capacity("light", "--objectives", objectives, cwd=tmp_path)

    assert done.returncode == 2
    assert "no enforced objective of the plan limits latency or errors" in done.stderr


def test_a_page_without_a_place_is_refused_before_anything_runs(tmp_path: Path) -> None:
    page = tmp_path / "capacity.md"
    page.write_text("# Capacity\n", encoding="utf-8")
    done = capacity("light", "--write", page, cwd=tmp_path)

    assert done.returncode == 2
    assert "no place for capacity light" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["capacity.md"]


def test_steps_without_a_request_end_the_test(tmp_path: Path) -> None:
    how = ("--from", 0.01, "--to", 0.02, "--step-seconds", 1, "--settle-seconds", 0.5, "--out", tmp_path / "out")
    with HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as somebody:
        answering = threading.Thread(target=somebody.serve_forever)
        answering.start()
        done = capacity("light", "--url", f"http://127.0.0.1:{somebody.server_port}", *how, cwd=tmp_path)
        somebody.shutdown()
        answering.join()

    assert done.returncode == 2, done.stderr
    assert "no request arrived in a step of 1 s at 0.01/s" in done.stderr
