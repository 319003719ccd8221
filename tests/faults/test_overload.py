"""Ten times the load that the service can carry: it goes on doing what it can do, and those who wait come first.

The service has one core and one worker, the load has the other core. Everything is compared within one run: rounds of
little load, of as much as can be answered, and of ten times that follow one another, and the last `JUDGED` of them are
judged together. What else happens on the machine can only make the figures worse, so a run that falls short goes on,
for `ROUNDS` rounds at most.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from itertools import repeat

import pytest

from tests.faults.comments import fresh
from tests.faults.conftest import State
from tests.faults.stage import Stage
from tests.support.cores import divided, pinned
from tests.support.http import get
from tests.support.load import Load
from tests.support.tally import Tally

TIMES = 10
"""The overload: so many times the peak."""
GOODPUT = 0.9
"""Of the peak, at least."""
SLOWER = 2.0
"""Than unloaded, at most: the 99th percentile of what is accepted."""
SERVED = 0.98
"""Of those who wait for their answer, at least, while bulk work floods the service."""
INTERACTIVE = 0.25
"""How much of the peak those ask for."""
ALIVE_SECONDS = 0.05
"""Within so long the service says that it is alive, whatever it has to do."""
HEARTBEATS = 50.0
"""Times a second that it is asked."""
CALLERS = (2, 4)
"""With so many callers, each with one request at a time, the peak is looked for; with more, most are refused."""
SECONDS = 2.0
SETTLING = 1.0
"""Before each measurement, for the service to get used to its load."""
JUDGED = 2
ROUNDS = 18


@dataclass(frozen=True)
class Round:
    """What became of the requests of one round."""

    unloaded: Tally
    busy: Sequence[Tally]
    """With each number of `CALLERS`."""
    flooded: Tally
    alive: Tally
    """Of ``/health/live``, asked while the flood goes on."""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    cores, _ = divided()
    with Stage(tmp_path_factory.mktemp("overload"), {"LOADSTONE_WORKERS": "1"}, cores=cores) as opened:
        yield opened


@pytest.fixture
async def load(stage: Stage) -> AsyncIterator[Load]:
    async with Load(stage.service.port) as opened:
        with pinned(divided()[1]):
            yield opened


async def callers(load: Load, count: int) -> Tally:
    """What becomes of the requests of so many callers at once."""
    load.tally = Tally()
    await load.at_once(fresh(), count, SETTLING / 2)
    load.tally = Tally()
    return await load.at_once(fresh(), count, SECONDS)


async def busy(load: Load) -> list[Tally]:
    """What becomes of the requests of each number of `CALLERS`."""
    return [await callers(load, count) for count in CALLERS]


async def flood(load: Load, rate: float, **headers: str) -> Tally:
    """What becomes of ``rate`` requests a second."""
    load.tally = Tally()
    await load.at_rate(fresh(1, "good", **headers), rate, SETTLING)
    load.tally = Tally()
    return await load.at_rate(fresh(1, "good", **headers), rate, SECONDS)


def rate_of(tallies: Sequence[Tally]) -> float:
    """Accepted requests a second."""
    return Tally.sum(tallies).accepted / (SECONDS * len(tallies))


def peak_of(rounds: Sequence[Sequence[Tally]]) -> float:
    """Accepted requests a second with that number of callers with which they were most."""
    return max(map(rate_of, zip(*rounds, strict=True)))


async def heartbeat(port: int) -> Tally:
    """What becomes of those who ask whether the service is alive, once its flood has settled."""
    await asyncio.sleep(SETTLING)
    async with Load(port) as load:
        return await load.at_rate(repeat(get("/health/live")), HEARTBEATS, SECONDS)


@pytest.mark.timeout(400)
async def test_tenfold_overload_costs_neither_goodput_nor_latency(stage: Stage, load: Load, state: State) -> None:
    rounds: list[Round] = []
    goodput, slower = 0.0, float("inf")
    while len(rounds) < ROUNDS and (goodput < GOODPUT or slower > SLOWER):
        unloaded, crowds = await callers(load, 1), await busy(load)
        flooded, alive = await asyncio.gather(flood(load, TIMES * peak_of([crowds])), heartbeat(stage.service.port))
        rounds.append(Round(unloaded, crowds, flooded, alive))
        if len(rounds) >= JUDGED:
            judged = rounds[-JUDGED:]
            goodput = rate_of([each.flooded for each in judged]) / peak_of([each.busy for each in judged])
            unloaded, flooded = Tally.sum(each.unloaded for each in judged), Tally.sum(each.flooded for each in judged)
            slower = flooded.latency(0.99) / unloaded.latency(0.99)

    state("unloaded", Tally.sum(each.unloaded for each in rounds))
    state("busy", Tally.sum(tally for each in rounds for tally in each.busy))
    state(f"{TIMES} times the peak", Tally.sum(each.flooded for each in rounds))
    alive = Tally.sum(each.alive for each in judged)
    state("/health/live meanwhile", alive)
    state(
        "judged", f"{len(rounds)} rounds · goodput {goodput:.2f} of the peak · p99 {slower:.2f} times the unloaded one"
    )
    for each in rounds:
        assert each.flooded.lost == each.flooded.failed == 0
        assert each.flooded.refused > each.flooded.accepted
    assert alive.accepted == alive.sent
    assert alive.latency(0.9) <= ALIVE_SECONDS
    assert goodput >= GOODPUT
    assert slower <= SLOWER


async def test_bulk_work_gives_way_to_those_who_wait(stage: Stage, load: Load, state: State) -> None:
    waiting, bulk, peaks = Tally(), Tally(), list[float]()
    async with Load(stage.service.port) as people:
        for _ in range(JUDGED):
            peaks.append(peak_of([await busy(load)]))
            people.tally = Tally()
            asked = people.at_rate(fresh(), INTERACTIVE * peaks[-1], SETTLING + SECONDS)
            flooded, _ = await asyncio.gather(flood(load, TIMES * peaks[-1], priority="u=6"), asked)
            waiting, bulk = Tally.sum((waiting, people.tally)), Tally.sum((bulk, flooded))

    state("interactive", waiting)
    state("bulk", bulk)
    assert waiting.lost == waiting.failed == bulk.lost == bulk.failed == 0
    assert bulk.refused > bulk.accepted > 0, "what is refused is told when to come back"
    assert waiting.accepted >= SERVED * waiting.sent
