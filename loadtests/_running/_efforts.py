"""What processes of others use: CPU time and memory of whole trees of them, second by second.

CPU time comes from each process's own clock, in nanoseconds and with the threads that have ended; ``/proc/PID/stat``
counts in hundredths of a second, and so would see nothing of a change by a few percent. Descendants are found by their
parents: each second only the stat files of processes that were not there before are read.

Source: Linux, ``include/linux/posix-timers_types.h`` (``CPUCLOCK_SCHED``, also clock_getcpuclockid(3)); proc(5).
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from slo.record import Effort

Side = Literal["base", "head"]

_SCHEDULED = 2
"""The kernel's mark for a clock of time on a core."""
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")
_NO_PARENT = 0


class NoSuchProcessError(Exception):
    """A process cannot be measured; the message says which and why."""


class Usage(NamedTuple):
    """What a tree of processes has used and holds."""

    cpu_seconds: float
    """Since each of them started, with those that have ended."""
    resident_bytes: int
    """Summed; a page that two of them share counts twice."""
    processes: int


class Table:
    """Who is whose child, of all processes of the machine. Looking again costs little."""

    def __init__(self) -> None:
        self._parents: dict[int, int] = {}

    def look(self) -> None:
        """Read the parents of processes that came since the last look, and forget those that went."""
        there = {int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()}
        known = self._parents
        for gone in known.keys() - there:
            del known[gone]
        for come in there - known.keys():
            known[come] = _parent(come)

    def below(self, roots: set[int]) -> set[int]:
        """``roots`` and all their descendants, as they were when they came."""
        children: dict[int, list[int]] = {}
        for child, parent in self._parents.items():
            children.setdefault(parent, []).append(child)
        found: set[int] = set()
        waiting = [root for root in roots if root in self._parents]
        while waiting:
            process = waiting.pop()
            if process not in found:
                found.add(process)
                waiting.extend(children.get(process, ()))
        return found


class Tree:
    """The processes from ``root`` down. Raises `NoSuchProcessError` when it cannot be measured.

    A process belongs to the tree from when it is first seen, also after its parent has ended. What it used between its
    last reading and its end is not known; one that ends keeps what it had used until then.
    """

    def __init__(self, root: int, table: Table) -> None:
        self._table = table
        self._used: dict[int, float] = {}
        self._ended = 0.0
        if _cpu_seconds(root) is None:
            raise NoSuchProcessError(f"there is no process {root} whose CPU time could be read")
        self._members = {root}

    def read(self) -> Usage:
        """What it has used by now, after the table's latest look."""
        self._members = self._table.below(self._members)
        resident = 0
        used: dict[int, float] = {}
        for process in self._members:
            seconds = _cpu_seconds(process)
            # A clock that runs backwards is that of another process, which was given the number.
            if seconds is not None and seconds >= self._used.get(process, 0.0):
                used[process] = seconds
                resident += _resident_bytes(process)
        self._ended += sum(seconds for process, seconds in self._used.items() if process not in used)
        self._used = used
        self._members = set(used)
        return Usage(self._ended + sum(used.values()), resident, len(used))


class Meter:
    """Trees of processes by their names, such as the sides of a duel, read together."""

    def __init__(self, roots: Mapping[str, int]) -> None:
        self._table = Table()
        self._trees = {name: Tree(root, self._table) for name, root in roots.items()}

    def read(self) -> dict[str, Usage]:
        """What each tree has used since its processes started; a difference of two readings is what a while took."""
        self._table.look()
        return {name: tree.read() for name, tree in self._trees.items()}


class Efforts:
    """Lines of the run record, a second at a time. Processes are known by ``roots``: a side to its first process."""

    def __init__(self, roots: Mapping[Side, int]) -> None:
        self.sides = tuple(roots)
        self._meter = Meter({str(side): root for side, root in roots.items()})
        self._before = self._meter.read()

    def begin(self) -> None:
        """Second 0 begins now."""
        self._before = self._meter.read()

    def end(self, second: int) -> list[Effort]:
        """``second`` ends now, and the next one begins."""
        now, before = self._meter.read(), self._before
        self._before = now
        return [
            Effort(
                second=second,
                side=side,
                cpu=round(max(now[side].cpu_seconds - before[side].cpu_seconds, 0.0), 9),
                resident_bytes=now[side].resident_bytes,
            )
            for side in self.sides
        ]


def _cpu_seconds(process: int) -> float | None:
    """CPU time of ``process``, user and system, all threads; None when there is no such process, or no such clock."""
    try:
        return time.clock_gettime((~process << 3) | _SCHEDULED)
    except OSError:
        return None


def _resident_bytes(process: int) -> int:
    try:
        return int(_read(f"/proc/{process}/statm").split()[1]) * _PAGE_BYTES
    except (OSError, IndexError, ValueError):
        return 0


def _parent(process: int) -> int:
    """The fourth field, counted from behind the name, which may hold anything."""
    try:
        return int(_read(f"/proc/{process}/stat").rpartition(b")")[2].split()[1])
    except (OSError, IndexError, ValueError):
        return _NO_PARENT


def _read(path: str) -> bytes:
    """At once and unbuffered: half of the price of a file object."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return os.read(descriptor, 4096)
    finally:
        os.close(descriptor)
