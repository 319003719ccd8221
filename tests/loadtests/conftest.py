"""Targets and Locust runs as child processes: importing Locust would patch the test process itself."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

HERE = Path(__file__).parent
LOADTESTS = HERE.parents[1] / "loadtests"
LONGEST_SECONDS = 60.0


class Target:
    """A running `target.py`."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / "target.py"), *arguments], stdout=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def counts(self) -> dict[str, Any]:
        with urllib.request.urlopen(f"{self.url}/counts", timeout=LONGEST_SECONDS) as answer:
            counts: dict[str, Any] = msgspec.json.decode(answer.read())
        return counts

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()


class Locust:
    """A running Locust on the project's load tests."""

    def __init__(self, folder: Path, *arguments: str, host: str | None = None) -> None:
        folder.mkdir(exist_ok=True)
        self.record = folder / "run.jsonl"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "locust", "-f", str(LOADTESTS), "--run-record", str(self.record), *arguments],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | {"HOST": host or ""},
        )

    def finish(self) -> tuple[int, str]:
        """Exit code and output."""
        output, _ = self.process.communicate(timeout=LONGEST_SECONDS)
        return self.process.returncode, output

    def await_line(self, kind: str) -> None:
        """Until the record has a line of that kind."""
        await_that(lambda: self.record.exists() and f'"type":"{kind}"' in self.record.read_text())

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()


def await_that(condition: Callable[[], bool]) -> None:
    """Look again and again until ``condition`` holds."""
    deadline = time.monotonic() + LONGEST_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.02)


@pytest.fixture
def target() -> Iterator[Callable[..., Target]]:
    running: list[Target] = []

    def start(*arguments: str) -> Target:
        running.append(Target(*arguments))
        return running[-1]

    yield start
    for one in running:
        one.close()


@pytest.fixture
def locust(tmp_path: Path) -> Iterator[Callable[..., Locust]]:
    running: list[Locust] = []

    def start(*arguments: str, host: str | None = None) -> Locust:
        running.append(Locust(tmp_path / f"run-{len(running)}", *arguments, host=host))
        return running[-1]

    yield start
    for one in running:
        one.close()


@pytest.fixture
def plan(tmp_path: Path) -> Callable[..., str]:
    """Writes a plan of one stage and gives its path."""

    def write(
        name: str = "trial", *, seconds: float = 2.0, rate: float = 60.0, warm_up: float = 0.0, more: str = ""
    ) -> str:
        before = f'[[stages]]\nname = "warm-up"\nseconds = {warm_up}\nrate = {rate}\njudged = false'
        paced = "" if "closed" in more else f"rate = {rate}"
        path = tmp_path / f"{name}.toml"
        path.write_text(
            f'description = "a trial"\n{more}\n{before if warm_up else ""}\n'
            f'[[stages]]\nname = "steady"\nseconds = {seconds}\n{paced}\n[mix]\ncomments = 1.0\n'
            "[payloads.comments]\nsizes.fast = { 1 = 0.5, 7 = 0.5 }\n"
        )
        return str(path)

    return write
