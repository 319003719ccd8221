"""Wires the workloads to caches and lanes; the service and the worker answer by the same pipelines."""

from __future__ import annotations

import secrets
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

from service.adapters import queries
from service.adapters.fetching.bounds import Bounds, Manners
from service.adapters.fetching.fetcher import WebFetcher, open_fetcher
from service.adapters.fetching.sharing import SharedRates
from service.adapters.fetching.urls import Rules
from service.core.cache import Cache
from service.core.caretaker import Caretaker, prefix_of
from service.core.far_tier import FarTier
from service.core.fetch_metrics import SERIES as FETCH_SERIES
from service.core.fetch_metrics import FetchMeters
from service.core.fetching import Fetcher
from service.core.keepsakes import KeepsakeStore
from service.core.limits import ConcurrencyLimit
from service.core.memory import MemoryTier
from service.core.memory_accounts import memory_accounts
from service.core.memory_watch import MemoryWatch
from service.core.metrics import Instrument, Metrics, layout_of
from service.core.pipeline import Pipeline
from service.core.pool import ComputePool, cores
from service.core.ports import Channel, Tier, UseCounter
from service.core.postscripts import Stores
from service.core.workload import AnyWorkload
from service.settings import Settings

AnyPipeline: TypeAlias = Pipeline[Any, Any, Any, Any]

TIERS = ("redis", "postgres")
"""The tiers of the cache outside of the process, nearest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedCache:
    """What the caches of several processes have in common; without it each is on its own."""

    tiers: Sequence[Tier] = ()
    uses: UseCounter | None = None
    channel: Channel | None = None
    rates: SharedRates | None = None
    """Of the origins that are fetched from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Works:
    """What answers requests in one process."""

    pipelines: Sequence[AnyPipeline]
    cache: Cache
    caretaker: Caretaker
    watch: MemoryWatch
    squeezes: list[Callable[[float], None]]
    """Told which share of their room caches may take, whenever that changes."""


def open_metrics(
    workloads: Sequence[AnyWorkload],
    routes: Sequence[str] = (),
    slots: Path | None = None,
    more: Mapping[Instrument, Sequence[tuple[str, ...]]] | None = None,
) -> Metrics:
    """The metrics of one process; ``routes`` and ``slots`` are those of a process that answers HTTP."""
    layout = layout_of(workloads, routes, TIERS, queries.names())
    if any(workload.fetch for workload in workloads):
        layout = layout.joined(FETCH_SERIES)
    return Metrics(layout if more is None else layout.joined(more), slots)


@asynccontextmanager
async def fetcher_for(
    settings: Settings, meters: FetchMeters | None = None, rates: SharedRates | None = None
) -> AsyncIterator[WebFetcher]:
    """What fetches for one process, as politely as ``settings`` say, and with ``rates`` in step with all others."""
    rules = Rules(frozenset(settings.fetch_allow))
    manners = Manners(concurrency=settings.fetch_concurrency, rate=settings.fetch_rate)
    bounds = Bounds(seconds=settings.fetch_seconds)
    async with open_fetcher(
        rules, manners, bounds, rates=rates, meters=meters, keys=dict(settings.fetch_keys)
    ) as fetcher:
        yield fetcher


@asynccontextmanager
async def open_works(
    settings: Settings,
    workloads: Sequence[AnyWorkload],
    shared: SharedCache,
    metrics: Metrics,
    clock: Callable[[], float] = time.monotonic,
    keepsakes: KeepsakeStore | None = None,
    fetcher: Fetcher | None = None,
    stores: Stores | None = None,
) -> AsyncIterator[Works]:
    """One pipeline per workload over one cache; at the end what waits in the lanes is finished and kept.

    Without a ``fetcher`` there is one as ``settings`` say, where a workload fetches.
    """
    cache = Cache(
        MemoryTier(settings.cache_bytes, metrics.memory(), clock),
        [FarTier(tier, metrics.tier(tier.name), clock=clock, wall=time.time) for tier in shared.tiers],
        clock=clock,
    )
    caretaker = Caretaker(
        cache,
        name=secrets.token_hex(8),
        prefixes=[prefix_of(workload) for workload in workloads],
        uses=shared.uses,
        channel=shared.channel,
    )
    squeezes: list[Callable[[float], None]] = [lambda share: cache.memory.resize(int(settings.cache_bytes * share))]

    def relieve(share: float) -> None:
        for squeeze in squeezes:
            squeeze(share)

    watch = MemoryWatch(memory_accounts(settings.memory_bytes), metrics, relieve)
    limit = ConcurrencyLimit(settings.concurrency, metrics.limit(), clock)
    async with AsyncExitStack() as stack:
        pool = stack.enter_context(ComputePool(max(1, cores() // settings.workers)))
        if fetcher is None and any(workload.fetch for workload in workloads):
            fetcher = await stack.enter_async_context(fetcher_for(settings, FetchMeters.of(metrics), shared.rates))
        async with caretaker.working():
            pipelines = [
                Pipeline(
                    workload,
                    cache=cache,
                    limit=limit,
                    metrics=metrics,
                    pool=pool,
                    watch=watch,
                    fetcher=fetcher,
                    keepsakes=keepsakes,
                    stores=stores,
                    clock=clock,
                )
                for workload in workloads
            ]
            watch.start()
            try:
                yield Works(pipelines=pipelines, cache=cache, caretaker=caretaker, watch=watch, squeezes=squeezes)
            finally:
                watch.stop()
                for pipeline in pipelines:
                    await pipeline.close()
