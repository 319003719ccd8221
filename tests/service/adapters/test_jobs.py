"""The job store: a job is kept whole, found by its identifier alone, and finished once by the attempt that owns it."""

from __future__ import annotations

import json
import uuid
from typing import Any

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.adapters import queries
from service.adapters.jobs import Attempt, PostgresJobs, parse_id, time_ordered_id
from service.adapters.postgres import Pool, open_pool
from service.core.errors import DependencyError
from service.core.ports import JobState


async def claimed(jobs: PostgresJobs, identifier: str) -> Attempt:
    attempt = await jobs.claim(uuid.UUID(identifier))
    assert attempt is not None
    return attempt


async def test_a_job_is_found_as_it_was_submitted(pool: Pool) -> None:
    jobs = PostgresJobs(pool)

    job = await jobs.submit("comments", b'{"comments": []}')

    assert job.state is JobState.QUEUED
    assert await jobs.find(job.id) == job
    assert (await claimed(jobs, job.id)).request == b'{"comments": []}'


@pytest.mark.parametrize(
    "identifier",
    ["", "1", "no-such-job", "%00", "' OR true --", str(uuid.uuid4()), str(uuid.uuid4()).upper(), "x" * 36, "0" * 32],
)
async def test_an_identifier_that_is_none_finds_nothing(pool: Pool, identifier: str) -> None:
    assert await PostgresJobs(pool).find(identifier) is None


async def test_who_finds_no_free_connection_in_time_is_told_so(database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.adapters.jobs.CONNECT_SECONDS", 0.01)
    async with await open_pool(database, size=1, application="tests") as pool, pool.acquire():
        for step in (PostgresJobs(pool).submit("comments", b"{}"), PostgresJobs(pool).find(str(uuid.uuid4()))):
            with pytest.raises(DependencyError, match="did not answer in time"):
                await step


async def test_a_pool_that_keeps_no_connection_waits_for_its_server_to_be_needed() -> None:
    async with await open_pool("postgresql://user@127.0.0.1:1/name", size=1, application="tests", kept=0) as pool:
        with pytest.raises(DependencyError, match="Connection refused"):
            await PostgresJobs(pool).submit("comments", b"{}")


async def test_a_job_and_its_entry_in_the_queue_are_kept_together_or_not_at_all(pool: Pool) -> None:
    await pool.execute("ALTER TABLE pgqueuer ADD CONSTRAINT closed CHECK (payload IS NULL)")
    try:
        with pytest.raises(DependencyError):
            await PostgresJobs(pool).submit("comments", b"{}")
    finally:
        await pool.execute("ALTER TABLE pgqueuer DROP CONSTRAINT closed")

    assert await pool.fetchval("SELECT count(*) FROM jobs") == 0


async def test_only_the_attempt_that_owns_the_job_finishes_it_and_only_once(pool: Pool) -> None:
    jobs = PostgresJobs(pool)
    job = await jobs.submit("comments", b"{}")
    outdated = await claimed(jobs, job.id)
    current = await claimed(jobs, job.id)

    assert not await jobs.complete(outdated, b'"late"')
    assert not await jobs.fail(outdated, "late")
    assert not await jobs.postpone(outdated, "late")
    assert await jobs.complete(current, b'"first"')
    assert not await jobs.complete(current, b'"second"')
    assert not await jobs.fail(current, "second")
    assert await jobs.claim(current.id) is None

    found = await jobs.find(job.id)
    assert found is not None
    assert (found.state, found.attempts, found.error) == (JobState.SUCCEEDED, 2, None)
    assert bytes(found.answer or b"") == b'"first"'
    assert found.finished_at is not None
    assert found.finished_at >= found.created_at


async def test_attempts_are_capped_and_the_last_reason_is_kept(pool: Pool) -> None:
    jobs = PostgresJobs(pool, attempts=2)
    job = await jobs.submit("comments", b"{}")

    assert await jobs.postpone(await claimed(jobs, job.id), "first")
    waiting = await jobs.find(job.id)
    assert waiting is not None
    assert (waiting.state, waiting.error) == (JobState.RUNNING, None)

    assert not await jobs.postpone(await claimed(jobs, job.id), "second")
    failed = await jobs.find(job.id)
    assert failed is not None
    assert (failed.state, failed.error) == (JobState.FAILED, "second")


async def test_what_the_queue_has_lost_is_enqueued_again_and_nothing_else_is(pool: Pool) -> None:
    jobs = PostgresJobs(pool)
    held, gone, done, waiting = [await jobs.submit("comments", b"{}") for _ in range(4)]
    await pool.execute("UPDATE pgqueuer SET status = 'failed' WHERE dedupe_key = $1", held.id)
    await pool.execute("DELETE FROM pgqueuer WHERE dedupe_key = ANY($1)", [gone.id, done.id])
    await jobs.complete(await claimed(jobs, done.id), b"{}")

    assert await jobs.recover(older_than=60) == 0
    assert await jobs.recover(older_than=0) == 2
    assert await jobs.recover(older_than=0) == 0

    entries = await pool.fetch("SELECT dedupe_key FROM pgqueuer WHERE status = 'queued'")
    assert sorted(entry["dedupe_key"] for entry in entries) == sorted([held.id, gone.id, waiting.id])


@given(st.text() | st.uuids().map(str) | st.uuids().map(lambda known: known.hex))
def test_an_identifier_is_read_only_in_the_form_it_was_given_out(text: str) -> None:
    known = parse_id(text)
    assert known is None or str(known) == text


@given(st.uuids())
def test_every_identifier_is_read(known: uuid.UUID) -> None:
    assert parse_id(str(known)) == known


@given(st.integers(0, 2**47 * 10**6), st.integers(10**6, 10**12))
def test_identifiers_are_in_the_order_of_time(moment: int, later: int) -> None:
    first, second = time_ordered_id(lambda: moment), time_ordered_id(lambda: moment + later)

    assert first < second
    assert str(first) < str(second)
    assert (first.version, first.variant) == (7, uuid.RFC_4122)


HOT: dict[str, list[object]] = {
    "find_job": [uuid.UUID(int=7)],
    "claim_job": [uuid.UUID(int=7), 5],
    "complete_job": [uuid.UUID(int=7), 1, b"{}"],
    "fail_job": [uuid.UUID(int=7), 1, "reason"],
    "requeue_stranded": [0.0],
}


@pytest.mark.parametrize("name", HOT)
async def test_hot_queries_go_by_an_index(database: str, name: str) -> None:
    connection = await asyncpg.connect(database)
    try:
        await connection.execute(
            "INSERT INTO jobs (id, workload, request, state, answer, finished_at) "
            "SELECT gen_random_uuid(), 'comments', '{}', 'succeeded', '{}', now() FROM generate_series(1, 5000);"
            "INSERT INTO jobs (id, workload, request) SELECT gen_random_uuid(), 'comments', '{}' "
            "FROM generate_series(1, 5);"
            "ANALYZE jobs"
        )
        plan = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {queries.load('jobs.sql')[name]}", *HOT[name])
    finally:
        await connection.close()

    scans = [node for node in nodes(json.loads(plan)[0]["Plan"]) if node.get("Relation Name") == "jobs"]
    assert scans
    assert {node["Node Type"] for node in scans} <= {"Index Scan", "Bitmap Heap Scan", "ModifyTable"}


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", []) for node in nodes(child))]
