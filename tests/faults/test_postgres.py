"""PostgreSQL may start anew, die, lose its connections or hang: analyses go on, jobs say when to come back.

A job that was accepted is answered, whatever happened since.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import asyncpg
import pytest

from tests.faults.comments import fresh
from tests.faults.conftest import State
from tests.faults.ground import wait_until
from tests.faults.jobs import AWAY, JobBook
from tests.faults.stage import WAITED, Stage
from tests.support.load import Traffic

ANALYSES_A_SECOND = 5
JOBS_A_SECOND = 5
TERMINATE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname IS NOT NULL AND pid <> pg_backend_pid()"
)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A service, and a worker that answers its jobs."""
    with Stage(tmp_path_factory.mktemp("postgres")) as opened, opened.with_worker():
        yield opened


def restart(stage: Stage) -> None:
    stage.ground.postgres.stop()
    stage.ground.postgres.start()


def terminate_backends(stage: Stage) -> None:
    async def terminate() -> None:
        connection = await asyncpg.connect(stage.ground.database_url)
        assert await connection.fetch(TERMINATE), "there were connections to terminate"
        await connection.close()

    asyncio.run(terminate())


def nothing(stage: Stage) -> None:
    """What is needed after a fault that is over at once."""


@dataclass(frozen=True)
class Fault:
    """How a fault begins and ends, and how many jobs must have been turned away in between."""

    begin: Callable[[Stage], None]
    end: Callable[[Stage], None]
    refusals: int


FAULTS = {
    "restarted": Fault(restart, nothing, 0),
    "killed": Fault(lambda stage: stage.ground.postgres.kill(), lambda stage: stage.ground.postgres.start(), 10),
    "connections terminated": Fault(terminate_backends, nothing, 0),
    "hanging": Fault(lambda stage: stage.ground.postgres.hang(), lambda stage: stage.ground.postgres.go_on(), 5),
}


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_analyses_go_on_and_no_accepted_job_is_lost(stage: Stage, fault: Fault, state: State) -> None:
    book, port = JobBook(), stage.service.port
    as_job = fresh(quality="fast", prefer="respond-async")
    with Traffic(port, fresh(), ANALYSES_A_SECOND) as analyses, Traffic(port, as_job, JOBS_A_SECOND, book.note) as jobs:
        jobs.wait_until(lambda tally: tally.ended >= 5)
        unhurried = analyses.phase("during")
        during = jobs.phase("during")
        fault.begin(stage)
        jobs.wait_until(lambda tally: tally.refused >= fault.refusals)
        analyses.wait_until(lambda tally: tally.ended >= 5)
        fault.end(stage)
        wait_until(stage.service.is_ready, "the service has found its database again")
        analyses.phase("after")
        after = jobs.phase("after")
        jobs.wait_until(lambda tally: tally.ended >= 10)

    state("analyses", analyses)
    state("jobs", jobs)
    assert analyses.whole.accepted == analyses.whole.sent, "no analysis was lost, refused or failed"
    assert unhurried.latency(0.5) < analyses.phases["before"].latency(0.5) + WAITED, "not everybody waits"
    assert jobs.whole.accepted + jobs.whole.refused == jobs.whole.sent, "no job was lost or failed without a word"
    assert book.problems <= {AWAY}
    assert during.refused >= fault.refusals
    assert after.accepted == after.sent
    assert jobs.whole.accepted == len(book.places)
    book.wait_until_answered(stage.service.url)
