"""Waits and questions: exact, and charged to whoever waits or asks."""

from __future__ import annotations

import asyncio
import selectors
import time
from collections.abc import Callable
from time import sleep

import pytest

from profiles.samplers import waits
from profiles.samplers.waits import Waited
from profiles.stacks import Stack


class Patient(selectors.SelectSelector):
    """Lets a clock go on instead of waiting."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.now += timeout or 0.0
        return []


class StillLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.patient = Patient()
        super().__init__(self.patient)

    def time(self) -> float:
        return self.patient.now


def names(stack: Stack) -> list[str]:
    """The functions of this file, and what comes behind them."""
    told = [frame.partition(" (")[0] for frame in stack if "test_waits" in frame or "(" not in frame]
    return [name.rpartition("<locals>.")[2] for name in told]


def waited(work: Callable[[], object]) -> dict[str, int]:
    found = waits.capture(work).waited
    return {" ".join(names(stack)): cost for stack, cost in found.stacks.items()}


@pytest.fixture
def loop() -> StillLoop:
    return StillLoop()


async def pause(seconds: float) -> None:
    await asyncio.sleep(seconds)


def test_each_coroutine_that_waits_has_its_own_time(loop: StillLoop) -> None:
    async def serve() -> None:
        await pause(0.25)
        await pause(0.5)
        await asyncio.sleep(1)

    found = waits.capture(lambda: loop.run_until_complete(serve())).waited
    own = {names(stack)[-1]: cost for stack, cost in found.stacks.items()}
    loop.close()
    assert own == {"pause": 750_000, "serve": 1_000_000}
    assert all(stack[-1] == "sleep (asyncio/tasks.py)" for stack in found.stacks)


def test_who_waits_for_a_task_waits_for_what_that_waits_for(loop: StillLoop) -> None:
    async def serve() -> None:
        await asyncio.gather(asyncio.create_task(pause(0.002)), pause(0.001))

    costs = waited(lambda: loop.run_until_complete(serve()))
    loop.close()
    assert sum(costs.values()) == 2_000
    assert all(place.endswith("serve pause") for place in costs)


def test_time_of_what_nobody_waits_for_is_not_counted(loop: StillLoop) -> None:
    async def serve() -> None:
        others = asyncio.create_task(pause(60))
        await pause(0.003)
        others.cancel()

    costs = waited(lambda: loop.run_until_complete(serve()))
    loop.close()
    assert sum(costs.values()) == 3_000


def test_a_lock_that_somebody_holds_is_waited_for(loop: StillLoop) -> None:
    async def serve() -> None:
        lock = asyncio.Lock()
        await lock.acquire()
        asyncio.get_running_loop().call_later(0.004, lock.release)
        await lock.acquire()

    [(stack, cost)] = waits.capture(lambda: loop.run_until_complete(serve())).waited.stacks.items()
    loop.close()
    assert (cost, stack[-1]) == (4_000, "Lock.acquire (asyncio/locks.py)")


def test_sleep_is_counted_and_not_slept() -> None:
    def serve() -> None:
        time.sleep(1_000)
        sleep(2_000)

    begun = time.perf_counter()
    costs = waited(serve)
    assert time.perf_counter() - begun < 1_000
    [(place, cost)] = costs.items()
    assert (place.endswith("serve time.sleep"), cost) == (True, 3_000_000_000)
    assert time.sleep is sleep


def test_questions_are_counted_by_who_asks() -> None:
    hearers: waits.Hearers = []
    stand_in: dict[str, Callable[[str], None]] = {}
    code = "def tell(question):\n    for hear in hearers:\n        hear(question)\n"
    exec(compile(code, "stand_in.py", "exec"), {"hearers": hearers}, stand_in)

    def find() -> None:
        stand_in["tell"]("SELECT 1;\n  SELECT 2")

    def serve() -> None:
        find()
        find()

    found: Waited = waits.capture(serve, hearers)
    assert found.queries is not None
    [(stack, count)] = found.queries.stacks.items()
    assert (names(stack)[-3:], count) == (["serve", "find", "SELECT 1, SELECT 2"], 2)
    assert hearers == []
    assert waits.capture(serve).queries is None
