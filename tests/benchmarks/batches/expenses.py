"""CPU time by what it was spent on, read from the kernel while a campaign runs: nothing is measured inside of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from heapq import nlargest

import msgspec
import psutil


class ReplacedError(Exception):
    """A process ended while it was measured, so that what it spent cannot be told apart."""


class Expenses(msgspec.Struct, frozen=True, kw_only=True):
    """CPU seconds, of the user and the kernel."""

    analysis: float
    """The threads of the workers that compute."""
    loop: float
    """All else in the workers: fetching, claims, cache, results, leases."""
    postgres: float
    valkey: float
    service: float
    origin: float

    @property
    def total(self) -> float:
        """All of it."""
        return self.analysis + self.loop + self.postgres + self.valkey + self.service + self.origin

    def __sub__(self, before: Expenses) -> Expenses:
        left = msgspec.structs.asdict(before)
        return Expenses(**{name: value - left[name] for name, value in msgspec.structs.asdict(self).items()})


class Meter:
    """Reads the expenses of ``parts`` (``postgres``, ``valkey``, ``service``, ``origin``) and of ``workers``.

    Each is a process with all that it starts. A worker computes in ``threads`` threads: those are the busiest of its
    threads beside the first one, which is the event loop's.
    """

    def __init__(self, parts: Mapping[str, psutil.Process], workers: Sequence[psutil.Process], threads: int) -> None:
        self._parts = parts
        self._workers = workers
        self._threads = threads
        self._seen: set[psutil.Process] = set()

    def read(self) -> Expenses:
        """Since the processes began; `ReplacedError` when others work than the last time."""
        try:
            seen = {process for worker in self._workers for process in family(worker)}
            if self._seen and seen != self._seen:
                raise ReplacedError("a worker was replaced while it was measured")
            self._seen = seen
            analysis = sum(_computed(process, self._threads) for process in seen)
            loop = sum(map(spent, self._workers)) - analysis
            others = {part: spent(process) for part, process in self._parts.items()}
        except psutil.NoSuchProcess as error:
            raise ReplacedError(f"a process ended while it was measured: {error}") from error
        return Expenses(analysis=analysis, loop=loop, **others)


def family(process: psutil.Process) -> list[psutil.Process]:
    """``process`` and all that descends from it."""
    return [process, *process.children(recursive=True)]


def spent(process: psutil.Process) -> float:
    """CPU seconds of ``process`` and all that it started, also what has ended since."""
    return sum(sum(_times(each)) for each in family(process))


def _times(process: psutil.Process) -> tuple[float, ...]:
    try:
        times = process.cpu_times()
    except psutil.NoSuchProcess:  # its parent has what it spent
        return ()
    return times.user, times.system, times.children_user, times.children_system


def _computed(process: psutil.Process, threads: int) -> float:
    """CPU seconds of the busiest ``threads`` threads of ``process`` beside its first one."""
    times = [each.user_time + each.system_time for each in process.threads() if each.id != process.pid]
    return sum(nlargest(threads, times))
