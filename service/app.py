"""The composition root: settings -> adapters -> pipelines -> routes. The only file that knows every layer."""

from __future__ import annotations

import gc
import logging
import os
import secrets
import signal
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
from litestar import Litestar
from litestar.handlers import HTTPRouteHandler
from litestar.plugins import PluginProtocol
from litestar.plugins.core import MsgspecDIPlugin
from litestar.types import ASGIApp

from service.adapters import launch
from service.adapters.batches import PostgresBatches
from service.adapters.cache_table import CacheTable
from service.adapters.catalogues import PostgresCatalogues
from service.adapters.database import open_database
from service.adapters.keepsakes import PostgresKeepsakes
from service.adapters.keys import PostgresKeys
from service.adapters.known_images import PostgresKnownImages
from service.adapters.origin_rates import RedisRates
from service.adapters.postgres import PostgresJobs, PostgresProbe
from service.adapters.redis import RedisChannel, RedisProbe, RedisTier, open_client
from service.adapters.statistics import StatisticsWatch, report
from service.adapters.token_bucket import RedisBuckets
from service.adapters.traces import open_tracer
from service.core.batches import BatchStore
from service.core.catalogues import CatalogueStore
from service.core.deadlines import Deadlines
from service.core.exposition import render
from service.core.keepsakes import KeepsakeStore
from service.core.keyring import Keyring
from service.core.keys import Seal
from service.core.known import KnownStore
from service.core.memory_watch import MemoryWatch, give_back
from service.core.metrics import Metrics
from service.core.ports import JobStore, KeyStore, Probe, TokenSource, TraceSink
from service.core.postscripts import Stores
from service.core.rate import RateLimiter
from service.core.workload import AnyWorkload, Belonging
from service.pipelines import SharedCache, open_metrics, open_works
from service.settings import Settings
from service.web import documentation, routes
from service.web.answers import Answers
from service.web.batch_routes import BatchDesk, batch_routes
from service.web.batch_routes.uploads import Uploads
from service.web.body import BodyReader, BodyRoom
from service.web.cache_routes import CacheDesk, cache_routes
from service.web.compression import Compressor
from service.web.database_routes import Report, database_route
from service.web.doorman import Doorman
from service.web.endpoint import Endpoint, path_of
from service.web.file_body import FileReader
from service.web.health import Doctor
from service.web.insight import Insight
from service.web.known_routes import known_route
from service.web.logs import AccessLog, LineWriter, Timestamps
from service.web.middleware import Observer
from service.web.openapi import document
from service.web.problems import EXCEPTION_HANDLERS
from service.web.product_routes import product_routes
from service.web.server_timing import CHOICES
from service.web.thumbnail_routes import thumbnail_route
from service.web.tracing import request_ids
from service.workloads import WORKLOADS

VERSION = version("loadstone")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Instance:
    """What the worker processes of one running service have in common; lies in ``folder``."""

    folder: Path
    started_at: float
    """Unix time."""

    @property
    def slots(self) -> Path:
        """Where each worker keeps its numbers."""
        return self.folder / "slots"

    def is_draining(self) -> bool:
        """Whether the service is about to stop."""
        return self._mark.exists()

    def drain(self) -> None:
        """Tell all workers that the service is about to stop."""
        self._mark.touch()

    @property
    def _mark(self) -> Path:
        return self.folder / "draining"

    @classmethod
    def create(cls, folder: Path) -> Instance:
        """A new instance in the empty ``folder``, started now."""
        instance = cls(folder, time.time())
        instance.slots.mkdir()
        return instance


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapters:
    """The outside, as the core and the routes ask for it."""

    jobs: JobStore
    keys: KeyStore
    buckets: TokenSource | None
    shared: SharedCache
    required: Sequence[Probe]
    helpful: Sequence[Probe]
    batches: BatchStore | None = None
    keepsakes: KeepsakeStore | None = None
    stores: Stores = field(default_factory=Stores)
    traces: TraceSink | None = None
    database_report: Report | None = None
    database_exposition: Callable[[], bytes] = bytes
    """What the database says of itself, for Prometheus."""


@asynccontextmanager
async def open_adapters(settings: Settings, metrics: Metrics) -> AsyncIterator[Adapters]:
    """The real ones, for ``settings`` that name both servers."""
    if settings.database_url is None or settings.redis_url is None:
        raise ValueError("the servers are started before the application")
    async with AsyncExitStack() as stack:
        client = open_client(settings.redis_url)
        stack.push_async_callback(client.aclose)
        database = await stack.enter_async_context(
            open_database(
                settings.database_url, size=settings.database_pool_size, application="loadstone-serve", metrics=metrics
            )
        )
        statistics = StatisticsWatch(database)
        stack.push_async_callback(statistics.close)
        traces = None
        if settings.traces:
            tracer = open_tracer(settings.traces_url, metrics, version=VERSION, environment=settings.environment)
            traces = await stack.enter_async_context(tracer)
        table = CacheTable(database, settings.cache_rows)
        yield Adapters(
            jobs=PostgresJobs(database),
            batches=PostgresBatches(database),
            keepsakes=PostgresKeepsakes(database),
            stores=Stores(known=PostgresKnownImages(database), catalogues=PostgresCatalogues(database)),
            keys=PostgresKeys(database),
            buckets=RedisBuckets(client, settings.redis_prefix),
            shared=SharedCache(
                tiers=(RedisTier(client, settings.redis_prefix), table),
                uses=table,
                channel=RedisChannel(client, settings.redis_prefix),
                rates=RedisRates(client, settings.redis_prefix, secrets.token_hex(8)),
            ),
            required=[PostgresProbe(database)],
            helpful=[RedisProbe(client)],
            traces=traces,
            database_report=partial(report, database, metrics),
            database_exposition=statistics.exposition,
        )


class _Framework(Litestar):
    """Litestar without its plugins for Pydantic and attrs: nothing here needs them, and each worker saves 7 MiB."""

    @staticmethod
    def _get_default_plugins(plugins: list[PluginProtocol]) -> list[PluginProtocol]:
        return [*plugins, MsgspecDIPlugin()]


@asynccontextmanager
async def open_application(
    settings: Settings,
    instance: Instance,
    adapters: Adapters,
    metrics: Metrics,
    workloads: Sequence[AnyWorkload] = WORKLOADS,
    clock: Callable[[], float] = time.monotonic,
) -> AsyncIterator[ASGIApp]:
    """The application, in the event loop that serves it; at the end what waits in the lanes is finished."""
    access_log = AccessLog(LineWriter(sys.stderr.fileno()), Timestamps()) if settings.logs_requests else None
    async with AsyncExitStack() as stack:
        works = await stack.enter_async_context(
            open_works(settings, workloads, adapters.shared, metrics, clock, adapters.keepsakes, stores=adapters.stores)
        )
        doorman = await stack.enter_async_context(_doorman(settings, adapters, metrics, clock))
        answers = Answers(settings.answer_bytes, works.cache, clock)
        works.squeezes.append(lambda share: answers.resize(int(settings.answer_bytes * share)))
        deadlines, room = Deadlines(settings.body_seconds, clock), BodyRoom(settings.body_memory_bytes)
        endpoints = [
            Endpoint(
                pipeline,
                doorman=doorman,
                reader=BodyReader(request, pipeline.workload.body_bytes, deadlines, room),
                answers=answers,
                jobs=adapters.jobs,
                metrics=metrics,
                files=_file_reader(pipeline.workload, deadlines, room) if door is None else None,
                door=door,
            )
            for pipeline in works.pipelines
            for door, request in _questions(pipeline.workload)
        ]

        def scrape() -> bytes:
            own = render(metrics, version=VERSION, environment=settings.environment, started_at=instance.started_at)
            return own + works.watch.exposition() + adapters.database_exposition()

        framework = _Framework(
            route_handlers=[
                *map(routes.workload_route, endpoints),
                routes.job_route(adapters.jobs, doorman),
                *routes.health_routes(_doctor(settings, instance, adapters, works.watch)),
                routes.metrics_route(scrape),
                *cache_routes(
                    CacheDesk(works.caretaker, metrics, workloads, doorman=doorman, deadlines=deadlines, room=room)
                ),
                *_thumbnail_routes(adapters.keepsakes, workloads, doorman),
                *_known_routes(adapters.stores.known, workloads, doorman),
                *_product_routes(adapters.stores.catalogues, workloads, doorman),
                *_batch_routes(settings, instance, adapters.batches, workloads, doorman),
                *([database_route(adapters.database_report, doorman)] if adapters.database_report else []),
                *_pages(settings, workloads),
            ],
            exception_handlers=EXCEPTION_HANDLERS,
            openapi_config=None,
            logging_config=None,
        )
        try:
            yield Observer(
                framework,
                metrics=metrics,
                new_id=request_ids(os.urandom),
                compressor=Compressor(settings.compression),
                insight=_insight(settings, adapters),
                access_log=access_log,
                endpoints={endpoint.path: endpoint for endpoint in endpoints},
            )
        finally:
            if access_log is not None:
                access_log.flush()


@asynccontextmanager
async def _doorman(
    settings: Settings, adapters: Adapters, metrics: Metrics, clock: Callable[[], float]
) -> AsyncIterator[Doorman]:
    rates = RateLimiter(adapters.buckets, metrics, share=1 / settings.workers, clock=clock)
    keyring = None
    if settings.keys:
        seals = list(map(Seal, settings.key_secrets or ()))
        keyring = Keyring(adapters.keys, seals, metrics, rate=settings.key_rate, clock=clock)
    try:
        yield Doorman(keyring, rates)
    finally:
        await rates.close()
        if keyring is not None:
            await keyring.close()


class Application:
    """What Granian runs in each worker process: opens everything at its start, closes it at its end."""

    def __init__(self, settings: Settings, instance: Instance) -> None:
        self._settings = settings
        self._instance = instance
        self._stack = AsyncExitStack()
        self._answer: ASGIApp

    def __call__(self, scope: Any, receive: Any, send: Any) -> Awaitable[None]:
        """Serve one request, or the life of the process."""
        if scope["type"] == "http":
            return self._answer(scope, receive, send)
        return self._live(receive, send)

    async def _live(self, receive: Any, send: Any) -> None:
        await receive()
        try:
            await self._open()
        except Exception as error:
            _log.exception("the worker cannot start")
            await self._stack.aclose()
            await send({"type": "lifespan.startup.failed", "message": str(error)})
            return
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await self._stack.aclose()
        await send({"type": "lifespan.shutdown.complete"})

    async def _open(self) -> None:
        # A worker must not outlive its supervisor, which the kernel sees to even when that is killed.
        launch.call("prctl", launch.PR_SET_PDEATHSIG, int(signal.SIGTERM), 0, 0, 0)
        for workload in WORKLOADS:
            workload.prepare()
        metrics = open_metrics(WORKLOADS, routes.all_routes(WORKLOADS), self._instance.slots)
        self._stack.callback(metrics.close)
        adapters = await self._stack.enter_async_context(open_adapters(self._settings, metrics))
        self._answer = await self._stack.enter_async_context(
            open_application(self._settings, self._instance, adapters, metrics)
        )
        give_back()
        gc.freeze()  # what lives as long as the process need not be looked through again


def openapi_document(workloads: Sequence[AnyWorkload] = WORKLOADS) -> bytes:
    """The OpenAPI document as JSON."""
    return msgspec.json.encode(document(workloads, VERSION))


def _insight(settings: Settings, adapters: Adapters) -> Insight | None:
    choice = CHOICES[settings.server_timing]
    return Insight(choice, adapters.traces) if choice or adapters.traces else None


def _doctor(settings: Settings, instance: Instance, adapters: Adapters, watch: MemoryWatch) -> Doctor:
    return Doctor(
        required=adapters.required,
        helpful=adapters.helpful,
        is_draining=instance.is_draining,
        patience=settings.probe_seconds,
        version=VERSION,
        environment=settings.environment,
        workers=settings.workers,
        started_at=instance.started_at,
        memory=watch,
    )


def _thumbnail_routes(
    keepsakes: KeepsakeStore | None, workloads: Sequence[AnyWorkload], doorman: Doorman
) -> Sequence[HTTPRouteHandler]:
    if keepsakes is None or not routes.has(Belonging.THUMBNAILS, workloads):
        return ()
    return (thumbnail_route(keepsakes, doorman),)


def _known_routes(
    known: KnownStore | None, workloads: Sequence[AnyWorkload], doorman: Doorman
) -> Sequence[HTTPRouteHandler]:
    if known is None or not routes.has(Belonging.KNOWN_PICTURES, workloads):
        return ()
    return (known_route(known, doorman),)


def _product_routes(
    catalogues: CatalogueStore | None, workloads: Sequence[AnyWorkload], doorman: Doorman
) -> Sequence[HTTPRouteHandler]:
    if catalogues is None or not routes.has(Belonging.CATALOGUE, workloads):
        return ()
    return product_routes(catalogues, doorman)


def _questions(workload: AnyWorkload) -> Sequence[tuple[str | None, type[msgspec.Struct]]]:
    """What a workload is asked, at ``/v1/NAME`` (None) and at its doors."""
    return [(None, workload.request), *((name, door.request) for name, door in workload.doors.items())]


def _file_reader(workload: AnyWorkload, deadlines: Deadlines, room: BodyRoom) -> FileReader | None:
    return None if workload.upload is None else FileReader(workload.upload, deadlines, room)


def _batch_routes(
    settings: Settings,
    instance: Instance,
    batches: BatchStore | None,
    workloads: Sequence[AnyWorkload],
    doorman: Doorman,
) -> Sequence[HTTPRouteHandler]:
    if batches is None:
        return ()
    rules = {workload.name: workload.batch for workload in workloads if workload.batch is not None}
    uploads = Uploads(batches, rules, settings.body_seconds)
    return batch_routes(BatchDesk(batches, uploads, doorman=doorman, is_draining=instance.is_draining))


def _pages(settings: Settings, workloads: Sequence[AnyWorkload]) -> list[HTTPRouteHandler]:
    content = document(workloads, VERSION, keys=settings.keys)
    index = {
        "name": "loadstone",
        "version": VERSION,
        "workloads": [path_of(workload) for workload in workloads],
        "documentation": "/docs",
        "openapi": "/openapi.json",
        "health": "/health",
        "metrics": "/metrics",
    }
    return [
        routes.constant_route("/", msgspec.json.encode(index)),
        routes.constant_route("/openapi.json", msgspec.json.encode(content)),
        routes.constant_route("/docs", documentation.page(content), routes.HTML, documentation.SECURITY),
        routes.problem_route(),
    ]
