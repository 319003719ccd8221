"""The route by which an administrator looks into the work of the database."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import msgspec
from litestar import Request, route
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp

from service.core.database_report import DatabaseReport
from service.core.identity import Role
from service.web.answer import Answer
from service.web.doorman import Doorman
from service.web.exchange import exchange_in

DATABASE_ROUTE = "/v1/database"
_NOT_KEPT = ((b"cache-control", b"no-store"),)

Report: TypeAlias = Callable[[], Awaitable[DatabaseReport]]
_encode = msgspec.json.Encoder().encode


def database_route(report: Report, doorman: Doorman) -> HTTPRouteHandler:
    """``GET /v1/database``: the connections, and what is known of every named query."""

    @route(DATABASE_ROUTE, http_method=["GET", "HEAD"], name="database")
    async def show_database(request: Request[Any, Any, Any]) -> ASGIApp:
        await doorman.check(exchange_in(request.scope), Role.ADMIN)
        return Answer(_encode(await report()), headers=_NOT_KEPT)

    return show_database
