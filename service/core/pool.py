"""The threads in which a process computes: as many as it may have cores, and modest beside the event loop."""

from __future__ import annotations

import os
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Final

MODESTY: Final = 5
"""Steps of niceness of the threads (setpriority(2), which on Linux is a thread's own). The event loop does little at a
time and must do it soon; with equal rights it would wait for its turn behind work that nobody waits for as closely."""


class ComputePool(ThreadPoolExecutor):
    """``threads`` threads, made when they are first needed."""

    def __init__(self, threads: int) -> None:
        super().__init__(threads, thread_name_prefix="compute", initializer=_be_modest)
        self.threads = threads


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0))


def _be_modest() -> None:
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), os.getpriority(os.PRIO_PROCESS, 0) + MODESTY)
