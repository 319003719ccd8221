"""What work costs this process and those that it started."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from types import TracebackType

import psutil

_KIBIBYTE = 1024


class Effort:
    """Use it as a context: afterwards it knows how long the work took, by the clock and by the processor."""

    cpu_seconds: float = 0
    """Of all the processes together."""
    seconds: float = 0

    def __enter__(self) -> Effort:
        self._cpu, self._clock = _cpu_seconds(), perf_counter()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.seconds = perf_counter() - self._clock
        self.cpu_seconds = max(0.0, _cpu_seconds() - self._cpu)


def _cpu_seconds() -> float:
    processes = [psutil.Process(), *psutil.Process().children(recursive=True)]
    return sum(sum(process.cpu_times()[:4]) for process in processes)


def peak_bytes() -> int:
    """The most memory that one of the processes started by this one has had resident."""
    return max((_peak_bytes(process.pid) for process in psutil.Process().children()), default=0)


def _peak_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) * _KIBIBYTE for line in lines if line.startswith("VmHWM"))
