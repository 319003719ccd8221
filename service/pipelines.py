"""Wires the workloads to caches and lanes; the service and the worker answer by the same pipelines."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeAlias

from service.core.cache import Cache, GuardedTier, MemoryTier
from service.core.limits import ConcurrencyLimit
from service.core.metrics import Metrics, layout_of
from service.core.pipeline import Pipeline
from service.core.ports import Tier
from service.core.workload import AnyWorkload
from service.settings import Settings

AnyPipeline: TypeAlias = Pipeline[Any, Any, Any, Any]


@asynccontextmanager
async def open_pipelines(
    settings: Settings,
    workloads: Sequence[AnyWorkload],
    shared: Tier | None,
    routes: Sequence[str] = (),
    slots: Path | None = None,
) -> AsyncIterator[tuple[Sequence[AnyPipeline], Metrics]]:
    """One pipeline per workload, and what they measure; at the end what waits in the lanes is finished.

    ``shared`` is the cache that several processes have in common, if there is one; ``routes`` and ``slots``
    are those of `Metrics`, for a process that answers HTTP.
    """
    clock = time.monotonic
    memory = MemoryTier(settings.cache_bytes, clock)
    tiers: tuple[Tier, ...] = (memory,) if shared is None else (memory, GuardedTier(shared, clock))
    metrics = Metrics(layout_of(workloads, routes, [tier.name for tier in tiers]), slots)
    near, whole = Cache((memory,), metrics), Cache(tiers, metrics)
    limit = ConcurrencyLimit(settings.concurrency)
    pipelines = [Pipeline(workload, near=near, whole=whole, limit=limit, metrics=metrics) for workload in workloads]
    try:
        yield pipelines, metrics
    finally:
        for pipeline in pipelines:
            await pipeline.close()
        await whole.drain()
        metrics.close()
