"""Where batches are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from litestar import Request, post, route
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp

from service.web.batch_routes.desk import BatchDesk

BATCHES = "/v1/batches"
BATCH = f"{BATCHES}/{{id}}"
EVENTS, RESULTS, ERRORS = f"{BATCH}/events", f"{BATCH}/results", f"{BATCH}/errors"
MOVE = f"{BATCH}/{{verb}}"
BATCH_ROUTES = (BATCHES, BATCH, EVENTS, RESULTS, ERRORS, MOVE)

_AnyRequest = Request[Any, Any, Any]


def batch_routes(desk: BatchDesk) -> Sequence[HTTPRouteHandler]:
    """``/v1/batches`` and all that lies below."""
    one = f"{BATCHES}/{{id:str}}"

    @route(BATCHES, http_method=["GET", "HEAD", "POST"], name="batches")
    async def batches(request: _AnyRequest) -> ASGIApp:
        return await (desk.create if request.method == "POST" else desk.page)(request)

    @route(one, http_method=["GET", "HEAD", "DELETE"], name="batch", status_code=200)
    async def batch(request: _AnyRequest) -> ASGIApp:
        return await (desk.delete if request.method == "DELETE" else desk.show)(request)

    @route(f"{one}/events", http_method=["GET", "HEAD"], name="batch-events")
    async def tell_events(request: _AnyRequest) -> ASGIApp:
        return await desk.events(request)

    @route(f"{one}/results", http_method=["GET", "HEAD"], name="batch-results")
    async def give_results(request: _AnyRequest) -> ASGIApp:
        return await desk.results(request)

    @route(f"{one}/errors", http_method=["GET", "HEAD"], name="batch-errors")
    async def tell_errors(request: _AnyRequest) -> ASGIApp:
        return await desk.errors(request)

    @post(f"{one}/{{verb:str}}", name="batch-move")
    async def move_batch(request: _AnyRequest) -> ASGIApp:
        return await desk.move(request)

    return batches, batch, tell_events, give_results, tell_errors, move_batch
