"""Real workers on batches in a real database: every row has one result, whatever the rows do to the workers."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from service.adapters import restarter
from service.adapters.batches import PostgresBatches
from service.adapters.chunk_consumer import work_off
from service.adapters.database import Database
from service.adapters.postgres import Pool
from service.campaigns.forms import WORKER_LOST
from service.campaigns.stopwatch import Stopwatch
from service.campaigns.terms import CampaignTerms
from service.core.batches import Batch, BatchState, BatchWish, Row, RowResult
from service.core.call import Call
from tests.service.campaigns.stage import batch_workload
from tests.service.sample_workload import Length

TENANT = "acme"
PATIENCE_SECONDS = 100.0
WORKER = [sys.executable, str(Path(__file__).with_name("batch_worker.py"))]
RESTARTED = [sys.executable, "-I", "-S", restarter.__file__, *WORKER]
QUICK = CampaignTerms(lease=2.0, poll=0.2, tidying=0.1, grace=2.0)
_THROUGH = re.compile(r"is through with batch (\S+) here: (\d+) rows")


@pytest.fixture
async def batches(pool: Pool) -> PostgresBatches:
    """The batches as tenants see them; there are none."""
    await pool.execute("TRUNCATE batches, batch_chunks, batch_results, batch_refusals, batch_remains")
    return PostgresBatches(Database(pool))


async def submitted(
    batches: PostgresBatches, texts: Sequence[str], chunk_rows: int, workload: str = "comments", column: str = "text"
) -> str:
    """A batch that is running."""
    wish = BatchWish(workload=workload, name="test")
    batch = await batches.create(wish, TENANT)
    rows = [Row(line, {column: text, "id": f"n{line}"}) for line, text in enumerate(texts, 2)]
    chunks = [rows[begin : begin + chunk_rows] for begin in range(0, len(rows), chunk_rows)]
    await batches.add(batch.id, TENANT, chunks, [])
    assert (await batches.uploaded(batch.id, TENANT, is_whole=True)).state is BatchState.RUNNING
    return batch.id


async def completed(batches: PostgresBatches, identifier: str) -> Batch:
    """The batch, once it is."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            batch = await batches.find(identifier, TENANT)
            assert batch is not None
            if batch.state is BatchState.COMPLETED:
                return batch
            await asyncio.sleep(0.02)


async def results_of(batches: PostgresBatches, identifier: str) -> list[RowResult]:
    portions = batches.results(identifier, TENANT, state=None, error=None, after=0, most=None)
    return [result async for portion in portions for result in portion]


@contextmanager
def worker(url: str, *, command: Sequence[str] = WORKER, **settings: str) -> Iterator[subprocess.Popen[str]]:
    """A worker process on the database alone."""
    variables = {"DATABASE_URL": url, "LOADSTONE_LEASE_SECONDS": "1", **settings}
    inherited = {name: text for name, text in os.environ.items() if name != "REDIS_URL"}
    with subprocess.Popen(command, env=inherited | variables, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def said_by(process: subprocess.Popen[str]) -> list[str]:
    """What it logged, once it has stopped as told."""
    process.terminate()
    _, text = process.communicate(timeout=PATIENCE_SECONDS)
    assert process.returncode == 0
    return [msgspec.json.decode(line)["message"] for line in text.splitlines()]


async def test_two_workers_share_a_batch_and_each_row_is_done_once(database: str, batches: PostgresBatches) -> None:
    texts = [f"comentario {number}: muy buena atención" for number in range(40_000)]
    with worker(database) as first, worker(database) as second:
        for process in (first, second):
            await asyncio.to_thread(wait_until_ready, process)
        identifier = await submitted(batches, texts, 200)
        batch = await completed(batches, identifier)
        through = [_THROUGH.search(line) for process in (first, second) for line in said_by(process)]

    done = [int(match[2]) for match in through if match is not None and match[1] == identifier]
    assert sum(done) == len(texts)
    assert len(done) == 2
    assert min(done) > 0
    assert (batch.succeeded, batch.failed) == (len(texts), 0)
    results = await results_of(batches, identifier)
    assert [(result.line, result.subject, result.id) for result in results] == [
        (line, text, f"n{line}") for line, text in enumerate(texts, 2)
    ]


def wait_until_ready(process: subprocess.Popen[str]) -> None:
    assert process.stderr is not None
    while "the worker is ready" not in (line := process.stderr.readline()):
        assert line


async def test_a_row_that_brings_its_worker_down_fails_alone(database: str, batches: PostgresBatches) -> None:
    texts = [f"comentario {number}" for number in range(20)]
    texts[7] = "die"
    with worker(database, command=RESTARTED) as process:
        identifier = await submitted(batches, texts, 10)
        await completed(batches, identifier)
        said_by(process)

    results = await results_of(batches, identifier)
    assert [result.line for result in results] == list(range(2, 22))
    assert {result.line: (result.error, result.subject) for result in results if result.error} == {
        9: (WORKER_LOST, "die")
    }


async def test_an_analysis_that_never_ends_ends_its_worker(database: str, batches: PostgresBatches) -> None:
    with worker(database, LOADSTONE_ANALYSIS_SECONDS="1") as process:
        await submitted(batches, ["hang"], 1)
        assert await asyncio.to_thread(process.wait, PATIENCE_SECONDS) == restarter.RECYCLED


async def test_a_busy_event_loop_does_not_lose_its_chunks(database: str, batches: PostgresBatches) -> None:
    with worker(database, command=WORKER) as process:
        identifier = await submitted(batches, ["block", "muy bueno"], 2)
        with worker(database, command=WORKER) as other:
            await completed(batches, identifier)
            said_by(process)
            said_by(other)

    assert [result.attempts for result in await results_of(batches, identifier)] == [1, 1]


class Words:
    """Gives the length of words; those that begin with ``wait`` when told to."""

    def __init__(self) -> None:
        self.workload = batch_workload()
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()

    async def each(self, items: Sequence[Any], call: Call) -> Sequence[Any]:
        assert call.tenant == TENANT
        if any(word.startswith("wait") for word in items):
            self.begun.set()
            await self.go_on.wait()
        return [Length(word, len(word)) for word in items]


@asynccontextmanager
async def working(url: str, words: Words, terms: CampaignTerms = QUICK) -> AsyncIterator[asyncio.Event]:
    """A worker in this process; what is yielded stops it."""
    stop = asyncio.Event()
    work = work_off(
        url,
        {"words": words},
        stop,
        turn=asyncio.Semaphore(1),
        stopwatch=Stopwatch(asyncio.get_running_loop().time),
        longest=60.0,
        keep_days=30,
        terms=terms,
    )
    task = asyncio.create_task(work)
    try:
        yield stop
    finally:
        stop.set()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await task


async def test_a_turn_wakes_a_worker_that_would_sleep_for_long(database: str, batches: PostgresBatches) -> None:
    asleep = CampaignTerms(poll=3600.0, tidying=0.1)
    async with working(database, Words(), asleep):
        first = await submitted(batches, ["a", "bb"], 1, "words", "word")
        await completed(batches, first)
        second = await submitted(batches, ["ccc"], 1, "words", "word")
        await completed(batches, second)


async def test_without_turns_a_worker_looks_by_itself(database: str, pool: Pool, batches: PostgresBatches) -> None:
    identifier = await submitted(batches, ["a", "bb"], 1, "words", "word")
    await pool.execute("DELETE FROM pgqueuer")
    async with working(database, Words()):
        await completed(batches, identifier)

    assert [result.result for result in await results_of(batches, identifier)] == [
        b'{"word":"a","length":1}',
        b'{"word":"bb","length":2}',
    ]


async def test_a_stop_gives_others_at_once_what_it_does_not_finish(database: str, batches: PostgresBatches) -> None:
    identifier = await submitted(batches, ["wait", "a"], 1, "words", "word")
    slow = Words()
    async with working(database, slow, CampaignTerms(lease=3600.0, poll=0.2, tidying=0.1, grace=0.5)) as stop:
        await slow.begun.wait()
        stop.set()
    quick = Words()
    quick.go_on.set()
    async with working(database, quick):
        await completed(batches, identifier)

    assert [result.error for result in await results_of(batches, identifier)] == [None, None]


async def test_a_worker_outlives_its_connections(database: str, pool: Pool, batches: PostgresBatches) -> None:
    identifier = await submitted(batches, ["wait", "a", "bb"], 1, "words", "word")
    words = Words()
    async with working(database, words):
        await words.begun.wait()
        await pool.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = 'loadstone-worker'"
        )
        words.go_on.set()
        await completed(batches, identifier)
        later = await submitted(batches, ["ccc"], 1, "words", "word")
        await completed(batches, later)

    assert len(await results_of(batches, identifier)) == 3
