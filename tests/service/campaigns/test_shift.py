"""Campaigns under a simulated clock: whatever happens to workers and database, each row has exactly one result."""

from __future__ import annotations

import asyncio
from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.campaigns.forms import WORKER_LOST
from service.campaigns.width import RUNGS, START
from service.core.batches import RowState
from tests.service.campaigns.simulation import now, simulated
from tests.service.campaigns.stage import TERMS, MemoryChunks, Worker

LONG = 5_000.0
WORDS = [f"word-{number}" for number in range(60)]

events = st.lists(
    st.tuples(
        st.floats(0.0, 30.0),
        st.integers(0, 1),
        st.sampled_from(["crash", "stop", "freeze", "away"]),
        st.floats(0.1, 25.0),
    ),
    max_size=8,
)


async def finish(store: MemoryChunks) -> float:
    """When every chunk is done."""
    async with asyncio.timeout(LONG):
        while True:
            if store.is_complete:
                return now()
            await asyncio.sleep(0.05)


async def leave(*workers: Worker) -> None:
    await asyncio.gather(*(worker.leave() for worker in workers))


async def befall(event: tuple[float, int, str, float], store: MemoryChunks, workers: list[Worker]) -> None:
    at, which, what, seconds = event
    await asyncio.sleep(at)
    worker = workers[which]
    if what == "crash":
        worker.crash()
    elif what == "stop":
        task = worker.task
        worker.stop.set()
        await asyncio.wait({task})
        if worker.task is task:
            worker.start()
    elif what == "freeze":
        worker.wire.frozen = now() + seconds
    else:
        store.away = now() + seconds


@settings(max_examples=60, deadline=None)
@given(events=events, seed=st.integers(0, 2**32), loss=st.sampled_from([0.0, 0.1]))
def test_nothing_is_lost_and_nothing_is_twice_whatever_happens(events: Any, seed: int, loss: float) -> None:
    async def campaign() -> MemoryChunks:
        store = MemoryChunks([*WORDS, "bad", "?"])
        workers = [Worker(store, Random(seed + name), loss=loss) for name in range(2)]
        await asyncio.gather(*(befall(event, store, workers) for event in events))
        await finish(store)
        await leave(*workers)
        return store

    store = simulated(campaign())  # which asserts that no line has two results

    assert sorted(store.results) == list(range(2, 64))
    poisoned = {row.line for record in store.records for row in record.poisoned}
    expected = {62: "damaged", 63: "invalid"} | dict.fromkeys(poisoned, WORKER_LOST)
    assert {line: result.error for line, result in store.results.items() if result.error} == expected


def test_rows_that_end_their_worker_fail_alone() -> None:
    async def campaign() -> tuple[MemoryChunks, int]:
        words = list(WORDS)
        words[7] = words[9] = words[33] = "die"
        store = MemoryChunks(words)
        worker = Worker(store, Random(1))
        await finish(store)
        await leave(worker)
        return store, worker.lives

    store, lives = simulated(campaign())

    failed = {line: (result.error, result.subject, result.id) for line, result in store.results.items() if result.error}
    assert failed == {line: (WORKER_LOST, "die", f"n{line}") for line in (9, 11, 35)}
    assert len(store.results) == len(WORDS)
    assert lives <= 1 + 2 * 2 + 3 * 3  # twice for each chunk to be suspected, three times for each row to be found out


def test_what_a_killed_worker_had_is_done_soon_after_its_lease() -> None:
    async def campaign() -> float:
        store = MemoryChunks(WORDS)
        workers = [Worker(store, Random(name), seconds=5.0) for name in range(2)]
        await asyncio.sleep(3.0)
        assert any(record.state == "running" for record in store.records)
        workers[0].crash()
        workers[1].crash()
        await finish(store)
        await leave(*workers)
        return store.longest_over

    assert 0.0 < simulated(campaign()) <= 1.0


def test_a_row_that_is_suspected_is_done_with_nothing_beside_it() -> None:
    beside = []

    async def campaign() -> None:
        store = MemoryChunks([*WORDS[:20], "die", "die", *WORDS * 4], chunk_rows=2)
        worker = Worker(store, Random(1), hands=4, seconds=1.0)
        store.suspected = lambda: beside.append(worker.line.inside)
        await finish(store)
        await leave(worker)

    simulated(campaign())

    assert len(beside) >= 6
    assert set(beside) == {0}


def test_what_was_lost_is_let_go() -> None:
    async def campaign() -> tuple[int, int, int]:
        store = MemoryChunks(WORDS * 4, chunk_rows=100)
        frozen = Worker(store, Random(1), hands=2, seconds=1.0)
        await asyncio.sleep(2.0)
        frozen.wire.frozen = now() + 3 * TERMS.lease
        await asyncio.sleep(2 * TERMS.lease)
        other = Worker(store, Random(2), hands=1000, seconds=0.01)
        await finish(store)
        begun = len(frozen.line.begun)
        await asyncio.sleep(3 * TERMS.lease)
        after = len(frozen.line.begun)
        left = len(frozen.hand)
        await leave(frozen, other)
        return begun, after, left

    begun, after, left = simulated(campaign())

    assert after - begun <= RUNGS[START]  # those that were on their way
    assert left == 0


def test_a_stop_gives_back_what_is_not_begun_at_once_and_finishes_the_rest() -> None:
    async def campaign() -> tuple[MemoryChunks, list[int], float]:
        store = MemoryChunks(WORDS, chunk_rows=4)
        worker = Worker(store, Random(1), seconds=0.5, hands=2)
        await asyncio.sleep(5.0)
        running, before = [], now()
        worker.stop.set()
        for _ in range(2):
            running.append(sum(record.state == "running" for record in store.records))
            await asyncio.sleep(0.1)
        await worker.leave()
        return store, running, now() - before

    store, (before, soon), seconds = simulated(campaign())
    states = Counter(record.state for record in store.records)

    assert before - 1 > soon > 0  # one may have been finished meanwhile
    assert set(states) == {"pending", "done"}
    assert seconds <= TERMS.grace + 0.5
    assert all(record.losses == 0 for record in store.records)
    assert len(store.results) == 4 * states["done"]


def test_what_is_claimed_while_the_stop_comes_is_not_begun() -> None:
    async def campaign() -> tuple[set[str], list[str]]:
        store = MemoryChunks(WORDS)
        worker = Worker(store, Random(1))
        await asyncio.sleep(0.001)
        assert store.claims == 0
        await worker.leave()
        assert store.claims == 1
        return {record.state for record in store.records}, worker.line.begun

    assert simulated(campaign()) == ({"pending"}, [])


def test_a_stop_does_not_wait_for_what_takes_forever() -> None:
    async def campaign() -> tuple[float, set[str]]:
        store = MemoryChunks(WORDS)
        worker = Worker(store, Random(1), seconds=1e6)
        await asyncio.sleep(1.0)
        assert {record.state for record in store.records} == {"pending", "running"}
        before = now()
        await worker.leave()
        return now() - before, {record.state for record in store.records}

    seconds, states = simulated(campaign())

    assert seconds <= TERMS.grace + 1.0
    assert states == {"pending"}


def test_no_room_is_waited_for_and_fails_no_row() -> None:
    async def campaign() -> MemoryChunks:
        store = MemoryChunks(WORDS)
        worker = Worker(store, Random(1), places=3, hands=1)
        await finish(store)
        await leave(worker)
        return store

    assert {result.state for result in simulated(campaign()).results.values()} == {RowState.SUCCEEDED}


def test_a_claim_is_some_seconds_of_work() -> None:
    async def campaign() -> list[int]:
        store = MemoryChunks([f"{number}" for number in range(20_000)], chunk_rows=10)
        worker = Worker(store, Random(1), seconds=0.1, hands=10)  # a hundred rows a second
        taken = []
        for _ in range(40):
            await asyncio.sleep(1.0)
            taken.append(sum(10 for record in store.records if record.state == "running"))
        await leave(worker)
        return taken[20:]

    taken = simulated(campaign())

    seconds = [rows / 100 for rows in taken]
    assert TERMS.claim / 4 <= min(seconds)
    assert max(seconds) <= TERMS.claim * 2


def test_what_turns_out_to_be_too_much_is_given_back() -> None:
    async def campaign() -> tuple[int, int]:
        store = MemoryChunks([f"{number}" for number in range(20_000)], chunk_rows=100)
        worker = Worker(store, Random(1), seconds=0.001, hands=10)
        await asyncio.sleep(1.0)
        before = sum(record.state == "running" for record in store.records)
        worker.line.seconds = 10.0
        await asyncio.sleep(60.0)
        after = sum(record.state == "running" for record in store.records)
        await leave(worker)
        return before, after

    before, after = simulated(campaign())

    assert before > 3 >= after


def test_a_workload_that_nobody_knows_fails_its_rows() -> None:
    async def campaign() -> MemoryChunks:
        store = MemoryChunks(WORDS, workload="weather")
        worker = Worker(store, Random(1))
        await finish(store)
        await leave(worker)
        return store

    results = simulated(campaign()).results.values()
    assert {(result.error, result.reason) for result in results} == {("invalid", "no workload weather has batches")}
    assert {result.subject for result in results} == set(WORDS)


@pytest.mark.parametrize(("seconds", "losses"), [(2.0, 0), (100.0, 1)])
def test_a_database_that_is_away_is_waited_for(seconds: float, losses: int) -> None:
    async def campaign() -> tuple[MemoryChunks, float]:
        store = MemoryChunks(WORDS, chunk_rows=30)
        worker = Worker(store, Random(1), hands=1, seconds=1.0)
        await asyncio.sleep(2.0)
        store.away = now() + seconds
        ended = await finish(store)
        await leave(worker)
        return store, ended

    store, ended = simulated(campaign())

    assert {result.state for result in store.results.values()} == {RowState.SUCCEEDED}
    assert max(record.losses for record in store.records) == losses
    assert ended <= seconds + 2 * len(WORDS) + 3 * TERMS.lease
