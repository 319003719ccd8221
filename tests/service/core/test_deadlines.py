from __future__ import annotations

import asyncio

import pytest

from service.core.deadlines import Deadlines
from tests.service.doubles import FakeClock


class TooSlowError(Exception):
    pass


class Waiter:
    """Waits under a deadline, as whoever uses one does."""

    def __init__(self, deadlines: Deadlines) -> None:
        self.deadlines = deadlines
        self.arrived = asyncio.Event()

    async def wait(self) -> str:
        task: asyncio.Task[object] | None = asyncio.current_task()
        assert task is not None
        self.deadlines.enter(task)
        try:
            await self.arrived.wait()
        except asyncio.CancelledError:
            if self.deadlines.leave(task):
                raise TooSlowError from None
            raise
        finally:
            self.deadlines.leave(task)
        return "arrived"


async def turns(number: int = 3) -> None:
    for _ in range(number):
        await asyncio.sleep(0)


async def test_who_waits_too_long_is_told_and_can_go_on() -> None:
    waiter = Waiter(Deadlines(0.01, asyncio.get_running_loop().time))

    async def patient() -> str:
        try:
            return await waiter.wait()
        except TooSlowError:
            await asyncio.sleep(0)  # a cancellation that was not taken back would strike here
            return "told"

    assert await asyncio.create_task(patient()) == "told"


async def test_nobody_is_struck_before_the_time_and_others_not_at_all() -> None:
    clock = FakeClock()
    deadlines = Deadlines(0.02, clock)
    early, late = Waiter(deadlines), Waiter(deadlines)
    first = asyncio.create_task(early.wait())
    await turns()
    clock.now += 0.015
    second = asyncio.create_task(late.wait())
    await turns()
    clock.now += 0.01  # the first has waited 0.025 now, the second 0.01
    with pytest.raises(TooSlowError):
        await first
    assert not second.done()
    late.arrived.set()
    assert await second == "arrived"


async def test_a_cancellation_by_somebody_else_stays_one() -> None:
    waiter = Waiter(Deadlines(60.0, asyncio.get_running_loop().time))
    task = asyncio.create_task(waiter.wait())
    await turns()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert task.cancelled()


async def test_when_nobody_waits_nothing_is_left_to_do() -> None:
    loop = asyncio.get_running_loop()
    deadlines = Deadlines(0.01, loop.time)
    waiter = Waiter(deadlines)
    waiter.arrived.set()
    assert await waiter.wait() == "arrived"
    later = Waiter(deadlines)
    with pytest.raises(TooSlowError):
        await asyncio.create_task(later.wait())
