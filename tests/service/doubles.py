"""What stands for the outside in tests."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from service.core.bucket import Grant, Rate, TokenBucket
from service.core.errors import DependencyError
from service.core.identity import Role
from service.core.keepsakes import Keepsake
from service.core.keys import Seal, id_in, new_key
from service.core.known import Likeness, Nearness, Resemblance
from service.core.ports import Job, JobState, KeyRecord, Parcel


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

    async def put_many(self, parcels: Sequence[Parcel]) -> None:
        await self._arrive()
        for key, value, ttl in parcels:
            self.entries[key] = value
            self.ttls[key] = ttl

    async def drop_many(self, keys: Sequence[str]) -> int:
        await self._arrive()
        return sum(self.entries.pop(key, None) is not None for key in keys)

    async def drop_matching(self, pattern: str) -> int:
        return await self.drop_many([key for key in self.entries if fnmatchcase(key, pattern)])

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
        self.tenants: dict[str, str] = {}
        self.away = False

    async def submit(self, workload: str, request: bytes, tenant: str) -> Job:
        self._arrive()
        job = Job(id=f"job-{len(self.jobs)}", workload=workload, state=JobState.QUEUED, created_at=1.0)
        self.jobs[job.id] = job
        self.requests[job.id] = request
        self.tenants[job.id] = tenant
        return job

    async def find(self, identifier: str, tenant: str) -> Job | None:
        self._arrive()
        return self.jobs.get(identifier) if self.tenants.get(identifier) == tenant else None

    def _arrive(self) -> None:
        if self.away:
            raise DependencyError("postgres", "password=secret refused at 10.0.0.1")


class MemoryKeepsakes:
    """A store of keepsakes in a dict; away when ``away`` is set."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, str], Keepsake] = {}
        self.away = False

    async def keep(self, keepsakes: Sequence[Keepsake], tenant: str) -> None:
        if self.away:
            raise DependencyError("postgres", "refused")
        self.kept.update({(tenant, keepsake.id): keepsake for keepsake in keepsakes})

    async def find(self, identifier: str, tenant: str) -> Keepsake | None:
        return self.kept.get((tenant, identifier))


class MemoryKnown:
    """A store of likenesses that looks at each; away when ``away`` is set."""

    def __init__(self) -> None:
        self.known: dict[tuple[str, bytes], Likeness] = {}
        self.away = False

    async def meet(self, likeness: Likeness, nearness: Nearness, most: int, tenant: str) -> Sequence[Resemblance]:
        if self.away:
            raise DependencyError("postgres", "refused")
        met = []
        for (owner, name), other in self.known.items():
            fine, coarse = _apart(likeness.fine, other.fine), _apart(likeness.coarse, other.coarse)
            is_near = fine <= nearness.near or (fine <= nearness.far and coarse <= nearness.coarse)
            if is_near and owner == tenant and name != likeness.sha256:
                met.append(Resemblance(name, fine, other.url))
        self.known[tenant, likeness.sha256] = likeness
        return sorted(met, key=lambda each: each.distance)[:most]

    async def forget(self, sha256: bytes, tenant: str) -> bool:
        return self.known.pop((tenant, sha256), None) is not None


def _apart(one: bytes, other: bytes) -> int:
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_count()


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


class MemoryKeys:
    """A store of keys in a dict; away when ``away`` is set, silent when ``silent`` is."""

    def __init__(self, seal: Seal) -> None:
        self.seal = seal
        self.records: dict[str, KeyRecord] = {}
        self.uses: dict[str, float] = {}
        self.away = False
        self.silent = False
        self.calls = 0

    def add(self, *, tenant: str = "acme", role: Role = Role.WRITE, rate: Rate | None = None) -> bytes:
        """A new key."""
        key = new_key()
        token = key.text.encode("ascii")
        self.records[key.id] = KeyRecord(
            id=key.id, digest=self.seal.digest(token), sealed_by=self.seal.id, tenant=tenant, role=role, rate=rate
        )
        return token

    def change(self, token: bytes, **changes: Any) -> None:
        """Change what is kept of a key."""
        identifier = id_in(token) or ""
        self.records[identifier] = msgspec.structs.replace(self.records[identifier], **changes)

    async def find(self, identifier: str) -> KeyRecord | None:
        await self._arrive()
        return self.records.get(identifier)

    async def note_uses(self, ages: Mapping[str, float]) -> None:
        await self._arrive()
        self.uses.update(ages)

    async def reseal(self, record: KeyRecord, digest: bytes, sealed_by: str) -> None:
        await self._arrive()
        self.records[record.id] = msgspec.structs.replace(record, digest=digest, sealed_by=sealed_by)

    async def _arrive(self) -> None:
        self.calls += 1
        if self.silent:
            await asyncio.Event().wait()
        if self.away:
            raise DependencyError("postgres", "away")


class MemoryBuckets:
    """Shared buckets in this process; away when ``away`` is set, silent when ``silent`` is."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.buckets: dict[str, TokenBucket] = {}
        self.away = False
        self.silent = False
        self.calls = 0

    async def draw(self, key: str, rate: Rate, wanted: int, needed: int, returned: float) -> Grant:
        self.calls += 1
        if self.silent:
            await asyncio.Event().wait()
        await asyncio.sleep(0)
        if self.away:
            raise DependencyError("redis", "away")
        now = self._clock()
        bucket = self.buckets.setdefault(key, TokenBucket(rate, now))
        bucket.capacity, bucket.per_second = rate.burst, rate.per_second
        return bucket.draw(wanted, needed, returned, now)
