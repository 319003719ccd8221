"""What the cache did since the service started, summed over its workers, for people and programs to read."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

import msgspec
from msgspec import Meta

from service.core.metrics import (
    CACHE_DROPPED,
    CACHE_ENTRIES,
    CACHE_EVICTIONS,
    CACHE_FAILURES,
    CACHE_LEFT_ALONE,
    CACHE_LOOKUPS,
    CACHE_MEMORY,
    CACHE_OPERATIONS,
    CACHE_PROMOTED,
    CACHE_RESIDENT,
    CACHE_SAVED,
    CACHE_WRITTEN,
    Instrument,
    Metrics,
)

_Count = Annotated[int, Meta(ge=0)]


class MemoryStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """The tier in the workers' own memory."""

    hits: Annotated[_Count, Meta(description="Items that were found.")]
    misses: Annotated[_Count, Meta(description="Items that were not found.")]
    hit_ratio: Annotated[
        float | None, Meta(description="Share of the items that was found; null as long as none was looked up.")
    ]
    entries: Annotated[_Count, Meta(description="Entries held now.")]
    resident_bytes: Annotated[_Count, Meta(description="Memory they take.")]
    evictions: Annotated[_Count, Meta(description="Entries that went because others needed their room.")]


class TierStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """A tier that the workers share."""

    name: Annotated[str, Meta(description="The tier.", examples=["redis", "postgres"])]
    hits: Annotated[_Count, Meta(description="Items that were found.")]
    misses: Annotated[_Count, Meta(description="Items that were not found.")]
    skipped: Annotated[_Count, Meta(description="Items that were not looked up, the tier being away or busy.")]
    hit_ratio: Annotated[
        float | None, Meta(description="Share of the items that was found; null as long as none was looked up.")
    ]
    promoted: Annotated[_Count, Meta(description="Entries copied from here to the nearer tiers.")]
    written: Annotated[_Count, Meta(description="Entries that the tier took.")]
    dropped: Annotated[_Count, Meta(description="Entries that it was not given or did not take.")]
    failed_reads: Annotated[_Count, Meta(description="Look-ups that failed.")]
    failed_writes: Annotated[_Count, Meta(description="Batches that were not taken.")]
    saved_bytes: Annotated[_Count, Meta(description="Bytes less to send, by compression.")]
    left_alone_by: Annotated[_Count, Meta(description="Workers that do not ask it at the moment, because it failed.")]


class CacheStatistics(msgspec.Struct, frozen=True, kw_only=True):
    """The cache since the service started, all workers together."""

    workers: Annotated[_Count, Meta(description="Living workers.")]
    memory: MemoryStatistics
    shared: Annotated[tuple[TierStatistics, ...], Meta(description="The tiers behind it, nearest first.")]


def statistics_of(metrics: Metrics) -> CacheStatistics:
    """What ``metrics`` say of the cache."""
    readings = metrics.readings()
    layout = metrics.layout
    totals = layout.totals(readings)

    def total(instrument: Instrument, *labels: str) -> int:
        return int(totals[layout.offset(instrument, *labels)])

    return CacheStatistics(
        workers=sum(reading.alive for reading in readings),
        memory=_memory(total),
        shared=tuple(_tier(name, total) for (name,) in layout.series[CACHE_WRITTEN]),
    )


def _memory(total: Callable[..., int]) -> MemoryStatistics:
    hits, misses = (total(CACHE_LOOKUPS, CACHE_MEMORY, outcome) for outcome in ("hit", "miss"))
    return MemoryStatistics(
        hits=hits,
        misses=misses,
        hit_ratio=_ratio(hits, misses),
        entries=total(CACHE_ENTRIES, CACHE_MEMORY),
        resident_bytes=total(CACHE_RESIDENT, CACHE_MEMORY),
        evictions=total(CACHE_EVICTIONS, CACHE_MEMORY),
    )


def _tier(name: str, total: Callable[..., int]) -> TierStatistics:
    hits, misses, skipped = (total(CACHE_LOOKUPS, name, outcome) for outcome in ("hit", "miss", "skipped"))
    failed_reads, failed_writes = (total(CACHE_FAILURES, name, operation) for operation in CACHE_OPERATIONS)
    return TierStatistics(
        name=name,
        hits=hits,
        misses=misses,
        skipped=skipped,
        hit_ratio=_ratio(hits, misses),
        promoted=total(CACHE_PROMOTED, name),
        written=total(CACHE_WRITTEN, name),
        dropped=total(CACHE_DROPPED, name),
        failed_reads=failed_reads,
        failed_writes=failed_writes,
        saved_bytes=total(CACHE_SAVED, name),
        left_alone_by=total(CACHE_LEFT_ALONE, name),
    )


def _ratio(hits: int, misses: int) -> float | None:
    return round(hits / (hits + misses), 4) if hits + misses else None
