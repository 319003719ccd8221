"""Allocation profiles by memray: how many bytes each stack of a piece of work asks for.

Deterministic where the work is: the same calls ask for the same bytes, however busy the machine.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from memray import AllocatorType, FileReader, Tracker

from profiles.stacks import Profile, Stack

_RELEASES = {AllocatorType.FREE, AllocatorType.MUNMAP, AllocatorType.PYMALLOC_FREE}


def capture(work: Callable[[], object]) -> Profile:
    """The bytes that ``work`` allocates while it runs, freed again or not, by Python stack."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "allocations.bin"
        with Tracker(path, trace_python_allocators=True):
            work()
        with FileReader(path) as reader:
            stacks: Counter[Stack] = Counter()
            for record in reader.get_allocation_records():
                if AllocatorType(record.allocator) in _RELEASES:
                    continue
                trace = record.stack_trace()
                if trace:
                    stacks[tuple(f"{name} ({Path(file).name})" for name, file, _ in reversed(trace))] += record.size
    return Profile("bytes", dict(stacks))
