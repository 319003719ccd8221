"""What work costs this process and those that it started."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from threading import Event, Thread
from time import perf_counter
from types import TracebackType

import psutil

_KIBIBYTE = 1024
_BETWEEN_SECONDS = 0.05


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


class Memory:
    """Use it as a context: it looks after the processes that this one starts, and knows how large one of them was."""

    peak_bytes: int = 0
    """The most that one of them has had resident."""

    def __enter__(self) -> Memory:
        self._is_over = Event()
        self._watch = Thread(target=self._look, daemon=True)
        self._watch.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._watch.join()

    def _look(self) -> None:
        while not self._is_over.wait(_BETWEEN_SECONDS):
            self._compare()
        self._compare()

    def _compare(self) -> None:
        peaks = (_peak_bytes(process.pid) for process in psutil.Process().children(recursive=True))
        self.peak_bytes = max(self.peak_bytes, *peaks, 0)


def _peak_bytes(pid: int) -> int:
    """0 for one that has ended."""
    with suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * _KIBIBYTE
    return 0
