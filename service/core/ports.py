"""What the core asks of the outside: protocols of few methods, answered by the adapters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Protocol

import msgspec


class Tier(Protocol):
    """One tier of the cache. A tier that is away raises `DependencyError`; the cache then goes on without it."""

    @property
    def name(self) -> str:
        """Short name, also the metric label: ``memory``, ``redis``."""

    async def get_many(self, keys: Sequence[str]) -> Sequence[bytes | None]:
        """The values of ``keys`` in order, None where there is none."""

    async def put_many(self, entries: Mapping[str, bytes], ttl: float) -> None:
        """Keep ``entries`` for ``ttl`` seconds."""


class JobState(StrEnum):
    """Where a job stands; it only ever moves downwards in this list."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """A request that is answered later. Times are Unix seconds."""

    id: str
    workload: str
    state: JobState
    created_at: float
    finished_at: float | None = None
    attempts: int = 0
    answer: msgspec.Raw | None = None
    """The workload's answer as JSON, once it succeeded."""
    error: str | None = None
    """Why it failed, fit for the caller."""


class JobStore(Protocol):
    """Where jobs are kept; losing nothing is its whole point."""

    async def submit(self, workload: str, request: bytes) -> Job:
        """Keep ``request`` (JSON that the workload already accepted) and enqueue it, in one transaction."""

    async def find(self, identifier: str) -> Job | None:
        """The job, if there is one; an identifier of the wrong form is no job."""


class Probe(Protocol):
    """Tells whether something that the service depends on is there."""

    @property
    def name(self) -> str:
        """Short name, such as ``postgres``."""

    async def check(self) -> None:
        """Raise `DependencyError` when it is not."""
