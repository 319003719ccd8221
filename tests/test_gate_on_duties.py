"""The gate measures what the service's duties cost and judges it, with a real service and a real load."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest

from slo import record

PLAN = """
description = "A few requests, to have something to judge"
seed = 1
arrivals = "constant"
users = 1
objectives = ["duties"]

[[stages]]
name = "steady"
seconds = 2
rate = 5

[mix]
comments = 1.0
"""


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run of the gate on a plan that names the duties."""
    folder = tmp_path_factory.mktemp("gate")
    plan = folder / "short.toml"
    plan.write_text(PLAN, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "loadstone", "gate", str(plan), "--out", str(folder / "out")],
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert (folder / "out" / "report.json").exists(), done.stdout + done.stderr
    assert "measuring what the duties of the service cost" in done.stderr
    return folder / "out"


def test_the_record_holds_what_was_measured(run_folder: Path) -> None:
    run = record.read(run_folder / "record.jsonl")

    assert run.footer is not None
    assert {"request", "key-check", "rate-limit"} <= {duty.name for duty in run.duties}


@pytest.mark.parametrize("name", ["duties-together", "key-check", "access-log"])
def test_every_report_tells_each_duty_with_its_interval(run_folder: Path, name: str) -> None:
    report = msgspec.json.decode((run_folder / "report.json").read_bytes())
    (verdict,) = [each for each in report["judgement"]["verdicts"] if each["name"] == name]
    cases = ElementTree.parse(run_folder / "junit.xml").iter("testcase")

    assert verdict["budget"] == "duties"
    assert verdict["unit"] == "s"
    assert 0 < verdict["value"] < 1e-3
    assert verdict["low"] <= verdict["value"] <= verdict["high"]
    assert name in {case.get("name") for case in cases}
    for file in ("report.md", "report.html"):
        assert name in (run_folder / file).read_text(encoding="utf-8")
