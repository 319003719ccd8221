"""Numbers that several processes share: one memory-mapped file of float64 cells for each process.

A folder belongs to one running service; file ``0``, ``1``, … in it is a slot. A slot belongs to the
process that holds its ``flock``, so that the kernel frees it however the process ends. A later process
takes a free slot over and goes on counting where the last one stopped: sums over all slots never fall.

    cell   0            1    2                     3            4 …
           fingerprint  pid  CPU s of former       CPU s of     the caller's cells
                             owners                this owner
"""

from __future__ import annotations

import fcntl
import mmap
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from service.core.processes import cpu_seconds

_FINGERPRINT, _PID, _CPU_BEFORE, _CPU_OWN = range(4)
_HEADER = 4
_CELL_BYTES = 8

Cells: TypeAlias = "memoryview[float]"


class Slot:
    """A process's own cells, writable and visible to all; not for use by more than one thread."""

    def __init__(self, cells: Cells, file: int | None = None, mapping: mmap.mmap | None = None) -> None:
        self.cells = cells
        self._file = file
        self._mapping = mapping

    @classmethod
    def private(cls, size: int) -> Self:
        """``size`` cells that nobody shares."""
        return cls(memoryview(bytearray(size * _CELL_BYTES)).cast("d"))

    @classmethod
    def claim(cls, folder: Path, fingerprint: int, size: int, levels: Iterable[int] = ()) -> Self:
        """The first free slot of ``folder``, or a new one; cells in ``levels`` start at zero, others go on.

        ``fingerprint`` (below 2**53) names the meaning of the cells; another one in the folder is a ValueError.
        """
        for number in count():
            file = os.open(folder / str(number), os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(file)
                continue
            break
        length = (_HEADER + size) * _CELL_BYTES
        fresh = os.fstat(file).st_size == 0
        if fresh:
            os.ftruncate(file, length)
        elif os.fstat(file).st_size != length:
            os.close(file)
            raise ValueError(f"{folder} holds slots of another layout")
        mapping = mmap.mmap(file, length)
        everything = memoryview(mapping).cast("d")
        if not fresh and everything[_FINGERPRINT] != fingerprint:
            raise ValueError(f"{folder} holds slots of another layout")
        everything[_CPU_BEFORE] += everything[_CPU_OWN]
        everything[_CPU_OWN] = 0.0
        everything[_PID] = os.getpid()
        everything[_FINGERPRINT] = fingerprint
        cells = everything[_HEADER:]
        for level in levels:
            cells[level] = 0.0
        return cls(cells, file, mapping)

    def close(self) -> None:
        """Give the slot free; its numbers stay."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


@dataclass(frozen=True, slots=True)
class Reading:
    """What one slot held at one moment."""

    number: int
    pid: int
    alive: bool
    cpu: float
    """CPU seconds of all processes that ever owned the slot; never falls."""
    cells: NDArray[np.float64]


def read_all(folder: Path, fingerprint: int, size: int) -> Iterator[Reading]:
    """All slots of ``folder`` in order of their numbers; notes each living owner's CPU time in its slot."""
    length = (_HEADER + size) * _CELL_BYTES
    for path in sorted(folder.iterdir(), key=lambda path: int(path.name)):
        file = os.open(path, os.O_RDWR)
        try:
            if os.fstat(file).st_size != length:
                continue  # just being made
            with mmap.mmap(file, length) as mapping:
                cells = np.frombuffer(mapping, dtype=np.float64).copy()
                if cells[_FINGERPRINT] != fingerprint:
                    continue
                alive = _is_locked(file)
                pid = int(cells[_PID])
                own = max(cells[_CPU_OWN], cpu_seconds(pid) if alive else 0.0)
                if own > cells[_CPU_OWN]:
                    offset = _CPU_OWN * _CELL_BYTES
                    mapping[offset : offset + _CELL_BYTES] = np.float64(own).tobytes()
        finally:
            os.close(file)
        yield Reading(int(path.name), pid, alive, float(cells[_CPU_BEFORE] + own), cells[_HEADER:])


def _is_locked(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    fcntl.flock(file, fcntl.LOCK_UN)
    return False
