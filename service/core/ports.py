"""What the core asks of the outside: protocols of few methods, answered by the adapters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple, Protocol

import msgspec

from service.core.bucket import Grant, Rate
from service.core.identity import Role
from service.core.timeline import TracedRequest


class Parcel(NamedTuple):
    """An entry on its way to a tier of the cache."""

    key: str
    value: bytes
    ttl: float
    """Seconds that it is to be kept."""


class Tier(Protocol):
    """A tier of the cache outside of the process.

    One that is away or refuses raises `DependencyError`; one that would have to wait for its turn, `BusyError`.
    """

    @property
    def name(self) -> str:
        """Short name, also the metric label: ``redis``, ``postgres``."""

    async def get_many(self, keys: Sequence[str]) -> Sequence[bytes | None]:
        """The values of ``keys`` in order, None where there is none."""

    async def put_many(self, parcels: Sequence[Parcel]) -> None:
        """Keep ``parcels``; no key is there twice."""

    async def drop_many(self, keys: Sequence[str]) -> int:
        """Forget ``keys``; how many there were."""

    async def drop_matching(self, pattern: str) -> int:
        """Forget the keys that match ``pattern``, where ``*`` is any text and ``?`` any character; how many."""


class UseCounter(Protocol):
    """Remembers how often keys are used, and which entries are used most. Raises `DependencyError` when away."""

    async def count_uses(self, uses: Mapping[str, int]) -> None:
        """Add ``uses`` to what is known of keys; unknown ones are passed over."""

    async def most_used(self, prefix: str, most: int, size: int) -> Sequence[tuple[str, bytes]]:
        """At most ``most`` keys that begin with ``prefix``, the most used first, with ``size`` bytes of values."""

    async def sweep(self) -> int:
        """Forget some of what is over or too much; how many that was, 0 when nothing is left to do."""


class Channel(Protocol):
    """Carries messages to every process that shares the cache, this one included."""

    async def publish(self, message: bytes) -> None:
        """Tell everybody who listens; DependencyError when nobody can be told."""

    async def listen(self, hear: Callable[[bytes], None], resumed: Callable[[], None]) -> None:
        """Call ``hear`` with every message, until cancelled.

        A message that is sent while nobody can be heard is lost. ``resumed`` is called whenever listening begins,
        at first and after each such time, before any message is heard.
        """


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

    async def submit(self, workload: str, request: bytes, tenant: str) -> Job:
        """Keep a request of ``tenant``, JSON that the workload already accepted, and enqueue it: both or neither."""

    async def find(self, identifier: str, tenant: str) -> Job | None:
        """The job, if ``tenant`` has such a one; an identifier of the wrong form is no job."""


class KeyRecord(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of an API key."""

    id: str
    digest: bytes
    """Of the key, under the secret that `sealed_by` names."""
    sealed_by: str
    tenant: str
    role: Role
    is_revoked: bool = False
    expires_in: float | None = None
    """Seconds from now, not above zero once it has expired; None for never."""
    rate: Rate | None = None
    """None for the service's own."""


class KeyStore(Protocol):
    """Where API keys are kept. Raises `DependencyError` when it is away."""

    async def find(self, identifier: str) -> KeyRecord | None:
        """The key with this public part, if there is one."""

    async def note_uses(self, ages: Mapping[str, float]) -> None:
        """Remember that keys were used, each so many seconds ago."""

    async def reseal(self, record: KeyRecord, digest: bytes, sealed_by: str) -> None:
        """Keep the key under another secret, unless it was changed meanwhile."""


class TokenSource(Protocol):
    """Buckets of tokens that all processes share. Raises `DependencyError` when it is away."""

    async def draw(self, key: str, rate: Rate, wanted: int, needed: int, returned: float) -> Grant:
        """As `TokenBucket.draw`, of the bucket ``key``, which is made full with ``rate`` if it is new."""


class Probe(Protocol):
    """Tells whether something that the service depends on is there."""

    @property
    def name(self) -> str:
        """Short name, such as ``postgres``."""

    async def check(self) -> None:
        """Raise `DependencyError` when it is not."""


class TraceSink(Protocol):
    """Takes the requests that their callers trace."""

    def wants(self, traceparent: bytes) -> bool:
        """Whether the caller traces this request; ``traceparent`` is well-formed or empty."""

    def record(self, request: TracedRequest) -> None:
        """Take ``request`` on, once it is answered; never waits."""
