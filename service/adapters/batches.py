"""Batches in PostgreSQL, as the tenants see them whose they are.

Everything happens in a transaction of the tenant's, which sees no other tenant's rows. What workers do to chunks is in
`chunks`.
"""

from __future__ import annotations

import itertools
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

import msgspec

from service.adapters import queries
from service.adapters.database import Database, Record, Statements
from service.adapters.jobs import parse_id, time_ordered_id
from service.adapters.packing import packed
from service.core.batches import (
    Batch,
    BatchState,
    BatchWish,
    NotInStateError,
    Refusal,
    Row,
    RowResult,
    RowState,
)
from service.core.errors import UnknownResourceError

MOST_REFUSALS = 1_000
"""Of the lines that are refused so many are kept with their reasons; all are counted."""
MOST_TURNS = 32
"""Turns at chunks that wait in the queue at a time: enough to wake every idle worker."""
PORTION = 1_000
"""Results that are read at a time."""

_SQL = queries.load("batches.sql")

_MOVES: Mapping[str, Mapping[BatchState, BatchState]] = {
    "start": {
        BatchState.READY: BatchState.RUNNING,
        BatchState.INTERRUPTED: BatchState.RUNNING,
        BatchState.RUNNING: BatchState.RUNNING,
    },
    "pause": {BatchState.RUNNING: BatchState.PAUSED, BatchState.PAUSED: BatchState.PAUSED},
    "resume": {BatchState.PAUSED: BatchState.RUNNING, BatchState.RUNNING: BatchState.RUNNING},
    "cancel": {
        BatchState.INTERRUPTED: BatchState.CANCELLED,
        BatchState.READY: BatchState.CANCELLED,
        BatchState.RUNNING: BatchState.CANCELLED,
        BatchState.PAUSED: BatchState.CANCELLED,
        BatchState.CANCELLED: BatchState.CANCELLED,
    },
    "retry": {BatchState.COMPLETED: BatchState.RUNNING, BatchState.RUNNING: BatchState.RUNNING},
    "be deleted": {
        BatchState.INTERRUPTED: BatchState.INTERRUPTED,
        BatchState.READY: BatchState.READY,
        BatchState.COMPLETED: BatchState.COMPLETED,
        BatchState.CANCELLED: BatchState.CANCELLED,
    },
}
"""What may be wished for in which state, and the state it leads to."""


class PostgresBatches:
    """The batch store; ``new_id`` makes identifiers, which begin with their time, as the partitions ask for."""

    def __init__(self, database: Database, *, new_id: Callable[[], uuid.UUID] = time_ordered_id) -> None:
        self._database = database
        self._new_id = new_id

    async def create(self, wish: BatchWish, tenant: str) -> Batch:
        """A batch without rows, in the state ``uploading``."""
        known = self._new_id()
        described = wish.name, wish.workload, wish.auto_start, wish.priority, bytes(wish.options)
        async with self._database.transaction(tenant) as statements:
            await statements.execute(_SQL["create_batch"], known, tenant, *described)
            return await _found(statements, known)

    async def add(
        self, identifier: str, tenant: str, chunks: Sequence[Sequence[Row]], refusals: Sequence[Refusal]
    ) -> None:
        """Keep further chunks of an upload, in order, and what was refused meanwhile.

        UnknownResourceError when the batch is gone, or no longer uploaded.
        """
        known = parse_id(identifier)
        sizes, values = list(map(len, chunks)), list(map(packed, chunks))
        async with self._database.transaction(tenant) as statements:
            row = await statements.fetch_row(_SQL["grow_batch"], known, sum(sizes), len(refusals), len(sizes))
            if row is None:
                raise UnknownResourceError("batch that is being uploaded", identifier)
            if chunks:
                await statements.execute(_SQL["add_chunks"], known, tenant, row["first"], sizes, values)
            if kept := refusals[: max(0, MOST_REFUSALS - row["refused_before"])]:
                lines, reasons = zip(*kept, strict=True)
                await statements.execute(_SQL["add_refusals"], known, tenant, lines, reasons)

    async def uploaded(self, identifier: str, tenant: str, *, is_whole: bool) -> Batch:
        """The upload has ended; UnknownResourceError when the batch is gone."""
        known = parse_id(identifier)
        async with self._database.transaction(tenant) as statements:
            row = await _locked(statements, known)
            if known is None or row is None:
                raise UnknownResourceError("batch", identifier)
            if row["state"] == BatchState.UPLOADING:
                starts = is_whole and row["auto_start"]
                ready = BatchState.READY if is_whole else BatchState.INTERRUPTED
                await _move(statements, known, BatchState.RUNNING if starts else ready)
            return await _found(statements, known)

    async def find(self, identifier: str, tenant: str) -> Batch | None:
        """The batch with its progress."""
        known = parse_id(identifier)
        if known is None:
            return None
        async with self._database.transaction(tenant) as statements:
            row = await statements.fetch_row(_SQL["find_batch"], known)
        return None if row is None else _batch(row)

    async def page(self, tenant: str, *, before: str | None, most: int, state: BatchState | None) -> Sequence[Batch]:
        """The newest batches first, those older than the batch ``before``; none where that is no identifier."""
        known = parse_id(before) if before is not None else None
        if before is not None and known is None:
            return []
        async with self._database.transaction(tenant) as statements:
            rows = await statements.fetch(_SQL["list_batches"], known, state, most)
            return [await _found(statements, row["id"]) for row in rows]

    async def start(self, identifier: str, tenant: str) -> Batch | None:
        """Begin it, also one that was interrupted."""
        return await self._moved(identifier, tenant, "start")

    async def pause(self, identifier: str, tenant: str) -> Batch | None:
        """Begin no further chunk."""
        return await self._moved(identifier, tenant, "pause")

    async def resume(self, identifier: str, tenant: str) -> Batch | None:
        """Go on after a pause."""
        return await self._moved(identifier, tenant, "resume")

    async def cancel(self, identifier: str, tenant: str) -> Batch | None:
        """Never begin what is still to be done."""
        return await self._moved(identifier, tenant, "cancel")

    async def retry(self, identifier: str, tenant: str) -> Batch | None:
        """Do the failed rows of a completed batch again."""
        return await self._moved(identifier, tenant, "retry")

    async def delete(self, identifier: str, tenant: str) -> bool:
        """Forget a batch that is not at work; its results, which nobody sees any more, are swept away later."""
        known = parse_id(identifier)
        async with self._database.transaction(tenant) as statements:
            row = await _locked(statements, known)
            if row is None:
                return False
            _target(row["state"], "be deleted")
            for query in ("delete_chunks", "delete_refusals", "delete_batch"):
                await statements.execute(_SQL[query], known)
            await statements.execute(_SQL["leave_remains"], known, tenant)
        return True

    async def results(
        self, identifier: str, tenant: str, *, state: RowState | None, error: str | None, after: int, most: int | None
    ) -> AsyncIterator[Sequence[RowResult]]:
        """Results by line, in portions as they are read; nothing of a batch that is not there."""
        if await self.find(identifier, tenant) is None:
            return
        known, left = parse_id(identifier), most
        is_failed = state is RowState.FAILED or error is not None
        query = "failures_after" if is_failed else "successes_after" if state else "results_after"
        if state is RowState.SUCCEEDED and error is not None:
            return
        while left is None or left > 0:
            portion = PORTION if left is None else min(PORTION, left)
            arguments = (known, after, portion, error) if is_failed else (known, after, portion)
            async with self._database.transaction(tenant) as statements:
                rows = await statements.fetch(_SQL[query], *arguments)
            if rows:
                yield [_result(row) for row in rows]
                after = rows[-1]["line"]
            if len(rows) < portion:
                return
            left = None if left is None else left - len(rows)

    async def refusals(self, identifier: str, tenant: str) -> Sequence[Refusal]:
        """The first lines that were refused, in order."""
        rows = await self._rows("find_refusals", identifier, tenant)
        return [Refusal(*row) for row in itertools.islice(rows, MOST_REFUSALS)]

    async def errors(self, identifier: str, tenant: str) -> Mapping[str, int]:
        """How many rows failed by class of error, the most frequent first."""
        if await self.find(identifier, tenant) is None:
            return {}
        return dict(map(tuple, await self._rows("count_errors", identifier, tenant)))

    async def _rows(self, query: str, identifier: str, tenant: str) -> list[Record]:
        async with self._database.transaction(tenant) as statements:
            return await statements.fetch(_SQL[query], parse_id(identifier))

    async def _moved(self, identifier: str, tenant: str, wish: str) -> Batch | None:
        known = parse_id(identifier)
        async with self._database.transaction(tenant) as statements:
            row = await _locked(statements, known)
            if known is None or row is None:
                return None
            target = _target(row["state"], wish)
            if target != row["state"]:
                if target is BatchState.CANCELLED:
                    await statements.execute(_SQL["cancel_chunks"], known)
                repeated = wish != "retry" or await statements.execute(_SQL["repeat_failed"], known) != "UPDATE 0"
                if repeated:
                    await _move(statements, known, target)
            return await _found(statements, known)


def _target(state: str, wish: str) -> BatchState:
    """The state that ``wish`` leads to from ``state``; NotInStateError when it leads nowhere."""
    now = BatchState(state)
    if now not in _MOVES[wish]:
        raise NotInStateError(now, wish)
    return _MOVES[wish][now]


async def _locked(statements: Statements, known: uuid.UUID | None) -> Record | None:
    return None if known is None else await statements.fetch_row(_SQL["lock_batch"], known)


async def _move(statements: Statements, known: uuid.UUID, state: BatchState) -> None:
    await statements.execute(_SQL["move_batch"], known, state)
    if state is BatchState.RUNNING:
        await statements.execute(_SQL["ring"], MOST_TURNS)


async def _found(statements: Statements, known: uuid.UUID) -> Batch:
    row = await statements.fetch_row(_SQL["find_batch"], known)
    if row is None:
        raise UnknownResourceError("batch", str(known))
    return _batch(row)


def _batch(row: Record) -> Batch:
    fields: dict[str, Any] = dict(row)
    fields["state"] = BatchState(fields["state"])
    fields["options"] = msgspec.Raw(fields["options"])
    return Batch(**fields)


def _result(row: Record) -> RowResult:
    return RowResult(state=RowState.FAILED if row["error"] is not None else RowState.SUCCEEDED, **dict(row))
