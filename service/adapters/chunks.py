"""Chunks in PostgreSQL, as workers see them: taken under a lease, completed once, with their results."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime

from service.adapters import queries
from service.adapters.batches import MOST_TURNS
from service.adapters.database import Database, Record, Statements
from service.adapters.packing import unpacked
from service.core.batches import Chunk, Row, RowResult, RowState

LOST_BEFORE_SUSPICION = 2
"""After a chunk lost so many workers its rows are done one by one; the index of what is next knows it too."""
LOST_BEFORE_POISON = 3
"""A row that was begun alone when so many workers were lost is not begun again."""
MOST_LOSSES = 20
"""After a chunk lost so many workers since it came on, no row of it is begun again."""
SILENT_UPLOAD = 900.0
"""Seconds; no upload that lives is silent for so long, since a body may pause for ten minutes at most."""
MOST_CANDIDATES = 8
"""Batches that are tried at a claim, since other workers may be quicker at the first ones."""
MOST_CHUNKS = 64
"""That one claim takes."""

COLUMNS = ("batch_id", "line", "tenant", "subject", "id", "result", "error", "reason", "attempts", "seconds")

_BATCHES, _SQL = queries.load("batches.sql"), queries.load("chunks.sql")


class PostgresChunks:
    """The chunk store; ``database`` has the rights of the worker's role."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, worker: str, lease: float, most_items: int) -> Sequence[Chunk]:
        """Take the chunks that are next, of one batch, of about so many rows; empty for none."""
        async with self._database.transaction() as statements:
            for batch in await statements.fetch(_SQL["next_batches"], MOST_CANDIDATES):
                number = min(MOST_CHUNKS, max(1, most_items // batch["items"]))
                rows = await statements.fetch(_SQL["claim_chunks"], batch["id"], number, worker, lease)
                if rows:
                    chunks = [await _chunk(statements, batch, row) for row in rows]
                    return sorted(chunks, key=lambda chunk: chunk.number)
        return ()

    async def extend(self, chunks: Sequence[Chunk], lease: float) -> Sequence[Chunk]:
        """Hold on to ``chunks`` for so many seconds from now; those that are no longer ours are left out."""
        rows = await self._database.fetch(_SQL["extend_leases"], *_fences(chunks), lease)
        ours = {(str(batch), number, attempt) for batch, number, attempt in rows}
        return [chunk for chunk in chunks if (chunk.batch, chunk.number, chunk.attempt) in ours]

    async def begin(self, chunks: Sequence[Chunk]) -> None:
        """Note that rows of ``chunks`` are begun."""
        await self._database.execute(_SQL["begin_chunks"], *_fences(chunks))

    async def suspect(self, chunk: Chunk, line: int) -> bool:
        """Note that the row at ``line`` is begun; whether the chunk is still ours."""
        fence = uuid.UUID(chunk.batch), chunk.number, chunk.attempt
        return await self._database.execute(_SQL["suspect_line"], *fence, line) != "UPDATE 0"

    async def complete(self, chunk: Chunk, results: Sequence[RowResult]) -> bool:
        """Keep the results and the completion at once; False, and nothing kept, when it is no longer ours."""
        batch = uuid.UUID(chunk.batch)
        failed = sum([result.state is RowState.FAILED for result in results])
        rows = [
            (
                batch,
                result.line,
                chunk.tenant,
                result.subject,
                result.id,
                result.result,
                result.error,
                result.reason,
                result.attempts,
                result.seconds,
            )
            for result in results
        ]
        async with self._database.transaction() as statements:
            fence = batch, chunk.number, chunk.attempt
            if await statements.execute(_SQL["complete_chunk"], *fence, failed) == "UPDATE 0":
                return False
            if chunk.is_repetition:
                await statements.execute(_SQL["drop_failures"], batch, [result.line for result in results])
            await statements.copy(_SQL["copy_results"], results_of_month(batch), COLUMNS, rows)
        return True

    async def give_back(self, chunks: Sequence[Chunk]) -> None:
        """Let others have them at once; the attempt does not count as a loss."""
        await self._database.execute(_SQL["give_back_chunks"], *_fences(chunks))

    async def tidy(self) -> float | None:
        """Take back what is past its lease, finish what is done, wake workers; seconds until the next lease ends."""
        await self._database.execute(_SQL["reclaim_chunks"], LOST_BEFORE_POISON, LOST_BEFORE_SUSPICION)
        await self._database.execute(_SQL["interrupt_uploads"], SILENT_UPLOAD)
        await self._finish()
        row = await self._database.fetch_row(_SQL["look_ahead"])
        if row is None:
            return None
        if row["is_waiting"]:
            await self._database.execute(_BATCHES["ring"], MOST_TURNS)
        seconds: float | None = row["seconds"]
        return seconds

    async def _finish(self) -> None:
        found = [identifier for (identifier,) in await self._database.fetch(_SQL["finished_batches"])]
        if not found:
            return
        async with self._database.transaction() as statements:
            held = [identifier for (identifier,) in await statements.fetch(_SQL["hold_batches"], found)]
            await statements.execute(_SQL["finish_batches"], held)


def results_of_month(batch: uuid.UUID) -> str:
    """The partition that holds the results of ``batch``, by the time that its identifier begins with."""
    moment = datetime.fromtimestamp((batch.int >> 80) / 1000, UTC)
    return f"batch_results_{moment:%Y_%m}"


async def _chunk(statements: Statements, batch: Record, row: Record) -> Chunk:
    rows = unpacked(row["rows"])
    if row["repeats"]:
        found = await statements.fetch(_SQL["failed_lines"], batch["id"], rows[0].line, rows[-1].line)
        failed = {line for (line,) in found}
        rows = tuple(each for each in rows if each.line in failed)
    bad = set(row["poisoned"])
    if row["losses"] >= MOST_LOSSES:
        bad |= {each.line for each in rows}
    return Chunk(
        batch=str(batch["id"]),
        number=row["number"],
        attempt=row["attempt"],
        tenant=batch["tenant"],
        workload=batch["workload"],
        options=batch["options"],
        rows=_in_order([each for each in rows if each.line not in bad], row["suspect"]),
        poisoned=tuple(each for each in rows if each.line in bad),
        is_repetition=row["repeats"],
        is_suspicious=row["losses"] >= LOST_BEFORE_SUSPICION,
    )


def _in_order(rows: Sequence[Row], suspect: int | None) -> tuple[Row, ...]:
    """``rows`` with the suspected one first."""
    return tuple(sorted(rows, key=lambda row: row.line != suspect))


def _fences(chunks: Sequence[Chunk]) -> tuple[list[uuid.UUID], list[int], list[int]]:
    batches = [uuid.UUID(chunk.batch) for chunk in chunks]
    return batches, [chunk.number for chunk in chunks], [chunk.attempt for chunk in chunks]
