"""Where the load comes from: facts of machine and source tree, and the processor time of this process."""

from __future__ import annotations

import platform
import shutil
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

import psutil

from slo.record import MachineFacts

_TREE = Path(__file__).parent
_GIT_SECONDS = 5.0


def facts() -> MachineFacts:
    """The machine that this process runs on."""
    return MachineFacts(
        cpu=_processor(),
        cores=psutil.cpu_count() or 1,
        memory_bytes=psutil.virtual_memory().total,
        kernel=f"{platform.system()} {platform.release()}",
        python=platform.python_version(),
    )


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, "") or platform.processor() or platform.machine()


def commit() -> str:
    """The commit of the tree these load tests lie in, ``+dirty`` behind it when changed; empty outside a tree."""
    revision = _git("rev-parse", "HEAD")
    if not revision:
        return ""
    return f"{revision}+dirty" if _git("status", "--porcelain") else revision


def _git(*arguments: str) -> str:
    git = shutil.which("git")
    if git is None:
        return ""
    try:
        done = subprocess.run(
            [git, "-C", str(_TREE), *arguments], capture_output=True, text=True, timeout=_GIT_SECONDS, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


class Effort(NamedTuple):
    """What a second took."""

    cpu: float
    """Cores that this process had; 1.0 is a whole one."""
    waiting: float
    """The share of the time in which its main thread could have run and had to wait for a core."""
    steal: float
    """The share of the machine's processor time that its host took away."""


class Meter:
    """Processor time between two readings."""

    def __init__(self) -> None:
        self._wall = time.perf_counter()
        self._used = time.process_time()
        self._waited = _waited()
        self._stolen, self._machine = _stolen_and_total()

    def read(self) -> Effort:
        """Since the last reading."""
        wall, used, waited = time.perf_counter(), time.process_time(), _waited()
        stolen, machine = _stolen_and_total()
        passed = max(wall - self._wall, 1e-9)
        effort = Effort(
            cpu=(used - self._used) / passed,
            waiting=(waited - self._waited) / passed,
            steal=(stolen - self._stolen) / max(machine - self._machine, 1),
        )
        self._wall, self._used, self._waited = wall, used, waited
        self._stolen, self._machine = stolen, machine
        return effort


def _waited() -> float:
    """Seconds that the main thread was ready to run without a core; 0 where the kernel does not count them.

    Source: Documentation/scheduler/sched-stats of Linux, ``/proc/PID/schedstat``, the second figure.
    """
    try:
        return int(Path("/proc/self/schedstat").read_bytes().split()[1]) / 1e9
    except (OSError, ValueError, IndexError):
        return 0.0


def _stolen_and_total() -> tuple[int, int]:
    """Ticks since boot, over all processors. Source: proc(5), ``/proc/stat``; guest time lies within user time."""
    try:
        with Path("/proc/stat").open(encoding="ascii") as file:
            fields = [int(field) for field in file.readline().split()[1:9]]
    except (OSError, ValueError):
        return 0, 0
    return (fields[7] if len(fields) > 7 else 0), sum(fields)
