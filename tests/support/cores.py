"""Which processor cores a process may use: the service has the first one, who loads it has the others."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


def divided() -> tuple[set[int], set[int]]:
    """The cores of the service and those of its load; on a machine with a single one both are the same."""
    cores = sorted(os.sched_getaffinity(0))
    return set(cores[:1]), set(cores[1:] or cores)


@contextmanager
def pinned(cores: set[int]) -> Iterator[None]:
    """Within the block this thread, and every process and thread that it starts, runs on ``cores`` alone."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
