"""Turns at an origin: how many run, who is first, and who is remembered."""

from __future__ import annotations

import asyncio
import time

import pytest

from service.adapters.fetching.bounds import Manners
from service.adapters.fetching.origins import Origin, Origins
from service.core.call import Priority
from service.core.errors import AnalysisError
from tests.service.waiting import PATIENCE, comes_true

BULK, INTERACTIVE = Priority.BULK, Priority.INTERACTIVE


def origins(most: int = 100, *, concurrency: int = 2, rate: float = 1e6) -> Origins:
    manners = Manners(concurrency=concurrency, rate=rate)
    return Origins(manners, clock=time.monotonic, draw=lambda: 0.0, most=most)


def origin(concurrency: int = 2) -> Origin:
    return origins(concurrency=concurrency).of("a:80", is_own=True)


async def test_no_more_run_than_may_and_all_come_to_their_turn() -> None:
    place = origin(concurrency=3)
    running: list[int] = []
    most = 0

    async def work(number: int) -> None:
        nonlocal most
        async with place.turn(BULK, PATIENCE):
            running.append(number)
            most = max(most, place.state().running)
            await asyncio.sleep(0)

    await asyncio.gather(*map(work, range(50)))
    assert (running, most) == (list(range(50)), 3)
    assert place.is_idle


async def test_who_is_waited_for_comes_first() -> None:
    place = origin(concurrency=1)
    order: list[str] = []

    async def work(name: str, priority: Priority) -> None:
        async with place.turn(priority, PATIENCE):
            order.append(name)

    async with asyncio.TaskGroup() as tasks, place.turn(BULK, PATIENCE):
        for number in range(3):
            tasks.create_task(work(f"bulk {number}", BULK))
        tasks.create_task(work("interactive", INTERACTIVE))
        await comes_true(lambda: place.state().waiting == 4)
    assert order == ["interactive", "bulk 0", "bulk 1", "bulk 2"]


async def test_requests_are_spread_over_time_as_the_rate_says() -> None:
    place = origins(rate=100.0, concurrency=100).of("a:80", is_own=True)
    starts: list[float] = []

    async def work() -> None:
        async with place.turn(BULK, PATIENCE):
            starts.append(time.monotonic())

    await asyncio.gather(*(work() for _ in range(40)))
    assert starts[-1] - starts[0] >= (40 - 2) / 100 - 0.05


async def test_a_turn_that_does_not_come_in_time_is_given_up() -> None:
    place = origin(concurrency=1)
    async with place.turn(BULK, PATIENCE):
        with pytest.raises(AnalysisError) as refusal:
            async with place.turn(BULK, 0.01):
                raise AssertionError("there was no turn")
    assert (refusal.value.kind, refusal.value.may_pass) == ("busy", True)
    assert place.is_idle


async def test_who_is_cancelled_leaves_the_line_and_gives_back_a_turn() -> None:
    place = origin(concurrency=1)
    holding = asyncio.create_task(_hold(place))
    await comes_true(lambda: place.state().running == 1)
    waiting = [asyncio.create_task(_hold(place)) for _ in range(3)]
    await comes_true(lambda: place.state().waiting == 3)

    waiting[0].cancel()
    holding.cancel()  # its turn goes to the second in the same moment, as the first has not noticed yet
    await comes_true(lambda: (place.state().running, place.state().waiting) == (1, 1))
    for task in waiting:
        task.cancel()
    await asyncio.gather(holding, *waiting, return_exceptions=True)
    assert place.is_idle


async def test_a_turn_that_comes_as_its_taker_is_cancelled_is_not_lost() -> None:
    place = origin(concurrency=1)
    async with place.turn(BULK, PATIENCE):
        waiting = asyncio.create_task(_hold(place))
        await comes_true(lambda: place.state().waiting == 1)
    waiting.cancel()  # it has the turn already, and has not noticed yet
    assert place.state().running == 1
    await asyncio.gather(waiting, return_exceptions=True)
    assert place.is_idle


async def test_a_pause_holds_everybody() -> None:
    place = origin()
    began = time.monotonic()
    place.pause(0.05)
    async with place.turn(INTERACTIVE, PATIENCE), place.turn(BULK, PATIENCE):
        assert time.monotonic() - began >= 0.05


async def test_who_cannot_wait_for_the_end_of_a_pause_is_turned_away_at_once() -> None:
    place = origin()
    place.pause(20.0)
    with pytest.raises(AnalysisError, match="left alone") as refusal:
        async with place.turn(INTERACTIVE, 2.0):
            raise AssertionError("there was no turn")
    assert refusal.value.kind == "busy"
    assert place.state().waiting == 0


async def test_the_origin_that_was_not_asked_for_longest_is_forgotten_first() -> None:
    known = origins(most=3)
    first = known.of("a:80", is_own=False)
    for name in ("b:80", "c:80"):
        known.of(name, is_own=False)
    async with first.turn(BULK, PATIENCE):
        known.of("d:80", is_own=False)
        assert {state.name for state in known.states()} == {"a:80", "c:80", "d:80"}, "a is being asked"
    assert len(known) == 3
    assert known.of("a:80", is_own=False) is first


async def _hold(place: Origin) -> None:
    async with place.turn(BULK, PATIENCE):
        await asyncio.Event().wait()
