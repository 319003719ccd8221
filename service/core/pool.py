"""The threads in which a process computes: as many as it has cores, so that work waits in line and not for a core."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Final

SWITCH_SECONDS: Final = 0.001
"""After so long a thread that computes in Python lets the event loop go on, which wants the interpreter for a moment
at a time. Python's own 5 ms are what the loop then waited for, at the 99th percentile, while two threads analysed."""


class ComputePool(ThreadPoolExecutor):
    """``threads`` threads, made when they are first needed. Makes all threads of the process take turns sooner."""

    def __init__(self, threads: int) -> None:
        super().__init__(threads, thread_name_prefix="compute")
        self.threads = threads
        sys.setswitchinterval(min(SWITCH_SECONDS, sys.getswitchinterval()))


def cores() -> int:
    """The cores that this process may use."""
    return len(os.sched_getaffinity(0))
