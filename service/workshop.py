"""What a worker answers and works by: the pipelines, over the caches of the service, and what they are measured by."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

import msgspec

from service.adapters.catalogues import PostgresCatalogues
from service.adapters.database import open_database
from service.adapters.fetching.fetcher import WebFetcher
from service.adapters.keepsakes import PostgresKeepsakes
from service.adapters.known_images import PostgresKnownImages
from service.adapters.origin_rates import RedisRates
from service.adapters.redis import RedisChannel, RedisTier, open_client
from service.core import worker_metrics
from service.core.fetch_metrics import FetchMeters
from service.core.memory_watch import MemoryWatch
from service.core.metrics import Metrics
from service.core.postscripts import Stores
from service.core.workload import AnyWorkload
from service.pipelines import AnyPipeline, SharedCache, fetcher_for, open_metrics, open_works
from service.settings import Settings

CONNECTIONS = 2
"""By which a worker keeps files and looks for near duplicates; they are opened when they are first needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """What one worker process has."""

    pipelines: Mapping[str, AnyPipeline]
    """By workload."""
    metrics: Metrics
    watch: MemoryWatch
    fetcher: WebFetcher | None
    """None where no workload fetches."""


@asynccontextmanager
async def open_workshop(settings: Settings, workloads: Sequence[AnyWorkload]) -> AsyncIterator[Workshop]:
    """That of ``workloads`` over the caches of the service; without Redis over memory alone.

    Unlike a process of the service, which has neighbours, a worker computes on all cores.
    """
    async with AsyncExitStack() as stack:
        metrics = open_metrics(workloads, more=worker_metrics.series(workload.name for workload in workloads))
        stack.callback(metrics.close)
        shared = SharedCache()
        if settings.redis_url is not None:
            client = open_client(settings.redis_url)
            stack.push_async_callback(client.aclose)
            prefix = settings.redis_prefix
            shared = SharedCache(
                tiers=(RedisTier(client, prefix),),
                channel=RedisChannel(client, prefix),
                rates=RedisRates(client, prefix, secrets.token_hex(8)),
            )
        keepsakes, stores, fetcher = None, Stores(), None
        if settings.database_url is not None:
            database = await stack.enter_async_context(
                open_database(settings.database_url, size=CONNECTIONS, application="loadstone-worker-files")
            )
            keepsakes = PostgresKeepsakes(database)
            stores = Stores(known=PostgresKnownImages(database), catalogues=PostgresCatalogues(database))
        if any(workload.fetch for workload in workloads):
            opened = fetcher_for(settings, FetchMeters.of(metrics), shared.rates)
            fetcher = await stack.enter_async_context(opened)
        alone = msgspec.structs.replace(settings, workers=1)
        works = await stack.enter_async_context(
            open_works(alone, workloads, shared, metrics, keepsakes=keepsakes, fetcher=fetcher, stores=stores)
        )
        pipelines = {pipeline.workload.name: pipeline for pipeline in works.pipelines}
        yield Workshop(pipelines=pipelines, metrics=metrics, watch=works.watch, fetcher=fetcher)
