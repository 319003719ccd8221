from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from service.app import Adapters, Instance, open_application
from service.core.cache import Cache
from service.core.keys import Seal, Secret
from service.core.postscripts import Stores
from service.core.workload import AnyWorkload
from service.pipelines import SharedCache, open_metrics
from service.settings import Settings
from service.web.routes import all_routes
from tests.service.doubles import DictTier, FakeProbe, MemoryJobs, MemoryKeepsakes, MemoryKeys, MemoryKnown
from tests.service.memory_batches import MemoryBatches
from tests.service.memory_catalogues import MemoryCatalogues
from tests.service.running import RunningService
from tests.service.sample_workload import words_workload


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@dataclass
class House:
    """An application in this process, with doubles for what is outside."""

    client: httpx.AsyncClient
    jobs: MemoryJobs
    batches: MemoryBatches
    keepsakes: MemoryKeepsakes
    known: MemoryKnown
    catalogues: MemoryCatalogues
    keys: MemoryKeys
    tier: DictTier
    database: FakeProbe
    cache: FakeProbe
    instance: Instance
    app: Any

    @property
    def memory(self) -> Cache:
        """The cache that the application works with."""
        endpoint = next(iter(self.app._endpoints.values()))
        cache: Cache = endpoint._answers._cache
        return cache

    async def metric(self, series: str) -> float:
        text = (await self.client.get("/metrics")).text
        lines = dict(line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
        return float(lines[series])


SECRET = Secret("the secret under which tests keep keys")
OpenHouse = Callable[..., AbstractAsyncContextManager[House]]


@pytest.fixture
def open_house(tmp_path: Path) -> OpenHouse:
    """Opens an application with the given workload and settings."""

    @asynccontextmanager
    async def open_(workload: AnyWorkload | None = None, **variables: str) -> AsyncIterator[House]:
        settings = Settings.from_environment({"LOADSTONE_ACCESS_LOG": "off", **variables})
        instance = Instance.create(tmp_path)
        jobs, batches, keepsakes, known = MemoryJobs(), MemoryBatches(), MemoryKeepsakes(), MemoryKnown()
        catalogues = MemoryCatalogues()
        tier, keys = DictTier("redis"), MemoryKeys(Seal(SECRET))
        database, cache = FakeProbe("postgres"), FakeProbe("redis")
        workloads = [workload or words_workload()]
        metrics = open_metrics(workloads, all_routes(workloads))
        adapters = Adapters(
            jobs=jobs,
            batches=batches,
            keepsakes=keepsakes,
            stores=Stores(known=known, catalogues=catalogues),
            keys=keys,
            buckets=None,
            shared=SharedCache(tiers=[tier]),
            required=[database],
            helpful=[cache],
        )
        async with open_application(settings, instance, adapters, metrics, workloads) as app:
            transport = httpx.ASGITransport(app)  # type: ignore[arg-type]
            async with httpx.AsyncClient(transport=transport, base_url="http://loadstone") as client:
                yield House(
                    client, jobs, batches, keepsakes, known, catalogues, keys, tier, database, cache, instance, app
                )

    return open_


@pytest.fixture
async def house(open_house: OpenHouse) -> AsyncIterator[House]:
    """An application with the sample workload."""
    async with open_house() as opened:
        yield opened


@pytest.fixture(scope="session")
def running_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """The real service in processes of its own, on embedded servers; one for all tests, which leave it running."""
    with RunningService(tmp_path_factory.mktemp("service")) as service:
        service.wait_until_ready()
        yield service
