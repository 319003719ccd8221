"""Jobs in PostgreSQL, as the tenant sees them whose they are: kept with their entry in the queue, found again.

Everything happens in a transaction of the tenant's, which sees no other tenant's rows; whose job it is need not be
asked. What becomes of a job is told in `attempts`.
"""

from __future__ import annotations

import secrets
import time
import uuid
from collections.abc import Callable

import msgspec

from service.adapters import queries
from service.adapters.database import Database
from service.core.ports import Job, JobState

_SQL = queries.load("jobs.sql")
_UUID_TEXT_LENGTH = 36


class PostgresJobs:
    """The job store; ``new_id`` makes identifiers, in the order of time so that new rows lie together."""

    def __init__(self, database: Database, *, new_id: Callable[[], uuid.UUID] | None = None) -> None:
        self._database = database
        self._new_id = new_id or time_ordered_id

    async def submit(self, workload: str, request: bytes, tenant: str) -> Job:
        """Keep a request of ``tenant`` and enqueue it: both or neither."""
        identifier = self._new_id()
        async with self._database.transaction(tenant) as statements:
            created_at = await statements.fetch_value(_SQL["submit_job"], identifier, tenant, workload, request)
        return Job(id=str(identifier), workload=workload, state=JobState.QUEUED, created_at=created_at)

    async def find(self, identifier: str, tenant: str) -> Job | None:
        """The job, if ``tenant`` has such a one; an identifier of the wrong form is no job."""
        known = parse_id(identifier)
        if known is None:
            return None
        async with self._database.transaction(tenant) as statements:
            row = await statements.fetch_row(_SQL["find_job"], known)
        if row is None:
            return None
        fields = dict(row)
        fields["state"] = JobState(fields["state"])
        if fields["answer"] is not None:
            fields["answer"] = msgspec.Raw(fields["answer"])
        return Job(**fields)


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
