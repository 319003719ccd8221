"""Ten times the load that the service can carry: it goes on doing what it can do, and those who wait come first.

The service has one core and one worker, the load has the other core. All figures are compared within one run. What
else happens on the machine can only make them worse, so each comparison may be tried `ATTEMPTS` times.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from tests.faults.comments import fresh
from tests.faults.conftest import State
from tests.faults.stage import Stage
from tests.support.cores import divided, pinned
from tests.support.load import Load
from tests.support.tally import Tally

ATTEMPTS = 3
TIMES = 10
"""The overload: so many times the peak."""
GOODPUT = 0.9
"""Of the peak, at least."""
SLOWER = 2.0
"""Than unloaded, at most: the 99th percentile of what is accepted."""
SERVED = 0.994
"""Of those who wait for their answer, at least, while bulk work floods the service."""
INTERACTIVE = 0.25
"""How much of the peak those ask for."""
CALLERS = (2, 4, 8)
"""With so many callers at once the peak is looked for."""
SECONDS = 4.0
SETTLING = 2.0
"""For the limit to find its place before it is judged."""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    cores, _ = divided()
    with Stage(tmp_path_factory.mktemp("overload"), {"LOADSTONE_WORKERS": "1"}, cores=cores) as opened:
        yield opened


@asynccontextmanager
async def load(stage: Stage) -> AsyncIterator[Load]:
    opened = Load(stage.service.port)
    with pinned(divided()[1]):
        yield opened
    opened.close()


async def closed(stage: Stage, callers: int) -> Tally:
    """What becomes of the requests of so many callers, each with one at a time."""
    async with load(stage) as callers_:
        return await callers_.at_once(fresh(), callers, SECONDS)


async def peak(stage: Stage) -> float:
    """Answers a second, at most."""
    return max([(await closed(stage, callers)).accepted / SECONDS for callers in CALLERS])


async def flood(stage: Stage, rate: float, requests: Iterator[bytes]) -> Tally:
    """What becomes of ``rate`` requests a second, once the service has got used to them."""
    async with load(stage) as callers:
        await callers.at_rate(requests, rate, SETTLING)
        callers.tally = Tally()
        return await callers.at_rate(requests, rate, SECONDS)


async def test_tenfold_overload_costs_neither_goodput_nor_latency(stage: Stage, state: State) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        unloaded, most = await closed(stage, 1), await peak(stage)
        flooded = await flood(stage, TIMES * most, fresh())
        goodput = flooded.accepted / SECONDS / most
        slower = flooded.latency(0.99) / unloaded.latency(0.99)
        state(f"attempt {attempt}, unloaded", unloaded)
        state(f"attempt {attempt}, {TIMES} x {most:.0f}/s", f"{flooded} · goodput {goodput:.2f}, slower {slower:.2f}")
        assert flooded.lost == flooded.failed == 0
        if goodput >= GOODPUT and slower <= SLOWER:
            break
    assert goodput >= GOODPUT
    assert slower <= SLOWER


async def test_bulk_work_waits_for_those_who_wait(stage: Stage, state: State) -> None:
    for attempt in range(1, ATTEMPTS + 1):
        most = await peak(stage)
        people = Load(stage.service.port)
        with pinned(divided()[1]):
            bulk, waiting = await asyncio.gather(
                flood(stage, TIMES * most, fresh(priority="u=6")),
                people.at_rate(fresh(), INTERACTIVE * most, SETTLING + SECONDS),
            )
        people.close()
        served = waiting.accepted / waiting.sent
        state(f"attempt {attempt}, interactive", f"{waiting} · served {served:.1%}")
        state(f"attempt {attempt}, bulk", bulk)
        assert waiting.lost == waiting.failed == bulk.lost == bulk.failed == 0
        assert bulk.refused > bulk.accepted > 0
        if served >= SERVED:
            break
    assert served >= SERVED
