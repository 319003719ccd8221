"""What stands for the outside in tests."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from service.core.errors import DependencyError
from service.core.ports import Job, JobState


class FakeClock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class DictTier:
    """A cache tier in a dict; away when ``away`` is set, silent when ``silent`` is."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.entries: dict[str, bytes] = {}
        self.ttls: dict[str, float] = {}
        self.away = False
        self.silent = False
        self.calls = 0

    async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
        await self._arrive()
        return [self.entries.get(key) for key in keys]

    async def put_many(self, entries: Mapping[str, bytes], ttl: float) -> None:
        await self._arrive()
        self.entries.update(entries)
        self.ttls.update(dict.fromkeys(entries, ttl))

    async def _arrive(self) -> None:
        self.calls += 1
        if self.silent:
            await asyncio.Event().wait()
        if self.away:
            raise DependencyError(self.name, "away")


class MemoryJobs:
    """A job store in a dict; away when ``away`` is set."""

    def __init__(self) -> None:
        self.jobs: dict[str, Job] = {}
        self.requests: dict[str, bytes] = {}
        self.away = False

    async def submit(self, workload: str, request: bytes) -> Job:
        self._arrive()
        job = Job(id=f"job-{len(self.jobs)}", workload=workload, state=JobState.QUEUED, created_at=1.0)
        self.jobs[job.id] = job
        self.requests[job.id] = request
        return job

    async def find(self, identifier: str) -> Job | None:
        self._arrive()
        return self.jobs.get(identifier)

    def _arrive(self) -> None:
        if self.away:
            raise DependencyError("postgres", "password=secret refused at 10.0.0.1")


class FakeProbe:
    """A probe of something that is there unless told otherwise."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.away = False
        self.silent = False

    async def check(self) -> None:
        if self.silent:
            await asyncio.Event().wait()
        if self.away:
            raise DependencyError(self.name, "refused")
