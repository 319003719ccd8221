"""Jobs in PostgreSQL: kept with their entry in the queue, attempted under a cap, finished once.

An attempt is counted before it begins, and only the attempt that is counted last may finish the job.
So a worker that comes back after its lease, or a job that is delivered twice, changes nothing.
"""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import msgspec

from service.adapters import queries
from service.adapters.connection import CONNECT_SECONDS, Pool, PooledConnection, answering
from service.core.ports import Job, JobState

ENTRYPOINT = "analyse"
"""What the queue calls our jobs."""
LARGEST_ATTEMPTS = 5
WORKER_LOST = "the worker was lost on every attempt"
LOG_SECONDS = 86_400.0

_SQL = queries.load("jobs.sql")
_UUID_TEXT_LENGTH = 36


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt at a job, by the worker that claimed it."""

    id: uuid.UUID
    workload: str
    request: bytes
    number: int
    """From 1; the fence: a later attempt takes the job away from this one."""


class PostgresJobs:
    """The job store; ``new_id`` makes identifiers, in the order of time so that new rows lie together."""

    def __init__(
        self, pool: Pool, *, new_id: Callable[[], uuid.UUID] | None = None, attempts: int = LARGEST_ATTEMPTS
    ) -> None:
        self._pool = pool
        self._new_id = new_id or time_ordered_id
        self.attempts = attempts

    async def submit(self, workload: str, request: bytes) -> Job:
        """Keep ``request`` and enqueue it, in one transaction."""
        identifier = self._new_id()
        created_at = await self._value("submit_job", identifier, workload, request)
        return Job(id=str(identifier), workload=workload, state=JobState.QUEUED, created_at=created_at)

    async def find(self, identifier: str) -> Job | None:
        """The job, if there is one; an identifier of the wrong form is no job."""
        known = parse_id(identifier)
        if known is None:
            return None
        async with self._connection() as connection:
            row = await connection.fetchrow(_SQL["find_job"], known)
        if row is None:
            return None
        fields = dict(row)
        fields["state"] = JobState(fields["state"])
        if fields["answer"] is not None:
            fields["answer"] = msgspec.Raw(fields["answer"])
        return Job(**fields)

    async def claim(self, identifier: uuid.UUID) -> Attempt | None:
        """Begin an attempt; None when the job is unknown, finished, or has used its attempts up, and then it fails."""
        async with self._connection() as connection:
            row = await connection.fetchrow(_SQL["claim_job"], identifier, self.attempts)
        if row is not None:
            workload, request, number = row
            return Attempt(id=identifier, workload=workload, request=request, number=number)
        await self._changed("give_up_job", identifier, self.attempts, WORKER_LOST)
        return None

    async def complete(self, attempt: Attempt, answer: bytes) -> bool:
        """Store the answer; False when the job is no longer this attempt's."""
        return await self._changed("complete_job", attempt.id, attempt.number, answer)

    async def fail(self, attempt: Attempt, reason: str) -> bool:
        """End the job with ``reason``; False when the job is no longer this attempt's."""
        return await self._changed("fail_job", attempt.id, attempt.number, reason)

    async def postpone(self, attempt: Attempt, reason: str) -> bool:
        """Note what went wrong; True when another attempt is due, False when this was the last one or is outdated."""
        if attempt.number >= self.attempts:
            await self.fail(attempt, reason)
            return False
        return await self._changed("note_failure", attempt.id, attempt.number, reason)

    async def recover(self, older_than: float) -> int:
        """Enqueue again what the queue has lost, of jobs older than so many seconds; how many there were."""
        async with self._connection() as connection, connection.transaction():
            await connection.execute(_SQL["forget_held"])
            await connection.execute(_SQL["forget_log"], LOG_SECONDS)
            status: str = await connection.execute(_SQL["requeue_stranded"], older_than)
        return int(status.rpartition(" ")[2])

    async def _value(self, query: str, *arguments: object) -> float:
        async with self._connection() as connection:
            value: float = await connection.fetchval(_SQL[query], *arguments)
        return value

    async def _changed(self, query: str, *arguments: object) -> bool:
        async with self._connection() as connection:
            status: str = await connection.execute(_SQL[query], *arguments)
        return status != "UPDATE 0"

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[PooledConnection]:
        """A connection for one step; DependencyError when none is free in time, as when the server hangs."""
        with answering():
            async with self._pool.acquire(timeout=CONNECT_SECONDS) as connection:
                yield connection


def parse_id(identifier: str) -> uuid.UUID | None:
    """The identifier, only in the form in which it was given out."""
    if len(identifier) != _UUID_TEXT_LENGTH:
        return None
    try:
        known = uuid.UUID(identifier)
    except ValueError:
        return None
    return known if str(known) == identifier else None


def time_ordered_id(clock: Callable[[], int] = time.time_ns) -> uuid.UUID:
    """A version 7 UUID (RFC 9562, section 5.7): 48 bits of Unix milliseconds, then 74 random ones."""
    milliseconds = clock() // 1_000_000
    random = secrets.randbits(74)
    value = milliseconds << 80 | 0x7 << 76 | (random >> 62) << 64 | 0b10 << 62 | random & (1 << 62) - 1
    return uuid.UUID(int=value)
