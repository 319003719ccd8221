"""Allocation profiles by memray: how many bytes each stack of a piece of work asks for.

Deterministic where the work is: the same calls ask for the same bytes, however busy the machine.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from collections.abc import Callable
from itertools import starmap
from pathlib import Path
from typing import NamedTuple

from memray import AllocatorType, FileReader, Tracker

from profiles.frames import qualified
from profiles.stacks import Profile, Stack

_RELEASES = {AllocatorType.FREE, AllocatorType.MUNMAP, AllocatorType.PYMALLOC_FREE}


class Allocated(NamedTuple):
    """What a piece of work asked for, freed again or not."""

    bytes: Profile
    allocations: Profile
    """How often it asked."""


def capture(work: Callable[[], object]) -> Allocated:
    """The memory that ``work`` asks for while it runs, by Python stack."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "allocations.bin"
        with Tracker(path, trace_python_allocators=True):
            work()
        size: Counter[Stack] = Counter()
        number: Counter[Stack] = Counter()
        with FileReader(path) as reader:
            for record in reader.get_allocation_records():
                if AllocatorType(record.allocator) in _RELEASES:
                    continue
                if trace := record.stack_trace():
                    stack = tuple(starmap(qualified, reversed(trace)))
                    size[stack] += record.size
                    number[stack] += record.n_allocations
    return Allocated(Profile("bytes", dict(size)), Profile("allocations", dict(number)))
