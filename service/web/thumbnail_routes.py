"""Where thumbnails are: pictures that never change under their name, for those whose they are."""

from __future__ import annotations

from typing import Any

from litestar import Request, route
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp

from service.core.errors import UnknownResourceError
from service.core.identity import Role
from service.core.keepsakes import KeepsakeStore
from service.web.answer import Answer
from service.web.doorman import Doorman
from service.web.exchange import exchange_in

THUMBNAIL_ROUTE = "/v1/images/thumbnails/{id}"
_FOR_EVER = (b"cache-control", b"private, max-age=31536000, immutable")

_AnyRequest = Request[Any, Any, Any]


def thumbnail_route(keepsakes: KeepsakeStore, doorman: Doorman) -> HTTPRouteHandler:
    """``GET /v1/images/thumbnails/ID``: a picture that a request or a batch of the caller's tenant had made."""

    @route("/v1/images/thumbnails/{id:str}", http_method=["GET", "HEAD"], name="thumbnail")
    async def show_thumbnail(request: _AnyRequest) -> ASGIApp:
        exchange = exchange_in(request.scope)
        await doorman.check(exchange, Role.READ)
        identifier = request.path_params["id"]
        found = await keepsakes.find(identifier, exchange.tenant)
        if found is None:
            raise UnknownResourceError("thumbnail", identifier)
        media_type = found.media_type.encode("ascii")
        return Answer(found.content, media_type=media_type, headers=(_FOR_EVER,), tagged=True, compressible=False)

    return show_thumbnail
