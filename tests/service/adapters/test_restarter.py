"""The parent of a worker: starts it again when it ends by itself, and never otherwise."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from service.adapters import restarter

PATIENCE_SECONDS = 60.0

WORKER = """
import os, signal, sys, time
lives = sys.argv[1]
with open(lives, "a") as file: file.write(f"{os.getpid()}\\n")
life = len(open(lives).read().split())
what = (sys.argv[2:] + ["0"] * life)[life - 1]
if what == "wait":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    print("ready", flush=True)
    while True: time.sleep(60)
if what.startswith("-"): os.kill(os.getpid(), -int(what))
sys.exit(int(what))
"""


@contextmanager
def running(lives: Path, *ends: str) -> Iterator[subprocess.Popen[str]]:
    """A parent whose workers end like this, one after the other."""
    worker = [sys.executable, "-I", "-S", "-c", WORKER, str(lives), *ends]
    command = [sys.executable, "-I", "-S", restarter.__file__, *worker]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def count(lives: Path) -> int:
    return len(lives.read_text().split())


@pytest.mark.parametrize(
    ("ends", "code", "born"),
    [(["75", "75", "0"], 0, 3), (["2"], 2, 1), (["-9", "-11", "0"], 0, 3), (["1", "75", "-9", "0"], 0, 4)],
)
def test_what_ends_by_itself_is_started_again(tmp_path: Path, ends: list[str], code: int, born: int) -> None:
    with running(tmp_path / "lives", *ends) as process:
        _, said = process.communicate(timeout=PATIENCE_SECONDS)

    assert (process.returncode, count(tmp_path / "lives")) == (code, born)
    assert said.count("another one is started") == sum(end not in ("0", "2", "75") for end in ends)


def test_a_worker_is_told_how_those_before_it_ended(tmp_path: Path) -> None:
    told = tmp_path / "told"
    worker = f"""
import os, sys
with open({str(told)!r}, "a") as file: file.write(" ".join(sys.argv[1:]) + ";")
ends = [75, -9, 75, 0]
end = ends[sum(map(int, sys.argv[1:]))]
if end < 0: os.kill(os.getpid(), -end)
sys.exit(end)
"""
    counts = [restarter.RECYCLED_SO_FAR, restarter.LOST_SO_FAR]
    command = [sys.executable, "-I", "-S", restarter.__file__, sys.executable, "-I", "-S", "-c", worker, *counts]
    assert subprocess.run(command, capture_output=True, timeout=PATIENCE_SECONDS).returncode == 0
    assert told.read_text() == "0 0;1 0;1 1;2 1;"


def test_what_fails_at_once_again_and_again_is_given_up(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(restarter, "FIRST_PAUSE", 0.001)
    handlers = [(number, signal.getsignal(number)) for number in (signal.SIGTERM, signal.SIGINT)]
    try:
        code = restarter.Restarter([sys.executable, "-I", "-S", "-c", "raise SystemExit(3)"]).run()
    finally:
        for number, handler in handlers:
            signal.signal(number, handler)

    assert code == 3
    assert capfd.readouterr().err.count("with code 3") == restarter.QUICK_FAILURES - 1


def test_a_stop_is_passed_on_and_ends_it(tmp_path: Path) -> None:
    with running(tmp_path / "lives", "75", "wait") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.terminate()
        assert process.wait(PATIENCE_SECONDS) == 0

    assert count(tmp_path / "lives") == 2


def test_a_worker_does_not_outlive_its_parent(tmp_path: Path) -> None:
    with running(tmp_path / "lives", "wait") as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        child = os.pidfd_open(int((tmp_path / "lives").read_text()))
        process.kill()
        assert select.select([child], [], [], PATIENCE_SECONDS)[0]  # readable once it has ended
        os.close(child)
