"""Batches as callers see them."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from service.core.batches import Batch, BatchState, Refusal


class BatchView(msgspec.Struct, frozen=True, kw_only=True):
    """A batch and how far it is. Times are Unix seconds."""

    id: str
    name: str
    workload: str
    state: Annotated[
        BatchState,
        Meta(
            description="`uploading`, `interrupted` (the upload broke off; start or delete it), `ready`, `running`, "
            "`paused`, `completed`, `cancelled`."
        ),
    ]
    priority: Annotated[int, Meta(description="Among your batches the higher goes first.")]
    auto_start: bool
    options: Annotated[msgspec.Raw, Meta(description="Chosen for all rows.", extra_json_schema={"type": "object"})]
    items: Annotated[int, Meta(ge=0, description="Rows that were accepted; each gets a result.")]
    refused: Annotated[int, Meta(ge=0, description="Lines that were not; /errors says why.")]
    done: Annotated[int, Meta(ge=0, description="Rows that have a result.")]
    succeeded: Annotated[int, Meta(ge=0)]
    failed: Annotated[int, Meta(ge=0)]
    progress: Annotated[float, Meta(ge=0, le=1, description="Share of the rows that have a result.")]
    error_ratio: Annotated[float | None, Meta(description="Failed rows among those with a result.")]
    rate: Annotated[float | None, Meta(description="Rows a second in the last half minute.")]
    seconds_left: Annotated[float | None, Meta(description="At that rate.")]
    chunks: Annotated[int, Meta(ge=0, description="Pieces that workers take.")]
    done_chunks: Annotated[int, Meta(ge=0)]
    running_chunks: Annotated[int, Meta(ge=0)]
    created_at: float
    started_at: float | None
    finished_at: float | None
    href: Annotated[str, Meta(description="Of this batch; /results, /errors, /events and the verbs lie below.")]


class BatchPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some batches, the newest first."""

    batches: list[BatchView]
    next: Annotated[str | None, Meta(description="Where older ones are.")]


class RefusedLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line that is no row."""

    line: Annotated[int, Meta(ge=1, description="From 1; in CSV the header is line 1.")]
    reason: str


class BatchErrors(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong in a batch."""

    failed: Annotated[dict[str, int], Meta(description="Rows that failed, by class, the most frequent first.")]
    refused: Annotated[int, Meta(ge=0, description="Lines that were refused, all of them.")]
    refused_lines: Annotated[list[RefusedLine], Meta(description="The first thousand.")]


def href_of(identifier: str) -> str:
    """Where a batch is."""
    return f"/v1/batches/{identifier}"


def view_of(batch: Batch) -> BatchView:
    """``batch`` as its owner sees it."""
    return BatchView(
        id=batch.id,
        name=batch.name,
        workload=batch.workload,
        state=batch.state,
        priority=batch.priority,
        auto_start=batch.auto_start,
        options=batch.options,
        items=batch.items,
        refused=batch.refused,
        done=batch.done,
        succeeded=batch.succeeded,
        failed=batch.failed,
        progress=round(batch.done / batch.items, 6) if batch.items else 0.0,
        error_ratio=None if batch.error_ratio is None else round(batch.error_ratio, 6),
        rate=None if batch.rate is None else round(batch.rate, 3),
        seconds_left=None if batch.seconds_left is None else round(batch.seconds_left, 1),
        chunks=batch.chunks,
        done_chunks=batch.done_chunks,
        running_chunks=batch.running_chunks,
        created_at=batch.created_at,
        started_at=batch.started_at,
        finished_at=batch.finished_at,
        href=href_of(batch.id),
    )


def refused_line(refusal: Refusal) -> RefusedLine:
    """``refusal`` as its sender sees it."""
    return RefusedLine(line=refusal.line, reason=refusal.reason)
