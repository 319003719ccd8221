"""When a process that has grown gives way to another one."""

from __future__ import annotations

from collections.abc import Sequence

from service.campaigns.recycling import LOOKS, SHORTEST_LIFE, outgrown
from tests.service.campaigns.simulation import now, simulated

LIMIT = 1_000


def leaving(sizes: Sequence[int]) -> tuple[int, float, int]:
    """What it takes and when it leaves, with how often it gave back, where each look sees the next of ``sizes``."""
    seen = iter(sizes)
    current = [0]
    released = 0

    def resident() -> int:
        current[0] = next(seen)
        return current[0]

    def release() -> None:
        nonlocal released
        released += 1

    async def watch() -> tuple[int, float]:
        return await outgrown(LIMIT, resident, release), now()

    taken, when = simulated(watch())
    return taken, when, released


def test_it_leaves_when_giving_back_does_not_help() -> None:
    taken, when, released = leaving([2_000] * 100)

    assert (taken, released) == (2_000, LOOKS)
    assert SHORTEST_LIFE <= when <= SHORTEST_LIFE + 10.0


def test_a_moment_above_the_limit_is_nothing() -> None:
    # Each look reads twice: before and after giving back.
    spikes = [2_000, 2_000, 500, 500] * 20
    freed = [2_000, 500] * 20
    taken, when, _ = leaving([*spikes, *freed, *[3_000] * 10])

    assert taken == 3_000
    assert when >= SHORTEST_LIFE + 40.0
