"""``python -m profiles``: what it refuses is one plain sentence and exit code 2."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from profiles.recording import Recording
from profiles.stacks import Profile

ROOT = Path(__file__).resolve().parents[2]


def refused(*arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "profiles", *map(str, arguments)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    [sentence] = done.stderr.splitlines()
    return sentence.removeprefix("profiles: ")


def test_recordings_that_cannot_be_read_or_compared(tmp_path: Path) -> None:
    files = {unit: tmp_path / f"{unit}.profile.json" for unit in ("bytes", "calls")}
    for unit, file in files.items():
        Recording.of_profiles([Profile(unit, {("serve",): 1})], [1.0], "test").save(file)
    assert refused("diff", *files.values()) == "bytes and calls cannot be compared"
    files["bytes"].write_text("{}")
    assert "missing required field" in refused("show", files["bytes"])


@pytest.mark.parametrize(
    ("program", "reason"),
    [
        ("nonsense:opened", "is no program to replay"),
        ("service.replay:opened", "service.replay:opened fails: line 1: Input data was truncated"),
    ],
)
def test_programs_that_cannot_be_replayed(tmp_path: Path, program: str, reason: str) -> None:
    requests = tmp_path / "requests.jsonl"
    requests.write_text("{\n" * 6)
    assert reason in refused("replay", program, requests, "--out", tmp_path)
