"""What a worker tells of itself over HTTP: whether it lives, whether it is ready, what it did, whom it fetches from."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from http import HTTPStatus
from importlib.metadata import version
from typing import Final

import msgspec

from service.adapters.fetching.origins import OriginState
from service.adapters.lookout import TEXT, Document, Writer
from service.campaigns.meters import WorkerMeters
from service.core.exposition import render
from service.core.worker_metrics import MEMORY_LIMIT, RESTARTS, SLOW_RATE, SLOW_RUNNING, SLOWEST
from service.settings import Settings
from service.workshop import Workshop

MOST_ORIGINS = 1_000
"""Of the latest that were asked, among which the slowest are found."""
TOLD_ORIGINS = 100


class View:
    """Writes the documents of one worker, which ``stop`` tells to end; ``before`` counts those that it replaces."""

    PATHS: Final = ("/health/live", "/health/ready", "/metrics", "/origins")

    def __init__(
        self, shop: Workshop, meters: WorkerMeters, settings: Settings, stop: asyncio.Event, before: Mapping[str, int]
    ) -> None:
        self._shop = shop
        self._meters = meters
        self._settings = settings
        self._stop = stop
        self._began = time.time()
        shop.metrics.level(MEMORY_LIMIT).set(settings.worker_memory_bytes)
        for reason, count in before.items():
            shop.metrics.level(RESTARTS, reason).set(count)

    @property
    def writers(self) -> Mapping[str, Writer]:
        """Each document by its path."""
        return dict(zip(self.PATHS, (self.live, self.ready, self.metrics, self.origins), strict=True))

    async def live(self) -> Document:
        """The event loop answers."""
        return Document(b'{"status":"pass"}')

    async def ready(self) -> Document:
        """It takes what there is to do; not once it was told to stop."""
        if self._stop.is_set():
            return Document(b'{"status":"fail","output":"the worker is about to stop"}', status=_STOPPING)
        return Document(b'{"status":"pass"}')

    async def metrics(self) -> Document:
        """What it did, in Prometheus text format."""
        self._meters.refresh()
        for rank, origin in enumerate(self._slowest()[:SLOWEST], 1):
            self._shop.metrics.level(SLOW_RATE, str(rank)).set(origin.rate)
            self._shop.metrics.level(SLOW_RUNNING, str(rank)).set(origin.running)
        facts = {"version": version("loadstone"), "environment": str(self._settings.environment)}
        text = render(self._shop.metrics, **facts, started_at=self._began)
        return Document(text + self._shop.watch.exposition(), TEXT)

    async def origins(self) -> Document:
        """The origins that are asked least often, by name."""
        told = [origin._asdict() for origin in self._slowest()[:TOLD_ORIGINS]]
        return Document(msgspec.json.encode({"origins": told}))

    def _slowest(self) -> list[OriginState]:
        if self._shop.fetcher is None:
            return []
        return sorted(self._shop.fetcher.states(MOST_ORIGINS), key=lambda origin: origin.rate)


_STOPPING = HTTPStatus.SERVICE_UNAVAILABLE
