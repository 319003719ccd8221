"""Attempts at jobs, as the worker makes them: under a cap, and finished once. The worker sees every tenant's jobs.

An attempt is counted before it begins, and only the attempt that is counted last may finish the job.
So a worker that comes back after its lease, or a job that is delivered twice, changes nothing.
"""

from __future__ import annotations

import uuid

import msgspec

from service.adapters import queries
from service.adapters.database import Database

WORKER_ROLE = "loadstone_worker"
"""Whose rights a worker's connections have: everybody's jobs, nobody's keys."""
ENTRYPOINT = "analyse"
"""What the queue calls our jobs."""
MOST_ATTEMPTS = 5
WORKER_LOST = "the worker was lost on every attempt"
LOG_SECONDS = 86_400.0

_SQL = queries.load("jobs.sql")


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt at a job, by the worker that claimed it."""

    id: uuid.UUID
    tenant: str
    workload: str
    request: bytes
    number: int
    """From 1; the fence: a later attempt takes the job away from this one."""


class Attempts:
    """Begins and ends attempts, at most ``most`` at a job; ``database`` has the rights of `WORKER_ROLE`."""

    def __init__(self, database: Database, *, most: int = MOST_ATTEMPTS) -> None:
        self._database = database
        self.most = most

    async def claim(self, identifier: uuid.UUID) -> Attempt | None:
        """Begin an attempt; None when the job is unknown, finished, or has used its attempts up, and then it fails."""
        row = await self._database.fetch_row(_SQL["claim_job"], identifier, self.most)
        if row is not None:
            tenant, workload, request, number = row
            return Attempt(id=identifier, tenant=tenant, workload=workload, request=request, number=number)
        await self._changed("give_up_job", identifier, self.most, WORKER_LOST)
        return None

    async def complete(self, attempt: Attempt, answer: bytes) -> bool:
        """Store the answer; False when the job is no longer this attempt's."""
        return await self._changed("complete_job", attempt.id, attempt.number, answer)

    async def fail(self, attempt: Attempt, reason: str) -> bool:
        """End the job with ``reason``; False when the job is no longer this attempt's."""
        return await self._changed("fail_job", attempt.id, attempt.number, reason)

    async def postpone(self, attempt: Attempt, reason: str) -> bool:
        """Note what went wrong; True when another attempt is due, False when this was the last one or is outdated."""
        if attempt.number >= self.most:
            await self.fail(attempt, reason)
            return False
        return await self._changed("note_failure", attempt.id, attempt.number, reason)

    async def recover(self, older_than: float) -> int:
        """Enqueue again what the queue has lost, of jobs older than so many seconds; how many there were."""
        async with self._database.transaction() as statements:
            await statements.execute(_SQL["forget_held"])
            await statements.execute(_SQL["forget_log"], LOG_SECONDS)
            status = await statements.execute(_SQL["requeue_stranded"], older_than)
        return int(status.rpartition(" ")[2])

    async def _changed(self, query: str, *arguments: object) -> bool:
        return await self._database.execute(_SQL[query], *arguments) != "UPDATE 0"
