"""The job store: a job is kept whole, found by its own tenant alone, and finished once by the attempt that owns it."""

from __future__ import annotations

import json
import uuid
from typing import Any

import asyncpg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.adapters import queries
from service.adapters.attempts import WORKER_ROLE, Attempt, Attempts
from service.adapters.database import Database
from service.adapters.jobs import PostgresJobs, parse_id, time_ordered_id
from service.adapters.postgres import Pool, open_pool
from service.adapters.queries import Query
from service.core.errors import DependencyError
from service.core.ports import JobState

TENANT_ROLE = "loadstone_tenant"
ACME, RIVAL = "acme", "rival"


async def claimed(attempts: Attempts, identifier: str) -> Attempt:
    attempt = await attempts.claim(uuid.UUID(identifier))
    assert attempt is not None
    return attempt


async def test_a_job_is_found_as_it_was_submitted(jobs: PostgresJobs, attempts: Attempts) -> None:
    job = await jobs.submit("comments", b'{"comments": []}', ACME)

    assert job.state is JobState.QUEUED
    assert await jobs.find(job.id, ACME) == job
    attempt = await claimed(attempts, job.id)
    assert (attempt.tenant, attempt.request) == (ACME, b'{"comments": []}')


@pytest.mark.parametrize(
    "identifier",
    ["", "1", "no-such-job", "%00", "' OR true --", str(uuid.uuid4()), str(uuid.uuid4()).upper(), "x" * 36, "0" * 32],
)
async def test_an_identifier_that_is_none_finds_nothing(jobs: PostgresJobs, identifier: str) -> None:
    assert await jobs.find(identifier, ACME) is None


async def test_another_tenants_job_is_not_there(jobs: PostgresJobs, attempts: Attempts) -> None:
    job = await jobs.submit("comments", b"{}", ACME)
    assert await jobs.find(job.id, RIVAL) is None

    await attempts.complete(await claimed(attempts, job.id), b'"secret"')
    assert await jobs.find(job.id, RIVAL) is None
    assert await jobs.find(job.id, ACME) is not None


def query(text: str) -> Query:
    return Query(name="test", description="Of a test.", text=text)


async def test_a_query_without_a_condition_sees_the_tenants_rows_alone(pool: Pool, jobs: PostgresJobs) -> None:
    for tenant in (ACME, ACME, RIVAL):
        await jobs.submit("comments", b"{}", tenant)
    everything = query("SELECT tenant FROM jobs")

    database = Database(pool)
    seen = {}
    for tenant in (ACME, RIVAL, "nobody"):
        async with database.transaction(tenant) as statements:
            seen[tenant] = [row["tenant"] for row in await statements.fetch(everything)]

    assert seen == {ACME: [ACME, ACME], RIVAL: [RIVAL], "nobody": []}


@pytest.mark.parametrize(
    ("statement", "refusal"),
    [
        ("INSERT INTO jobs (id, workload, request, tenant) VALUES (gen_random_uuid(), '', '', 'rival')", "row-level"),
        ("INSERT INTO jobs (id, workload, request) VALUES (gen_random_uuid(), '', '')", "row-level"),
        ("INSERT INTO jobs (id, workload, request, error) VALUES (gen_random_uuid(), '', '', '')", "permission denied"),
        ("UPDATE jobs SET tenant = 'rival'", "permission denied"),
        ("DELETE FROM jobs", "permission denied"),
        ("TRUNCATE jobs", "permission denied"),
        ("SELECT payload FROM pgqueuer", "permission denied"),
        ("SELECT digest FROM api_keys", "permission denied"),
        ("SELECT checksum FROM schema_migrations", "permission denied"),
    ],
)
async def test_a_tenants_transaction_can_do_nothing_else(pool: Pool, statement: str, refusal: str) -> None:
    with pytest.raises(DependencyError, match=refusal):
        async with Database(pool).transaction(ACME) as statements:
            await statements.execute(query(statement))


@pytest.mark.parametrize(
    "statement",
    [
        "INSERT INTO jobs (id, tenant, workload, request) VALUES (gen_random_uuid(), 'acme', 'x', '')",
        "UPDATE jobs SET tenant = 'rival'",
        "DELETE FROM jobs",
        "SELECT digest FROM api_keys",
    ],
)
async def test_a_worker_neither_makes_nor_moves_jobs_nor_sees_keys(worker_database: Database, statement: str) -> None:
    with pytest.raises(DependencyError, match="permission denied"):
        await worker_database.execute(query(statement))


async def test_rights_end_with_the_transaction(database: str, jobs: PostgresJobs) -> None:
    await jobs.submit("comments", b"{}", RIVAL)
    async with await open_pool(database, size=1, application="tests", tidies=False) as pool:
        one = Database(pool)
        async with one.transaction(ACME) as statements:
            assert await statements.fetch_value(query("SELECT current_user")) == TENANT_ROLE
        assert await one.fetch_value(query("SELECT current_user = session_user"))
        assert await one.fetch_value(query("SELECT current_setting('loadstone.tenant', true)")) == ""


async def test_an_owner_who_is_no_superuser_sees_nothing_without_becoming_somebody(database: str) -> None:
    """The rules hold for the owner of the table too, so a query that forgets to become a tenant finds nothing."""
    connection = await asyncpg.connect(database)
    try:
        await connection.execute("INSERT INTO jobs (id, workload, request) VALUES (gen_random_uuid(), 'x', '')")
        owner = await connection.fetchval("SELECT tableowner FROM pg_tables WHERE tablename = 'jobs'")
        await connection.execute("CREATE ROLE plain; ALTER TABLE jobs OWNER TO plain; SET ROLE plain")
        assert await connection.fetchval("SELECT count(*) FROM jobs") == 0
    finally:
        await connection.execute(f"RESET ROLE; ALTER TABLE jobs OWNER TO {owner}; DROP ROLE plain")
        await connection.close()


async def test_a_pool_that_keeps_no_connection_waits_for_its_server_to_be_needed() -> None:
    async with await open_pool("postgresql://user@127.0.0.1:1/name", size=1, application="tests", kept=0) as pool:
        with pytest.raises(DependencyError, match="Connection refused"):
            await PostgresJobs(Database(pool)).submit("comments", b"{}", ACME)


async def test_a_job_and_its_entry_in_the_queue_are_kept_together_or_not_at_all(pool: Pool, jobs: PostgresJobs) -> None:
    await pool.execute("ALTER TABLE pgqueuer ADD CONSTRAINT closed CHECK (payload IS NULL)")
    try:
        with pytest.raises(DependencyError):
            await jobs.submit("comments", b"{}", ACME)
    finally:
        await pool.execute("ALTER TABLE pgqueuer DROP CONSTRAINT closed")

    assert await pool.fetchval("SELECT count(*) FROM jobs") == 0


async def test_only_the_attempt_that_owns_the_job_finishes_it_and_only_once(
    jobs: PostgresJobs, attempts: Attempts
) -> None:
    job = await jobs.submit("comments", b"{}", ACME)
    outdated = await claimed(attempts, job.id)
    current = await claimed(attempts, job.id)

    assert not await attempts.complete(outdated, b'"late"')
    assert not await attempts.fail(outdated, "late")
    assert not await attempts.postpone(outdated, "late")
    assert await attempts.complete(current, b'"first"')
    assert not await attempts.complete(current, b'"second"')
    assert not await attempts.fail(current, "second")
    assert await attempts.claim(current.id) is None

    found = await jobs.find(job.id, ACME)
    assert found is not None
    assert (found.state, found.attempts, found.error) == (JobState.SUCCEEDED, 2, None)
    assert bytes(found.answer or b"") == b'"first"'
    assert found.finished_at is not None
    assert found.finished_at >= found.created_at


async def test_attempts_are_capped_and_the_last_reason_is_kept(jobs: PostgresJobs, worker_database: Database) -> None:
    attempts = Attempts(worker_database, most=2)
    job = await jobs.submit("comments", b"{}", ACME)

    assert await attempts.postpone(await claimed(attempts, job.id), "first")
    waiting = await jobs.find(job.id, ACME)
    assert waiting is not None
    assert (waiting.state, waiting.error) == (JobState.RUNNING, None)

    assert not await attempts.postpone(await claimed(attempts, job.id), "second")
    failed = await jobs.find(job.id, ACME)
    assert failed is not None
    assert (failed.state, failed.error) == (JobState.FAILED, "second")


async def test_what_the_queue_has_lost_is_enqueued_again_and_nothing_else_is(
    pool: Pool, jobs: PostgresJobs, attempts: Attempts
) -> None:
    held, gone, done, waiting = [await jobs.submit("comments", b"{}", tenant) for tenant in (ACME, RIVAL, ACME, ACME)]
    await pool.execute("UPDATE pgqueuer SET status = 'failed' WHERE dedupe_key = $1", held.id)
    await pool.execute("DELETE FROM pgqueuer WHERE dedupe_key = ANY($1)", [gone.id, done.id])
    await attempts.complete(await claimed(attempts, done.id), b"{}")

    assert await attempts.recover(older_than=60) == 0
    assert await attempts.recover(older_than=0) == 2
    assert await attempts.recover(older_than=0) == 0

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


HOT: dict[str, tuple[str, list[object]]] = {
    "find_job": (TENANT_ROLE, [uuid.UUID(int=7)]),
    "claim_job": (WORKER_ROLE, [uuid.UUID(int=7), 5]),
    "complete_job": (WORKER_ROLE, [uuid.UUID(int=7), 1, b"{}"]),
    "fail_job": (WORKER_ROLE, [uuid.UUID(int=7), 1, "reason"]),
    "requeue_stranded": (WORKER_ROLE, [0.0]),
}


@pytest.mark.parametrize("name", HOT)
async def test_hot_queries_go_by_an_index(database: str, name: str) -> None:
    role, arguments = HOT[name]
    connection = await asyncpg.connect(database)
    try:
        await connection.execute(
            "INSERT INTO jobs (id, workload, request, state, answer, finished_at) "
            "SELECT gen_random_uuid(), 'comments', '{}', 'succeeded', '{}', now() FROM generate_series(1, 5000);"
            "INSERT INTO jobs (id, workload, request) SELECT gen_random_uuid(), 'comments', '{}' "
            "FROM generate_series(1, 5);"
            f"ANALYZE jobs; SET ROLE {role}; SET loadstone.tenant = 'public'"
        )
        plan = await connection.fetchval(f"EXPLAIN (FORMAT JSON) {queries.load('jobs.sql')[name].text}", *arguments)
    finally:
        await connection.close()

    scans = [node for node in nodes(json.loads(plan)[0]["Plan"]) if node.get("Relation Name") == "jobs"]
    assert scans
    assert {node["Node Type"] for node in scans} <= {"Index Scan", "Bitmap Heap Scan", "ModifyTable"}


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", []) for node in nodes(child))]
