"""``loadstone profile`` on the real service: counts are exact, and a planted change is found by its name."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from profiles.recording import Recording

ROOT = Path(__file__).resolve().parents[1]
ROOMS = ("service", "profiles", "slo")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "loadstone", "profile", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )


def profiled(*arguments: str) -> str:
    done = run(*arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the tree with one more turn of a loop in it."""
    for room in ROOMS:
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    path = tmp_path / "service/workloads/comments/policy.py"
    code = path.read_text()
    begin = "        text = text.strip()\n"
    assert code.count(begin) == 1
    path.write_text(code.replace(begin, f"{begin}        text = text.strip().strip().strip()\n"))
    return tmp_path


def test_a_planted_change_is_named_and_equal_code_counts_equally(tree: Path, tmp_path: Path) -> None:
    base, again, head = (tmp_path / name for name in ("base", "again", "head"))
    for folder in (base, again):
        profiled("deterministic", "smoke", "--requests", "30", "--out", str(folder))
    profiled("deterministic", "smoke", "--requests", "30", "--tree", str(tree), "--out", str(head))
    bytecodes = "bytecodes.profile.json"
    assert Recording.load(base / bytecodes) == Recording.load(again / bytecodes)
    assert "no function made it dearer" in profiled("diff", str(base / bytecodes), str(again / bytecodes))
    graph = tmp_path / "changed.svg"
    told = profiled("diff", str(base / bytecodes), str(head / bytecodes), "--flamegraph", str(graph))
    assert "1. items_of" in told
    assert "items_of" in graph.read_text()


def test_memory_is_counted(tmp_path: Path) -> None:
    profiled("memory", "smoke", "--requests", "30", "--out", str(tmp_path))
    asked = Recording.load(tmp_path / "bytes.profile.json")
    assert asked.requests == (20.0,)
    assert any("service/workloads/comments" in cost.frame for cost in asked.profile().frames())
    exported = tmp_path / "stacks.txt"
    profiled("export", str(tmp_path / "bytes.profile.json"), "folded", str(exported))
    assert Recording.load(exported).profile().total == asked.profile().total


def test_a_service_under_load_is_sampled(tmp_path: Path) -> None:
    profiled(
        *("cpu", "smoke", "--scale", "time=0.12", "--scale", "rate=10", "--seconds", "5", "--warm-up", "3"),
        *("--out", str(tmp_path)),
    )
    sampled = Recording.load(tmp_path / "samples.profile.json")
    assert len(sampled.requests) > 1
    assert any("service/web" in cost.frame for cost in sampled.profile().frames())
    assert "samples in all" in profiled("show", str(tmp_path / "samples.profile.json"))


def test_a_plan_that_is_not_there_is_said() -> None:
    done = run("deterministic", "nonsense")
    assert done.returncode == 2
    assert done.stderr.startswith("loadstone: there is no plan 'nonsense'")
