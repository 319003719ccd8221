"""Knows when a process has grown so large that another should take its place."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from service.core.memory_watch import give_back

LOOK_SECONDS = 1.0
LOOKS = 3
"""So many looks one after the other must see it too large: what one analysis takes is soon free again."""
SHORTEST_LIFE = 30.0
"""A younger process is not replaced: another one would be no smaller."""


async def outgrown(limit: int, resident: Callable[[], int], release: Callable[[], None] = give_back) -> int:
    """The bytes that the process takes, once they stay above ``limit`` though what was free was given back."""
    await asyncio.sleep(SHORTEST_LIFE)
    seen = 0
    while True:
        taken = resident()
        if taken > limit:
            release()
            taken = resident()
        seen = seen + 1 if taken > limit else 0
        if seen == LOOKS:
            return taken
        await asyncio.sleep(LOOK_SECONDS)
