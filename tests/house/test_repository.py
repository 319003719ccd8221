"""The repository itself: what must never be committed, and what must agree."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("service", "loadtests", "profiles", "slo")


def committed() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [ROOT / name for name in listed.split("\0") if name and (ROOT / name).is_file()]


def texts(*suffixes: str) -> list[Path]:
    return [path for path in committed() if path.suffix in suffixes]


def test_top_level_holds_the_rooms_and_nothing_unexpected() -> None:
    folders = {path.relative_to(ROOT).parts[0] for path in committed() if len(path.relative_to(ROOT).parts) > 1}

    assert folders <= {*ROOMS, "loadstone", "deploy", "tests", "docs", ".ci"}


def test_the_lock_names_no_index_and_hashes_everything() -> None:
    lock = (ROOT / "requirements.lock").read_text()
    pinned = re.findall(r"^([a-z0-9-]+(?:\[[a-z,]+\])?)==", lock, flags=re.MULTILINE)

    assert "://" not in lock
    assert "--index" not in lock
    assert len(pinned) > 50
    for entry in re.split(r"^(?=[a-z0-9-]+==)", lock, flags=re.MULTILINE)[1:]:
        assert "--hash=sha256:" in entry, entry.splitlines()[0]


def test_no_path_of_one_machine_and_no_mark_of_unfinished_work() -> None:
    unwanted = re.compile("|".join(["TO" + "DO", "FIX" + "ME", "/ro" + "ot/", "/ho" + "me/", "/wo" + "rk/"]))
    for path in texts(".py", ".toml", ".ini", ".md", ".yaml", ".sql", ".html", ".js", ".css", ".lock"):
        if path.name.startswith("uPlot"):
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
            found = unwanted.search(line)
            assert not found, f"{path.relative_to(ROOT)}:{number}: {line.strip()}"


@pytest.mark.parametrize("room", ROOMS)
def test_no_room_knows_the_front_door(room: str) -> None:
    for path in (ROOT / room).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            imported = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            imported += [name.name for name in node.names] if isinstance(node, ast.Import) else []
            assert "loadstone" not in imported, path


def test_only_the_settings_read_the_environment() -> None:
    """The supervisor hands its environment on to a child, and two set what libraries read; none of them configures."""
    readers = {
        path.relative_to(ROOT / "service").as_posix()
        for path in (ROOT / "service").rglob("*.py")
        if re.search(r"\bos\.(environ|getenv)\b", path.read_text(encoding="utf-8"))
    }

    programs = {"workloads/recipes/reading/__init__.py", "workloads/recipes/reading/tesseract.py"}  # found by PATH
    assert readers <= {"__init__.py", "settings.py", "__main__.py", "supervisor.py", "sentences/engine.py", *programs}
