"""The routes by which an administrator looks into the cache, invalidates it and warms it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Any

import msgspec
from litestar import Request, post, route
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp
from msgspec import UNSET, Meta, UnsetType

from service.core.cache_statistics import statistics_of
from service.core.caretaker import WARM_ENTRIES, Caretaker, prefix_of
from service.core.deadlines import Deadlines
from service.core.errors import UnknownResourceError
from service.core.identity import Role
from service.core.invalidation import Invalidation, WorkloadName
from service.core.metrics import Metrics
from service.core.workload import AnyWorkload
from service.web.answer import Answer
from service.web.body import BodyReader, BodyRoom
from service.web.doorman import Doorman
from service.web.exchange import exchange_in

STATISTICS_ROUTE = "/v1/cache"
INVALIDATIONS_ROUTE = "/v1/cache/invalidations"
WARMINGS_ROUTE = "/v1/cache/warmings"
CACHE_ROUTES = (STATISTICS_ROUTE, INVALIDATIONS_ROUTE, WARMINGS_ROUTE)
BODY_BYTES = 2**20
_NOT_KEPT = ((b"cache-control", b"no-store"),)

_AnyRequest = Request[Any, Any, Any]
_encode = msgspec.json.Encoder().encode


class Warming(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """What is to be loaded into memory from the farthest tier."""

    workload: Annotated[WorkloadName, Meta(description="Of this workload; of all, when left out.")] | UnsetType = UNSET
    most_frequent: Annotated[
        float,
        Meta(
            ge=1,
            le=WARM_ENTRIES,
            multiple_of=1,
            description="So many of the entries that are used most, of each workload.",
            extra_json_schema={"type": "integer"},
        ),
    ] = 1000
    """A whole number; 5.0 is one too, as JSON Schema has it."""


class CacheDesk:
    """Does what the routes ask for, for callers whose key is an administrator's."""

    def __init__(
        self,
        caretaker: Caretaker,
        metrics: Metrics,
        workloads: Iterable[AnyWorkload],
        *,
        doorman: Doorman,
        deadlines: Deadlines,
        room: BodyRoom,
    ) -> None:
        self._caretaker = caretaker
        self._metrics = metrics
        self._prefixes = {workload.name: prefix_of(workload) for workload in workloads}
        self._doorman = doorman
        self._invalidations = BodyReader(Invalidation, BODY_BYTES, deadlines, room)
        self._warmings = BodyReader(Warming, BODY_BYTES, deadlines, room)

    async def show(self, request: _AnyRequest) -> Answer:
        """What the cache did, all workers together."""
        await self._doorman.check(exchange_in(request.scope), Role.ADMIN)
        return Answer(_encode(statistics_of(self._metrics)), headers=_NOT_KEPT)

    async def invalidate(self, request: _AnyRequest) -> Answer:
        """Forget what the body says; the answer tells where that was not possible."""
        invalidation = await self._content(request, self._invalidations)
        if isinstance(invalidation.workload, str):
            self._prefix(invalidation.workload)
        return Answer(_encode(await self._caretaker.invalidate(invalidation)), headers=_NOT_KEPT)

    async def warm(self, request: _AnyRequest) -> Answer:
        """Load what the body says into the memory of every worker."""
        warming = await self._content(request, self._warmings)
        name = warming.workload
        prefixes = [self._prefix(name)] if isinstance(name, str) else list(self._prefixes.values())
        return Answer(_encode(await self._caretaker.warm(prefixes, int(warming.most_frequent))), headers=_NOT_KEPT)

    async def _content(self, request: _AnyRequest, reader: BodyReader[Any]) -> Any:
        exchange = exchange_in(request.scope)
        await self._doorman.check(exchange, Role.ADMIN)
        return reader.decode(await reader.read(exchange.headers, request.receive))

    def _prefix(self, workload: str) -> str:
        if workload not in self._prefixes:
            raise UnknownResourceError("workload", workload)
        return self._prefixes[workload]


def cache_routes(desk: CacheDesk) -> Sequence[HTTPRouteHandler]:
    """``GET /v1/cache``, ``POST /v1/cache/invalidations`` and ``POST /v1/cache/warmings``."""

    @route(STATISTICS_ROUTE, http_method=["GET", "HEAD"], name="cache")
    async def show_cache(request: _AnyRequest) -> ASGIApp:
        return await desk.show(request)

    @post(INVALIDATIONS_ROUTE, name="cache-invalidations")
    async def invalidate_cache(request: _AnyRequest) -> ASGIApp:
        return await desk.invalidate(request)

    @post(WARMINGS_ROUTE, name="cache-warmings")
    async def warm_cache(request: _AnyRequest) -> ASGIApp:
        return await desk.warm(request)

    return show_cache, invalidate_cache, warm_cache
