"""What a tenant's pictures are known by may be forgotten, one by one."""

from __future__ import annotations

import re
from typing import Any, Final

from litestar import Request, delete
from litestar.handlers import HTTPRouteHandler

from service.core.errors import UnknownResourceError
from service.core.identity import Role
from service.core.known import KnownStore
from service.web.doorman import Doorman
from service.web.exchange import exchange_in

KNOWN_ROUTE = "/v1/images/known/{sha256}"
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")

_AnyRequest = Request[Any, Any, Any]


def known_route(known: KnownStore, doorman: Doorman) -> HTTPRouteHandler:
    """``DELETE /v1/images/known/SHA256``: a picture of the caller's tenant is known no more."""

    @delete("/v1/images/known/{sha256:str}", name="known-image")
    async def forget_image(request: _AnyRequest) -> None:
        exchange = exchange_in(request.scope)
        await doorman.check(exchange, Role.WRITE)
        digest = request.path_params["sha256"]
        if not _DIGEST.fullmatch(digest) or not await known.forget(bytes.fromhex(digest), exchange.tenant):
            raise UnknownResourceError("known picture", digest)

    return forget_image
