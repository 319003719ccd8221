"""Servers as child processes on one core, and what the kernel knows of them: CPU time and memory."""

from __future__ import annotations

import ctypes
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import psutil

STOP_SECONDS = 20.0
_LIBRARY = ctypes.CDLL(None, use_errno=True)
_FIELD = re.compile(r"^(Rss|Pss): +(\d+) kB$", re.MULTILINE)


class Memory(msgspec.Struct, frozen=True):
    """What one process holds."""

    resident_bytes: int
    proportional_bytes: int
    """Pages shared with n processes count as one n-th."""


class CpuClock:
    """The CPU time of a process, user and system, of all its threads past and present, in seconds.

    It is the sum behind ``utime`` and ``stime`` of ``/proc/PID/stat``, to the nanosecond in place of the
    hundredth of a second. Source: clock_getcpuclockid(3).
    """

    def __init__(self, pid: int) -> None:
        clock = ctypes.c_int()
        error = _LIBRARY.clock_getcpuclockid(pid, ctypes.byref(clock))
        if error:
            raise OSError(error, os.strerror(error))
        self._clock = clock.value

    def read(self) -> float:
        """Seconds so far."""
        return time.clock_gettime(self._clock)


class Server:
    """One running server."""

    def __init__(self, child: subprocess.Popen[bytes], log: Path) -> None:
        self._child = child
        self.log = log

    @property
    def has_ended(self) -> bool:
        """Whether it is gone."""
        return self._child.poll() is not None

    def busiest(self, work: Callable[[], object]) -> int:
        """The process, of the child and all its descendants, that uses the most CPU time during ``work``."""
        parent = psutil.Process(self._child.pid)
        clocks = {process.pid: CpuClock(process.pid) for process in (parent, *parent.children(recursive=True))}
        before = {pid: clock.read() for pid, clock in clocks.items()}
        work()
        return max(clocks, key=lambda pid: clocks[pid].read() - before[pid])

    def stop(self) -> None:
        """End it and whatever it started."""
        family = psutil.Process(self._child.pid).children(recursive=True) if not self.has_ended else []
        self._child.terminate()
        try:
            self._child.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            for process in family:
                if process.is_running():
                    process.kill()
            self._child.kill()
            self._child.wait()


def memory_of(pid: int) -> Memory:
    """The memory of ``pid`` now (proc(5), ``smaps_rollup``)."""
    found = dict(_FIELD.findall(Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")))
    return Memory(resident_bytes=int(found["Rss"]) * 1024, proportional_bytes=int(found["Pss"]) * 1024)


def cores() -> tuple[int, int]:
    """The core of the servers and the one of the generator; the same where there is only one."""
    first, *others = sorted(os.sched_getaffinity(0))
    return first, others[0] if others else first


@contextmanager
def on_core(core: int) -> Iterator[None]:
    """This thread, and what it starts inside, runs on ``core`` alone."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def serving(
    command: Sequence[str], variables: Mapping[str, str], folder: Path, log: Path, core: int
) -> Iterator[Server]:
    """``command`` in ``folder`` on ``core``, with ``variables`` beside the inherited ones; ``log`` has its output."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("LOADSTONE_")}
    with log.open("wb") as output, on_core(core):
        child = subprocess.Popen(
            list(command),
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            cwd=folder,
            env={**inherited, **variables},
        )
    server = Server(child, log)
    try:
        yield server
    finally:
        server.stop()
