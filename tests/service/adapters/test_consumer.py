"""The consumer: every job comes to its one end, whatever happens to the analysis, the worker or the database."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import ExitStack, asynccontextmanager, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from pgqueuer.errors import PgqException
from pgqueuer.models import HealthCheckEvent
from pgqueuer.qm import QueueManager

from service.adapters.attempts import WORKER_LOST
from service.adapters.consumer import Answer, Terms, consume
from service.adapters.jobs import PostgresJobs
from service.adapters.postgres import Pool
from service.core.errors import DependencyError, InvalidRequestError, QueueFullError
from service.core.ports import Job, JobState

TENANT = "acme"
WORKER = Path(__file__).with_name("job_worker.py")
PATIENCE_SECONDS = 60.0
QUICK = Terms(lease=2.0, deadline=30.0, backoff=0.01, attempts=3)


async def finished(jobs: PostgresJobs, submitted: Sequence[Job]) -> list[Job]:
    """The jobs, once all of them have come to an end."""
    done: list[Job] = []
    async with asyncio.timeout(PATIENCE_SECONDS):
        for job in submitted:
            found = await jobs.find(job.id, TENANT)
            while found is None or found.finished_at is None:
                found = await jobs.find(job.id, TENANT)
            done.append(found)
    return done


@asynccontextmanager
async def consumer(url: str, answer: Answer, terms: Terms = QUICK) -> AsyncIterator[asyncio.Event]:
    """A consumer in this process; what is yielded stops it."""
    stop = asyncio.Event()
    task = asyncio.create_task(consume(url, answer, stop, terms))
    try:
        yield stop
    finally:
        stop.set()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await task


@contextmanager
def worker(url: str, lease: float, attempts: int = 5) -> Iterator[subprocess.Popen[str]]:
    """A consumer in a process of its own."""
    command = [sys.executable, str(WORKER), url, str(lease), str(attempts)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


async def echo(workload: str, request: bytes, tenant: str) -> bytes:
    return request


async def test_fifty_jobs_by_two_workers_are_each_done_once(database: str, pool: Pool, jobs: PostgresJobs) -> None:
    submitted = [await jobs.submit("comments", f"{number}".encode(), TENANT) for number in range(50)]

    with ExitStack() as stack:
        workers = [stack.enter_context(worker(database, lease=30)) for _ in range(2)]
        done = await finished(jobs, submitted)
        for process in workers:
            process.terminate()
        lines = [line for process in workers for line in process.communicate(timeout=PATIENCE_SECONDS)[0].splitlines()]

    assert {(job.state, job.attempts) for job in done} == {(JobState.SUCCEEDED, 1)}
    assert [bytes(job.answer or b"") for job in done] == [f"{number}".encode() for number in range(50)]
    assert Counter(lines) == Counter(f"{TENANT} comments {number}" for number in range(50))
    assert [process.returncode for process in workers] == [0, 0]
    assert await pool.fetchval("SELECT count(*) FROM pgqueuer") == 0


async def test_the_job_of_a_killed_worker_is_taken_again_after_its_lease(database: str, jobs: PostgresJobs) -> None:
    job = await jobs.submit("comments", b'"hang"', TENANT)
    with worker(database, lease=1) as process:
        assert process.stdout is not None
        assert await asyncio.to_thread(process.stdout.readline) == f'{TENANT} comments "hang"\n'
        process.kill()

    async with consumer(database, echo, Terms(lease=1)):
        (done,) = await finished(jobs, [job])

    assert (done.state, done.attempts) == (JobState.SUCCEEDED, 2)


async def test_a_job_that_kills_its_worker_fails_alone(database: str, jobs: PostgresJobs) -> None:
    poison = await jobs.submit("comments", b'"die"', TENANT)
    neighbours = [await jobs.submit("comments", b"1", TENANT) for _ in range(3)]

    for _ in range(2):
        with worker(database, lease=1, attempts=2) as process:
            assert await asyncio.to_thread(process.wait) == -signal.SIGKILL
    with worker(database, lease=1, attempts=2):
        failed, *done = await finished(jobs, [poison, *neighbours])

    assert (failed.state, failed.attempts, failed.error) == (JobState.FAILED, 2, WORKER_LOST)
    assert {(job.state, job.attempts) for job in done} == {(JobState.SUCCEEDED, 1)}


async def test_what_the_analysis_says_decides_the_end_of_a_job(database: str, jobs: PostgresJobs) -> None:
    calls: Counter[bytes] = Counter()

    async def answer(workload: str, request: bytes, tenant: str) -> bytes:
        calls[request] += 1
        match request:
            case b"invalid":
                raise InvalidRequestError("$.comments", "is missing")
            case b"busy" if calls[request] == 1:
                raise QueueFullError("too much waits", retry_after=0.01)
            case b"away" if calls[request] == 1:
                raise DependencyError("redis", "is away")
            case b"broken":
                raise ZeroDivisionError
            case b"endless":
                await asyncio.Event().wait()
        return b'"done"'

    names = (b"invalid", b"broken", b"endless", b"busy", b"away", b"plain")
    submitted = [await jobs.submit("comments", name, TENANT) for name in names]
    terms = Terms(lease=5.0, deadline=0.5, backoff=0.01, attempts=3)
    async with consumer(database, answer, terms):
        done = await finished(jobs, submitted)

    assert {name: (job.state.value, job.attempts, job.error) for name, job in zip(names, done, strict=True)} == {
        b"invalid": ("failed", 1, "is missing - at $.comments"),
        b"broken": ("failed", 3, "the analysis failed unexpectedly (ZeroDivisionError)"),
        b"endless": ("failed", 1, "the analysis took longer than 0.5 seconds"),
        b"busy": ("succeeded", 2, None),
        b"away": ("succeeded", 2, None),
        b"plain": ("succeeded", 1, None),
    }


async def test_the_job_in_hand_is_finished_before_the_worker_stops_and_the_next_is_left(
    database: str, jobs: PostgresJobs
) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def answer(workload: str, request: bytes, tenant: str) -> bytes:
        begun.set()
        await go_on.wait()
        return request

    in_hand, left = await jobs.submit("comments", b"1", TENANT), await jobs.submit("comments", b"2", TENANT)
    async with consumer(database, answer) as stop:
        await begun.wait()
        stop.set()
        go_on.set()

    states = {job.id: (job.state, job.attempts) for job in await finished(jobs, [in_hand])}
    assert states == {in_hand.id: (JobState.SUCCEEDED, 1)}
    assert await jobs.find(left.id, TENANT) == left
    async with consumer(database, echo):
        await finished(jobs, [left])


async def test_the_queue_is_heard_from_the_start(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    first: asyncio.Future[object] = asyncio.get_running_loop().create_future()
    probe = QueueManager.listener_healthy

    async def observed(manager: QueueManager, timeout: timedelta) -> HealthCheckEvent:  # noqa: ASYNC109 - as it is
        try:
            event = await probe(manager, timeout)
        except PgqException as error:
            first.set_exception(error)
            raise
        first.set_result(event)
        return event

    async def answer(workload: str, request: bytes, tenant: str) -> bytes:
        return b"{}"

    monkeypatch.setattr(QueueManager, "listener_healthy", observed)
    async with asyncio.timeout(PATIENCE_SECONDS), consumer(database, answer):
        await first


async def test_a_worker_outlives_its_connections(database: str, pool: Pool, jobs: PostgresJobs) -> None:
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def answer(workload: str, request: bytes, tenant: str) -> bytes:
        begun.set()
        await go_on.wait()
        return request

    before = await jobs.submit("comments", b"1", TENANT)
    async with consumer(database, answer):
        await begun.wait()
        await pool.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND application_name = 'loadstone-worker'"
        )
        go_on.set()
        after = await jobs.submit("comments", b"2", TENANT)
        done = await finished(jobs, [before, after])

    assert {job.state for job in done} == {JobState.SUCCEEDED}


async def test_an_entry_that_names_no_job_blocks_nothing(database: str, pool: Pool, jobs: PostgresJobs) -> None:
    await pool.execute(
        "INSERT INTO pgqueuer (priority, entrypoint, payload, status) "
        "VALUES (0, 'analyse', '\\xff', 'queued'), (0, 'analyse', NULL, 'queued')"
    )
    job = await jobs.submit("comments", b"1", TENANT)

    async with consumer(database, echo):
        (done,) = await finished(jobs, [job])

    assert done.state is JobState.SUCCEEDED
