"""Memory for bodies is bounded, and nobody who waits for it is forgotten."""

from __future__ import annotations

import asyncio
from random import Random

from service.adapters.fetching.room import Room
from tests.service.waiting import PATIENCE

MOST = 100


async def test_no_more_is_taken_than_there_is_whatever_becomes_of_those_who_wait() -> None:
    for seed in range(20):
        draw = Random(seed)
        room = Room(MOST)
        alone = 0

        async def use(count: int, turns: int, room: Room = room) -> None:
            nonlocal alone
            await room.take(count)
            alone += count
            try:
                assert room.taken <= MOST or alone == count
                for _ in range(turns):
                    await asyncio.sleep(0)
            finally:
                alone -= count
                room.give(count)

        tasks = [asyncio.create_task(use(draw.randint(1, 120), draw.randint(0, 5))) for _ in range(60)]
        while pending := [task for task in tasks if not task.done()]:
            if draw.random() < 0.3:
                draw.choice(pending).cancel()
            await asyncio.sleep(0)
        results = await asyncio.gather(*tasks, return_exceptions=True)
        assert {type(result) for result in results} <= {type(None), asyncio.CancelledError}
        assert any(result is None for result in results)
        assert (room.taken, len(room._waiting)) == (0, 0)


async def test_who_came_first_has_it_first() -> None:
    room = Room(MOST)
    await room.take(60)
    order = []

    async def use(name: str, count: int) -> None:
        await room.take(count)
        order.append(name)
        room.give(count)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(use("large", 90))
        tasks.create_task(use("small", 10))
        await asyncio.sleep(0)
        assert order == [], "the small one fits, and lets the large one go first"
        room.give(60)
    assert order == ["large", "small"]


async def test_who_no_longer_waits_holds_up_nobody() -> None:
    room = Room(MOST)
    await room.take(60)
    large, small = asyncio.create_task(room.take(90)), asyncio.create_task(room.take(10))
    await asyncio.sleep(0)
    large.cancel()
    await asyncio.wait({large, small}, timeout=PATIENCE)
    assert (large.cancelled(), small.done(), room.taken) == (True, True, 70)


async def test_who_is_alone_gets_more_than_there_is() -> None:
    room = Room(MOST)
    async with asyncio.timeout(PATIENCE):
        await room.take(2 * MOST)
    assert room.taken == 2 * MOST
