"""Batches: rows by the million, taken in as they arrive, worked off in chunks, each with exactly one result.

    upload ──rows──▶ chunks (pending) ──claim──▶ running ──results and completion at once──▶ done
                        ▲                          │ the lease ran out, or the worker gave it back
                        └──────────────────────────┘

A row is known by the line of the upload that it begins at. A chunk is worked on under a lease by one attempt, and only
the attempt that is counted last may complete it, so that a worker that comes back late changes nothing.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from enum import StrEnum
from typing import Annotated, NamedTuple, Protocol, TypeAlias

import msgspec
from msgspec import Meta

Scalar: TypeAlias = str | int | float | bool | None
Fields: TypeAlias = Mapping[str, Scalar]
"""What a row says, by the names of its columns."""

LOWEST_PRIORITY, HIGHEST_PRIORITY = -10, 10


class Row(NamedTuple):
    """One row of an upload."""

    line: int
    """The line that it begins at, from 1; in CSV the header is line 1."""
    fields: Fields


class Refusal(NamedTuple):
    """A line that is no row."""

    line: int
    reason: str


class BatchState(StrEnum):
    """Where a batch stands."""

    UPLOADING = "uploading"
    """Its rows arrive."""
    INTERRUPTED = "interrupted"
    """The upload broke off; the rows that arrived are there, and it may be started with them."""
    READY = "ready"
    RUNNING = "running"
    PAUSED = "paused"
    """What is in hand is finished, nothing else is begun."""
    COMPLETED = "completed"
    """Every row has a result."""
    CANCELLED = "cancelled"
    """What was in hand was finished; the other rows have no result."""


class RowState(StrEnum):
    """What became of a row."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"


class BatchWish(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a batch shall be, said before its rows."""

    workload: str
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    auto_start: bool = True
    """Begin when the last row has arrived, and not when asked to."""
    priority: Annotated[int, Meta(ge=LOWEST_PRIORITY, le=HIGHEST_PRIORITY)] = 0
    """Among the batches of one tenant the higher goes first."""
    options: msgspec.Raw = msgspec.Raw(b"{}")
    """What the workload lets be chosen for all rows of a batch."""


class Batch(msgspec.Struct, frozen=True, kw_only=True):
    """A batch as its tenant sees it. Times are Unix seconds."""

    id: str
    name: str
    workload: str
    state: BatchState
    priority: int
    auto_start: bool
    options: msgspec.Raw
    items: int
    """Rows that were accepted."""
    refused: int
    """Lines that were not."""
    chunks: int
    done_chunks: int
    running_chunks: int
    succeeded: int
    failed: int
    created_at: float
    started_at: float | None = None
    finished_at: float | None = None
    rate: float | None = None
    """Rows a second lately; None when nothing was done lately."""

    @property
    def done(self) -> int:
        """Rows that have a result."""
        return self.succeeded + self.failed

    @property
    def seconds_left(self) -> float | None:
        """At the rate of late; None where that says nothing."""
        if self.state is not BatchState.RUNNING or not self.rate:
            return None
        return (self.items - self.done) / self.rate

    @property
    def error_ratio(self) -> float | None:
        """Failed rows among those with a result."""
        return self.failed / self.done if self.done else None


class RowResult(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """What became of one row."""

    line: int
    state: RowState
    subject: str
    """What was analysed, such as the URL; at most `LONGEST_SUBJECT` characters."""
    id: str | None = None
    """The caller's own name for the row."""
    result: bytes | None = None
    """The outcome as JSON; None of a failed row."""
    error: str | None = None
    """The class of what went wrong, such as ``http-404``; None of one that succeeded."""
    reason: str | None = None
    """A sentence about it."""
    attempts: int = 1
    seconds: float = 0.0


LONGEST_SUBJECT = 2_048


class Chunk(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a batch in hand."""

    batch: str
    number: int
    attempt: int
    """From 1; the fence: a later attempt takes the chunk away from this one."""
    tenant: str
    workload: str
    options: bytes
    rows: tuple[Row, ...]
    """Those that are still to be done, in this order: without the poisoned, on a repetition of failed rows only those,
    and the one that is suspected first."""
    poisoned: tuple[Row, ...] = ()
    """Those at which workers were lost again and again, or all that are left when the attempts are used up; they get a
    result that says so."""
    is_repetition: bool = False
    """Only failed rows are done again; their results are replaced."""
    is_suspicious: bool = False
    """Workers were lost at it: its rows are done one by one, each noted before it is begun, and nothing beside."""


class NotInStateError(Exception):
    """The batch cannot do this from the ``state`` that it is in."""

    def __init__(self, state: BatchState, wish: str) -> None:
        super().__init__(f"a batch that is {state} cannot {wish}")
        self.state = state


class BatchStore(Protocol):
    """Batches as their tenants see them. What is unknown, or another tenant's, is None; DependencyError when away."""

    async def create(self, wish: BatchWish, tenant: str) -> Batch:
        """A batch without rows, in the state ``uploading``."""

    async def add(
        self, identifier: str, tenant: str, chunks: Sequence[Sequence[Row]], refusals: Sequence[Refusal]
    ) -> None:
        """Keep further chunks of an upload, in order, and what was refused meanwhile (the first thousand of all)."""

    async def uploaded(self, identifier: str, tenant: str, *, is_whole: bool) -> Batch:
        """The upload has ended; starts it where it starts by itself, marks it interrupted unless ``is_whole``."""

    async def find(self, identifier: str, tenant: str) -> Batch | None:
        """The batch with its progress."""

    async def page(self, tenant: str, *, before: str | None, most: int, state: BatchState | None) -> Sequence[Batch]:
        """The newest batches first, those older than the batch ``before``."""

    async def start(self, identifier: str, tenant: str) -> Batch | None:
        """Begin it, also one that was interrupted. As all that follow: `NotInStateError`; repeated, it does nothing."""

    async def pause(self, identifier: str, tenant: str) -> Batch | None:
        """Begin no further chunk."""

    async def resume(self, identifier: str, tenant: str) -> Batch | None:
        """Go on after a pause."""

    async def cancel(self, identifier: str, tenant: str) -> Batch | None:
        """Never begin what is still to be done."""

    async def retry(self, identifier: str, tenant: str) -> Batch | None:
        """Do the failed rows of a completed batch again; their results are replaced when the new ones are there."""

    async def delete(self, identifier: str, tenant: str) -> bool:
        """Forget a batch that is not running, with its results; whether there was one."""

    def results(
        self, identifier: str, tenant: str, *, state: RowState | None, error: str | None, after: int, most: int | None
    ) -> AsyncIterator[Sequence[RowResult]]:
        """Results by line, those behind line ``after``, in portions as they are read; ``most`` at most altogether."""

    async def refusals(self, identifier: str, tenant: str) -> Sequence[Refusal]:
        """The first thousand lines that were refused, in order."""

    async def errors(self, identifier: str, tenant: str) -> Mapping[str, int]:
        """How many rows failed by class of error, the most frequent first."""


class ChunkStore(Protocol):
    """Chunks as a worker sees them, of all tenants. DependencyError when it is away."""

    async def claim(self, worker: str, lease: float, most_items: int) -> Sequence[Chunk]:
        """Take the chunks that are next, of one batch, of at most so many rows (one chunk at least); empty for none.

        Next is the tenant with the least in hand, then the highest priority, then the oldest batch. The lease is in
        seconds of the database's clock.
        """

    async def extend(self, chunks: Sequence[Chunk], lease: float) -> Sequence[Chunk]:
        """Hold on to ``chunks`` for so many seconds from now; those that are no longer ours are left out."""

    async def begin(self, chunks: Sequence[Chunk]) -> None:
        """Note that rows of ``chunks`` are begun: only of such is a worker's loss held against them."""

    async def suspect(self, chunk: Chunk, line: int) -> bool:
        """Note that the row at ``line`` is begun, so that it is known if that ends the worker; whether it is ours."""

    async def complete(self, chunk: Chunk, results: Sequence[RowResult]) -> bool:
        """Keep the results and the completion at once; False, and nothing kept, when it is no longer ours."""

    async def give_back(self, chunks: Sequence[Chunk]) -> None:
        """Let others have them at once; the attempt does not count."""

    async def tidy(self) -> float | None:
        """Take back what is past its lease, finish batches whose chunks are all done, wake workers for what waits.

        Seconds until the next lease ends; None when nothing is in hand.
        """
