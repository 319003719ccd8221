"""Batches and their chunks in a real PostgreSQL: what may follow what, nothing twice, nothing of another tenant's."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import asyncpg
import msgspec
import pytest

from service.adapters.batches import MOST_REFUSALS, PostgresBatches
from service.adapters.chunks import (
    LOST_BEFORE_POISON,
    LOST_BEFORE_SUSPICION,
    MOST_LOSSES,
    SILENT_UPLOAD,
    PostgresChunks,
)
from service.adapters.database import Database
from service.adapters.partitions import sweep_remains
from service.adapters.postgres import Pool
from service.core.batches import (
    Batch,
    BatchState,
    BatchWish,
    Chunk,
    NotInStateError,
    Refusal,
    Row,
    RowResult,
    RowState,
)
from service.core.errors import UnknownResourceError

TENANT, OTHER = "acme", "bolt"
WISH = BatchWish(workload="comments", name="survey")
LEASE = 30.0


@pytest.fixture
def batches(pool: Pool) -> PostgresBatches:
    return PostgresBatches(Database(pool))


@pytest.fixture
def chunks(worker_database: Database) -> PostgresChunks:
    return PostgresChunks(worker_database)


async def _statement(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def rows(first: int, number: int) -> list[Row]:
    return [Row(line, {"text": f"comment {line}", "id": f"c-{line}"}) for line in range(first, first + number)]


def results(chunk: Chunk, failed: Sequence[int] = ()) -> list[RowResult]:
    return [
        RowResult(line=row.line, state=RowState.FAILED, subject="s", error="http-404", reason="gone")
        if row.line in failed
        else RowResult(line=row.line, state=RowState.SUCCEEDED, subject="s", id="x", result=b"{}")
        for row in chunk.rows
    ]


async def uploaded(batches: PostgresBatches, sizes: Sequence[int], tenant: str = TENANT, **wish: object) -> Batch:
    batch = await batches.create(msgspec.structs.replace(WISH, **wish), tenant)
    first = 2
    for size in sizes:
        await batches.add(batch.id, tenant, [rows(first, size)], [])
        first += size
    return await batches.uploaded(batch.id, tenant, is_whole=True)


async def claimed(chunks: PostgresChunks, most: int = 1_000) -> list[Chunk]:
    return list(await chunks.claim("worker:1", LEASE, most))


async def lose_leases(database: str) -> None:
    await _statement(database, "UPDATE batch_chunks SET lease_until = now() - interval '1 s' WHERE state = 'running'")


async def collected(batches: PostgresBatches, batch: Batch, tenant: str = TENANT, **filters: object) -> list[RowResult]:
    chosen: dict[str, object] = {"state": None, "error": None, "after": 0, "most": None, **filters}
    return [each async for portion in batches.results(batch.id, tenant, **chosen) for each in portion]  # type: ignore[arg-type]


async def test_rows_come_back_as_they_were_sent_in_chunks_under_a_lease(
    batches: PostgresBatches, chunks: PostgresChunks
) -> None:
    batch = await uploaded(batches, [3, 3, 2])
    assert (batch.state, batch.items, batch.chunks, batch.done) == (BatchState.RUNNING, 8, 3, 0)
    first, second = await claimed(chunks, most=6)
    assert [*first.rows, *second.rows] == rows(2, 6)
    assert (first.batch, first.number, first.attempt, first.tenant) == (batch.id, 0, 1, TENANT)
    (third,) = await claimed(chunks)
    assert await claimed(chunks) == []
    for chunk in (third, first, second):
        assert await chunks.complete(chunk, results(chunk, failed=[3]))
    assert (await chunks.tidy() or 1) > 0
    found = await batches.find(batch.id, TENANT)
    assert found is not None
    assert (found.state, found.succeeded, found.failed, found.done_chunks) == (BatchState.COMPLETED, 7, 1, 3)
    assert [each.line for each in await collected(batches, batch)] == list(range(2, 10))
    assert [each.line for each in await collected(batches, batch, state=RowState.FAILED)] == [3]
    assert [each.line for each in await collected(batches, batch, error="http-404")] == [3]
    assert await collected(batches, batch, error="dns") == []
    assert [each.line for each in await collected(batches, batch, state=RowState.SUCCEEDED, after=3, most=2)] == [4, 5]
    assert await batches.errors(batch.id, TENANT) == {"http-404": 1}


async def test_two_workers_never_take_the_same_chunk(batches: PostgresBatches, chunks: PostgresChunks) -> None:
    await uploaded(batches, [1] * 40)
    taken = [
        chunk.number
        for part in await asyncio.gather(*(chunks.claim("w", LEASE, 7) for _ in range(8)))
        for chunk in part
    ]
    assert len(taken) == len(set(taken)) >= 30


async def test_an_attempt_that_lost_its_lease_completes_nothing(
    batches: PostgresBatches, chunks: PostgresChunks, database: str
) -> None:
    batch = await uploaded(batches, [2])
    (late,) = await claimed(chunks)
    assert await chunks.extend([late], LEASE) == [late]
    await lose_leases(database)
    await chunks.tidy()
    assert await chunks.extend([late], LEASE) == []
    (again,) = await claimed(chunks)
    assert (again.attempt, again.rows) == (2, late.rows)
    assert not await chunks.complete(late, results(late, failed=[2, 3]))
    await chunks.give_back([late])
    assert not await chunks.suspect(late, 2)
    assert await chunks.complete(again, results(again))
    assert not await chunks.complete(again, results(again))
    assert [each.state for each in await collected(batches, batch)] == [RowState.SUCCEEDED] * 2


async def test_results_and_completion_are_one(batches: PostgresBatches, chunks: PostgresChunks, database: str) -> None:
    await uploaded(batches, [2])
    (chunk,) = await claimed(chunks)
    (good, bad) = results(chunk)
    twice = msgspec.structs.replace(bad, line=good.line)
    with pytest.raises(Exception, match="duplicate key"):
        await chunks.complete(chunk, [good, twice])
    assert await chunks.extend([chunk], LEASE) == [chunk]
    assert await chunks.complete(chunk, [good, bad])


async def test_what_is_given_back_is_taken_by_the_next(batches: PostgresBatches, chunks: PostgresChunks) -> None:
    await uploaded(batches, [2])
    for attempt in range(1, LOST_BEFORE_SUSPICION + 2):
        (chunk,) = await claimed(chunks)
        assert (chunk.attempt, chunk.is_suspicious) == (attempt, False)
        await chunks.give_back([chunk])


async def test_a_row_that_ends_its_workers_is_found_and_left_out(
    batches: PostgresBatches, chunks: PostgresChunks, database: str
) -> None:
    await uploaded(batches, [4])
    for _ in range(LOST_BEFORE_SUSPICION):
        (chunk,) = await claimed(chunks)
        assert not chunk.is_suspicious
        await chunks.begin([chunk])
        await lose_leases(database)
        await chunks.tidy()
    for _ in range(LOST_BEFORE_POISON):
        (chunk,) = await claimed(chunks)
        assert chunk.is_suspicious
        assert chunk.poisoned == ()
        assert await chunks.suspect(chunk, 4)
        await lose_leases(database)
        await chunks.tidy()
    (chunk,) = await claimed(chunks)
    assert [row.line for row in chunk.poisoned] == [4]
    assert [row.line for row in chunk.rows] == [2, 3, 5]
    assert chunk.is_suspicious


async def test_a_chunk_that_was_not_begun_is_not_to_blame(
    batches: PostgresBatches, chunks: PostgresChunks, database: str
) -> None:
    await uploaded(batches, [1, 1, 1])
    for _ in range(LOST_BEFORE_SUSPICION):
        taken = await claimed(chunks)
        await chunks.begin(taken[2:])
        await lose_leases(database)
        await chunks.tidy()
    harmless, doubtful = await claimed(chunks), await claimed(chunks)
    assert [(chunk.number, chunk.is_suspicious) for chunk in harmless] == [(0, False), (1, False)]
    assert [(chunk.number, chunk.is_suspicious) for chunk in doubtful] == [(2, True)]


async def test_the_suspected_row_comes_first(batches: PostgresBatches, chunks: PostgresChunks, database: str) -> None:
    await uploaded(batches, [3])
    (chunk,) = await claimed(chunks)
    assert await chunks.suspect(chunk, 3)
    await lose_leases(database)
    await chunks.tidy()
    (again,) = await claimed(chunks)
    assert [row.line for row in again.rows] == [3, 2, 4]


async def test_a_chunk_that_loses_every_worker_ends(
    batches: PostgresBatches, chunks: PostgresChunks, database: str
) -> None:
    await uploaded(batches, [2])
    for _ in range(MOST_LOSSES):
        (chunk,) = await claimed(chunks)
        assert len(chunk.rows) == 2
        await chunks.begin([chunk])
        await lose_leases(database)
        await chunks.tidy()
    (chunk,) = await claimed(chunks)
    assert (chunk.rows, [row.line for row in chunk.poisoned]) == ((), [2, 3])


async def test_the_tenant_with_the_least_in_hand_is_next_then_the_priority(
    batches: PostgresBatches, chunks: PostgresChunks
) -> None:
    large = await uploaded(batches, [5, 5, 5])
    urgent = await uploaded(batches, [5, 5], priority=5)
    small = await uploaded(batches, [1, 1], tenant=OTHER)
    order = [(await claimed(chunks, most=1))[0].batch for _ in range(7)]
    assert order == [urgent.id, small.id, small.id, urgent.id, large.id, large.id, large.id]


async def test_a_pause_ends_claims_and_a_resume_goes_on(batches: PostgresBatches, chunks: PostgresChunks) -> None:
    batch = await uploaded(batches, [1, 1])
    (chunk,) = await claimed(chunks, most=1)
    paused = await batches.pause(batch.id, TENANT)
    assert paused is not None
    assert paused.state is BatchState.PAUSED
    assert await claimed(chunks) == []
    assert await chunks.complete(chunk, results(chunk))
    await chunks.tidy()
    resumed = await batches.resume(batch.id, TENANT)
    assert resumed is not None
    assert (resumed.state, resumed.done) == (BatchState.RUNNING, 1)
    assert len(await claimed(chunks)) == 1


async def test_a_cancelled_batch_keeps_what_was_in_hand(batches: PostgresBatches, chunks: PostgresChunks) -> None:
    batch = await uploaded(batches, [1, 1, 1])
    (chunk,) = await claimed(chunks, most=1)
    cancelled = await batches.cancel(batch.id, TENANT)
    assert cancelled is not None
    assert cancelled.finished_at is not None
    assert await claimed(chunks) == []
    assert await chunks.complete(chunk, results(chunk))
    await chunks.tidy()
    found = await batches.find(batch.id, TENANT)
    assert found is not None
    assert (found.state, found.done) == (BatchState.CANCELLED, 1)


async def test_failed_rows_are_done_again_and_replaced(batches: PostgresBatches, chunks: PostgresChunks) -> None:
    batch = await uploaded(batches, [3, 2])
    for chunk in await claimed(chunks):
        assert await chunks.complete(chunk, results(chunk, failed=[3, 4]))
    await chunks.tidy()
    again = await batches.retry(batch.id, TENANT)
    assert again is not None
    assert (again.state, again.succeeded, again.failed, again.finished_at) == (BatchState.RUNNING, 3, 0, None)
    (chunk,) = await claimed(chunks)
    assert [row.line for row in chunk.rows] == [3, 4]
    assert len(await collected(batches, batch)) == 5
    assert await chunks.complete(chunk, results(chunk, failed=[4]))
    await chunks.tidy()
    found = await batches.find(batch.id, TENANT)
    assert found is not None
    assert (found.state, found.succeeded, found.failed) == (BatchState.COMPLETED, 4, 1)
    assert [each.line for each in await collected(batches, batch) if each.state is RowState.FAILED] == [4]


async def test_a_retry_without_failed_rows_changes_nothing(batches: PostgresBatches, chunks: PostgresChunks) -> None:
    batch = await uploaded(batches, [1])
    (chunk,) = await claimed(chunks)
    await chunks.complete(chunk, results(chunk))
    await chunks.tidy()
    again = await batches.retry(batch.id, TENANT)
    assert again is not None
    assert again.state is BatchState.COMPLETED


async def test_an_upload_that_broke_off_keeps_its_rows_and_can_be_started(
    batches: PostgresBatches, chunks: PostgresChunks
) -> None:
    batch = await batches.create(WISH, TENANT)
    await batches.add(batch.id, TENANT, [rows(2, 2)], [Refusal(4, "no URL")])
    broken = await batches.uploaded(batch.id, TENANT, is_whole=False)
    assert (broken.state, broken.items, broken.refused) == (BatchState.INTERRUPTED, 2, 1)
    assert await batches.refusals(batch.id, TENANT) == [Refusal(4, "no URL")]
    with pytest.raises(UnknownResourceError):
        await batches.add(batch.id, TENANT, [rows(5, 1)], [])
    started = await batches.start(batch.id, TENANT)
    assert started is not None
    assert started.state is BatchState.RUNNING
    assert len(await claimed(chunks)) == 1


async def test_refused_lines_are_all_counted_and_the_first_kept(batches: PostgresBatches) -> None:
    batch = await batches.create(WISH, TENANT)
    for first in range(0, 2 * MOST_REFUSALS, 700):
        await batches.add(batch.id, TENANT, [], [Refusal(line, "bad") for line in range(first, first + 700)])
    found = await batches.find(batch.id, TENANT)
    assert found is not None
    assert found.refused == 2_100
    kept = await batches.refusals(batch.id, TENANT)
    assert [line for line, _ in kept] == list(range(MOST_REFUSALS))


async def test_what_a_state_does_not_allow_is_refused(batches: PostgresBatches) -> None:
    batch = await uploaded(batches, [1], auto_start=False)
    assert batch.state is BatchState.READY
    for wish in (batches.pause, batches.resume, batches.retry):
        with pytest.raises(NotInStateError):
            await wish(batch.id, TENANT)
    await batches.start(batch.id, TENANT)
    with pytest.raises(NotInStateError):
        await batches.delete(batch.id, TENANT)


async def test_a_deleted_batch_is_gone_and_its_results_are_swept(
    batches: PostgresBatches, chunks: PostgresChunks, worker_database: Database
) -> None:
    batch = await uploaded(batches, [3])
    (chunk,) = await claimed(chunks)
    await chunks.complete(chunk, results(chunk))
    await chunks.tidy()
    assert await batches.delete(batch.id, TENANT)
    assert not await batches.delete(batch.id, TENANT)
    assert await batches.find(batch.id, TENANT) is None
    assert await collected(batches, batch) == []
    assert [await sweep_remains(worker_database, most=2) for _ in range(3)] == [2, 1, 0]


async def test_nobody_sees_or_moves_another_tenants_batch(batches: PostgresBatches) -> None:
    batch = await uploaded(batches, [1])
    assert await batches.find(batch.id, OTHER) is None
    assert await batches.page(OTHER, before=None, most=10, state=None) == []
    assert await collected(batches, batch, tenant=OTHER) == []
    assert await batches.errors(batch.id, OTHER) == {}
    for wish in (batches.start, batches.pause, batches.cancel, batches.retry):
        assert await wish(batch.id, OTHER) is None
    assert not await batches.delete(batch.id, OTHER)
    assert await batches.find("nonsense", TENANT) is None


async def test_pages_go_back_in_time(batches: PostgresBatches) -> None:
    made = [await uploaded(batches, [1], name=f"b{number}") for number in range(5)]
    first = await batches.page(TENANT, before=None, most=2, state=None)
    second = await batches.page(TENANT, before=first[-1].id, most=10, state=BatchState.RUNNING)
    assert [batch.id for batch in (*first, *second)] == [batch.id for batch in reversed(made)]
    assert await batches.page(TENANT, before=None, most=2, state=BatchState.PAUSED) == []


async def test_an_upload_that_nobody_ended_is_interrupted_and_keeps_its_rows(
    batches: PostgresBatches, chunks: PostgresChunks, database: str
) -> None:
    left, alive = [await batches.create(WISH, TENANT) for _ in range(2)]
    for batch in (left, alive):
        await batches.add(batch.id, TENANT, [rows(2, 3)], [])
    silence = f"touched_at = now() - interval '{SILENT_UPLOAD + 1} s'"
    await _statement(database, f"UPDATE batches SET {silence}")
    await batches.add(alive.id, TENANT, [rows(5, 3)], [])
    await chunks.tidy()
    found = [await batches.find(batch.id, TENANT) for batch in (left, alive)]
    assert [(batch.state, batch.items) for batch in found if batch] == [("interrupted", 3), ("uploading", 6)]
    with pytest.raises(UnknownResourceError):
        await batches.add(left.id, TENANT, [rows(5, 3)], [])
    started = await batches.start(left.id, TENANT)
    assert started is not None
    assert started.state is BatchState.RUNNING
