"""The threads in which a process computes: as many as it has cores, so that work waits in line and not for a core."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Final, TypeVar

SWITCH_SECONDS: Final = 0.001
"""While threads compute, each that does so in Python lets the event loop go on after so long. With Python's own 5 ms
the loop waited for these, at the 99th percentile, while two threads analysed. It is not always so: each change of
threads costs, and a request that computes nothing would pay some 8 µs for turns that nobody needs."""

Result = TypeVar("Result")


class ComputePool(ThreadPoolExecutor):
    """``threads`` threads, made when they are first needed; while they compute, all threads take turns sooner."""

    def __init__(self, threads: int) -> None:
        super().__init__(threads, thread_name_prefix="compute")
        self.threads = threads
        self._calm = sys.getswitchinterval()
        self._computing = 0
        self._lock = threading.Lock()

    def submit(self, fn: Callable[..., Result], /, *args: Any, **kwargs: Any) -> Future[Result]:
        """Have ``fn`` called in one of the threads."""
        self._count(1)
        try:
            future = super().submit(fn, *args, **kwargs)
        except RuntimeError:  # shut down
            self._count(-1)
            raise
        future.add_done_callback(lambda _: self._count(-1))
        return future

    def _count(self, change: int) -> None:
        with self._lock:
            before = self._computing
            self._computing += change
            if not before or not self._computing:
                sys.setswitchinterval(min(SWITCH_SECONDS, self._calm) if self._computing else self._calm)


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0))
