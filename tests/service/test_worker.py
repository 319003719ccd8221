"""The worker process as it is run: takes jobs of the database, answers as the service would, stops when told."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from service.adapters.consumer import Answer
from service.adapters.database import open_database
from service.adapters.embedded import EmbeddedServers
from service.adapters.postgres import PostgresJobs, migrate
from service.core.call import PUBLIC_TENANT
from service.core.errors import ExtraMissingError, InvalidRequestError, UnknownResourceError
from service.core.ports import Job, JobState
from service.settings import Settings
from service.worker import open_answer
from service.workloads import WORKLOADS

PATIENCE_SECONDS = 60.0


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    """Of a service whose database is migrated."""
    with EmbeddedServers(tmp_path_factory.mktemp("servers")) as servers:
        urls = {"DATABASE_URL": servers.start_postgres(), "REDIS_URL": servers.start_valkey()}
        asyncio.run(migrate(urls["DATABASE_URL"]))
        yield Settings.from_environment(urls)


@pytest.fixture(scope="module")
def worker(settings: Settings) -> Iterator[subprocess.Popen[bytes]]:
    environment = {"DATABASE_URL": settings.database_url or "", "REDIS_URL": settings.redis_url or ""}
    with subprocess.Popen([sys.executable, "-m", "service", "worker"], env=os.environ | environment) as process:
        yield process
        process.kill()


async def end_of(job: Job, jobs: PostgresJobs, worker: subprocess.Popen[bytes]) -> Job:
    """The job, once ``worker`` has brought it to an end."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        found = None
        while found is None or found.finished_at is None:
            assert worker.poll() is None
            found = await jobs.find(job.id, PUBLIC_TENANT)
    return found


async def test_jobs_are_answered_as_requests_are(settings: Settings, worker: subprocess.Popen[bytes]) -> None:
    requests = [
        (workload.name, msgspec.json.encode(example))
        for workload in WORKLOADS
        for example in workload.examples.values()
    ]
    async with open_database(settings.database_url or "", size=2, application="tests") as database:
        jobs = PostgresJobs(database)
        submitted = [await jobs.submit(name, request, PUBLIC_TENANT) for name, request in requests]
        done = [await end_of(job, jobs, worker) for job in submitted]

    async with open_answer(settings, WORKLOADS) as answer:
        expected = [await outcome(answer, name, request) for name, request in requests]
    assert [(job.state, bytes(job.answer or b"") or job.error) for job in done] == expected


async def outcome(answer: Answer, workload: str, request: bytes) -> tuple[JobState, bytes | str]:
    """How a job must end; failed where this machine lacks the engine that the request asks for."""
    try:
        return JobState.SUCCEEDED, await answer(workload, request, PUBLIC_TENANT)
    except ExtraMissingError as error:
        return JobState.FAILED, str(error)


async def test_a_job_that_no_version_can_answer_fails_with_its_reason(
    settings: Settings, worker: subprocess.Popen[bytes]
) -> None:
    name = WORKLOADS[0].name
    async with open_database(settings.database_url or "", size=2, application="tests") as database:
        jobs = PostgresJobs(database)
        bad = b'{"no such field": 1}'
        unknown, broken = (
            await jobs.submit("weather", b"{}", PUBLIC_TENANT),
            await jobs.submit(name, bad, PUBLIC_TENANT),
        )
        assert (await end_of(unknown, jobs, worker)).error == "no workload weather"
        reason = (await end_of(broken, jobs, worker)).error
    assert reason is not None
    assert reason.endswith("at $")


def test_the_worker_stops_when_told(worker: subprocess.Popen[bytes]) -> None:
    assert worker.poll() is None
    worker.terminate()
    assert worker.wait(PATIENCE_SECONDS) == 0


async def test_without_redis_the_answers_are_the_same(settings: Settings) -> None:
    workload = WORKLOADS[0]
    request = msgspec.json.encode(next(iter(workload.examples.values())))
    alone = msgspec.structs.replace(settings, redis_url=None)
    async with open_answer(settings, WORKLOADS) as one, open_answer(alone, WORKLOADS) as other:
        assert await one(workload.name, request, "acme") == await other(workload.name, request, "acme")


async def test_what_is_no_request_is_refused(settings: Settings) -> None:
    async with open_answer(settings, WORKLOADS) as answer:
        with pytest.raises(UnknownResourceError, match="no workload weather"):
            await answer("weather", b"{}", PUBLIC_TENANT)
        for request in (b"", b"{", b"\xff", b"[]"):
            with pytest.raises(InvalidRequestError):
                await answer(WORKLOADS[0].name, request, PUBLIC_TENANT)


def test_a_worker_without_a_database_says_so(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    command = [sys.executable, "-m", "service", "worker"]
    ended = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=60)

    assert ended.returncode == 2
    assert "DATABASE_URL is missing" in ended.stderr
    assert "Traceback" not in ended.stderr
