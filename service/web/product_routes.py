"""A tenant's catalogue, product by product: listed, shown, and taken out. They are put in as they are analysed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, route
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp
from msgspec import Meta

from service.core.catalogues import CatalogueStore
from service.core.errors import UnknownResourceError
from service.core.identity import Role
from service.web.answer import Answer
from service.web.doorman import Doorman
from service.web.exchange import Exchange, exchange_in
from service.web.file_body import options_in

ITEMS = "/v1/products/items"
ITEM = f"{ITEMS}/{{id}}"
PRODUCT_ROUTES = (ITEMS, ITEM)
LARGEST_PAGE: Final = 1_000

_NOT_KEPT = ((b"cache-control", b"private, no-cache"),)
_AnyRequest = Request[Any, Any, Any]
_encode = msgspec.json.Encoder().encode


class Paging(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which part of the catalogue is listed."""

    after: Annotated[int, Meta(ge=0, description="The `next` of the page before.")] = 0
    limit: Annotated[
        int,
        Meta(
            ge=1,
            le=LARGEST_PAGE,
            description="Products at least, if there are as many; those that came together stay together.",
        ),
    ] = 100


class ListedProduct(msgspec.Struct, frozen=True, kw_only=True):
    """A product of the catalogue."""

    id: str
    revision: Annotated[int, Meta(description="Of the catalogue, when the product was last changed.")]
    product: Annotated[msgspec.Raw, Meta(description="What was said of it.", extra_json_schema={"type": "object"})]


class ProductPage(msgspec.Struct, frozen=True, kw_only=True):
    """Products of the catalogue, in the order in which they were last changed."""

    products: tuple[ListedProduct, ...]
    total: Annotated[int, Meta(ge=0, description="Products of the whole catalogue.")]
    next: Annotated[int | None, Meta(description="`after` of the next page; null with the last one.")] = None


class ShownProduct(msgspec.Struct, frozen=True, kw_only=True):
    """A product of the catalogue."""

    id: str
    has_picture: Annotated[bool, Meta(description="Whether it is found by pictures, too.")]
    product: Annotated[msgspec.Raw, Meta(description="What was said of it.", extra_json_schema={"type": "object"})]


def product_routes(catalogues: CatalogueStore, doorman: Doorman) -> Sequence[HTTPRouteHandler]:
    """``/v1/products/items`` and what lies below."""

    @route(ITEMS, http_method=["GET", "HEAD"], name="products-list")
    async def list_products(request: _AnyRequest) -> ASGIApp:
        exchange = await _admitted(request, doorman, Role.READ)
        paging = msgspec.convert(options_in(request.scope["query_string"], Paging), Paging, from_attributes=True)
        changes = await catalogues.page(paging.after, paging.limit, exchange.tenant)
        state = await catalogues.state(exchange.tenant)
        listed = tuple(
            ListedProduct(id=change.id, revision=change.revision, product=msgspec.Raw(change.product.facts))
            for change in changes
            if change.product is not None
        )
        further = changes[-1].revision if len(changes) >= paging.limit else None
        return Answer(_encode(ProductPage(products=listed, total=state.products, next=further)), headers=_NOT_KEPT)

    @route(f"{ITEMS}/{{id:str}}", http_method=["GET", "HEAD", "DELETE"], name="product", status_code=200)
    async def one_product(request: _AnyRequest) -> ASGIApp:
        name = request.path_params["id"]
        if request.method == "DELETE":
            exchange = await _admitted(request, doorman, Role.WRITE)
            if "\0" in name or not await catalogues.remove([name], exchange.tenant):
                raise UnknownResourceError("product", name)
            return Answer(b"", status=204)
        exchange = await _admitted(request, doorman, Role.READ)
        found = [] if "\0" in name else await catalogues.find([name], exchange.tenant)
        if not found:
            raise UnknownResourceError("product", name)
        (product,) = found
        shown = ShownProduct(id=product.id, has_picture=product.picture is not None, product=msgspec.Raw(product.facts))
        return Answer(_encode(shown), headers=_NOT_KEPT)

    return list_products, one_product


async def _admitted(request: _AnyRequest, doorman: Doorman, role: Role) -> Exchange:
    exchange = exchange_in(request.scope)
    await doorman.check(exchange, role)
    return exchange
