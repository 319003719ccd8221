"""Shops and duels between them as child processes."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from slo.record import Stage
from tests.loadtests.conftest import LONGEST_SECONDS, await_that

HERE = Path(__file__).parent
PLUGIN = HERE.parents[1] / "loadtests" / "_foreign" / "_plugin.py"


class Shop:
    """A running `shop.py`."""

    def __init__(self, *arguments: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = subprocess.Popen([sys.executable, str(HERE / "shop.py"), "--port", str(self.port), *arguments])
        await_that(self.listens)

    def listens(self) -> bool:
        with socket.socket() as trial:
            return trial.connect_ex(("127.0.0.1", self.port)) == 0


class Duel:
    """A running Locust: the plugin, and somebody's file behind it."""

    def __init__(self, folder: Path, file: Path, stages: list[Stage], base: str, head: str, *arguments: str) -> None:
        self.record = folder / "run.jsonl"
        plan = folder / "stages.json"
        plan.write_bytes(msgspec.json.encode(stages))
        command = [sys.executable, "-m", "locust", "-f", f"{PLUGIN},{file}", "--headless", "--only-summary"]
        command += ["--host", head, "--base", base, "--duel-stages", str(plan), "--run-record", str(self.record)]
        self.process = subprocess.Popen(
            [*command, "-u", "8", "-r", "100", *arguments],
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def finish(self) -> tuple[int, str]:
        """Exit code and output."""
        output, _ = self.process.communicate(timeout=LONGEST_SECONDS)
        return self.process.returncode, output


def stage(name: str, seconds: float, **facts: Any) -> Stage:
    return Stage(name=name, seconds=seconds, **({"rate_from": 0, "rate_to": 0, "judged": True} | facts))


@pytest.fixture(scope="session")
def shops() -> Iterator[tuple[Shop, Shop]]:
    """Base and head, which are equal."""
    running = Shop(), Shop()
    yield running
    for one in running:
        one.process.kill()
        one.process.communicate()


@pytest.fixture
def duel(tmp_path: Path, shops: tuple[Shop, Shop]) -> Iterator[Callable[..., Duel]]:
    """Starts one between the shops; ``file`` is a path, or the text of a file."""
    running: list[Duel] = []

    def start(file: Path | str, stages: list[Stage], *arguments: str) -> Duel:
        if isinstance(file, str):
            path = tmp_path / "theirs.py"
            path.write_text(file)
        else:
            path = file
        base, head = shops
        running.append(Duel(tmp_path, path, stages, base.url, head.url, *arguments))
        return running[-1]

    yield start
    for one in running:
        one.process.kill()
        one.process.communicate()
