"""Knows of analyses that never end: nothing can stop them but the end of their process."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Sequence
from typing import Any

from service.core.workload import AnyWorkload


class Stopwatch:
    """Times the analyses of one process, each in its thread; ``clock`` gives seconds that only rise."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._running: dict[int, tuple[float, str]] = {}
        """When each thread's analysis began, and of which workload."""
        self._spent: dict[int, float] = {}
        """Seconds of analyses that have ended, by thread; each writes its own."""

    def watched(self, workload: AnyWorkload) -> AnyWorkload:
        """``workload`` with its analyses timed."""
        analyse, name = workload.analyse, workload.name

        def timed(lane: str, items: Sequence[Any]) -> Sequence[Any]:
            thread = threading.get_ident()
            began = self._clock()
            self._running[thread] = began, name
            try:
                return analyse(lane, items)
            finally:
                del self._running[thread]
                self._spent[thread] = self._spent.get(thread, 0.0) + self._clock() - began

        return dataclasses.replace(workload, analyse=timed)

    def longest(self) -> tuple[float, str] | None:
        """Seconds that the oldest analysis takes so far, and of which workload; may be asked from any thread."""
        began = min(list(self._running.values()), default=None)
        return None if began is None else (self._clock() - began[0], began[1])

    def spent(self) -> tuple[float, float]:
        """Seconds that analyses took in all threads, and in the thread that asks."""
        return sum(list(self._spent.values())), self._spent.get(threading.get_ident(), 0.0)
