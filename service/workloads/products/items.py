"""What the pipeline handles: a product that is put in, or a search."""

from __future__ import annotations

import base64
import binascii
import re
from hashlib import sha256
from typing import Final

import msgspec

from service.core.errors import InvalidRequestError
from service.pictures.sources import Source, source_of
from service.workloads.products.messages import DEEPEST, Facts, Product, ProductsRequest, SearchRequest

_CURSOR: Final = re.compile(rb"[0-9]{1,4}")


class Placement(Source, frozen=True, gc=False, kw_only=True):
    """A product that is put into the catalogue."""

    id: str
    facts: Facts

    @property
    def passage(self) -> str:
        """The text by which it is found."""
        return passage_of(self.facts)


class Search(Source, frozen=True, gc=False, kw_only=True):
    """A search."""

    request: SearchRequest
    offset: int = 0


Item = Placement | Search


def items_of(request: ProductsRequest | SearchRequest) -> list[Item]:
    """The products of ``request``, or its one search; InvalidRequestError for what cannot be."""
    if isinstance(request, SearchRequest):
        return [_search_of(request)]
    return [placement_of(product, f"$.products[{place}]") for place, product in enumerate(request.products)]


def placement_of(product: Product, pointer: str) -> Placement:
    """The item of ``product``; InvalidRequestError, below ``pointer``, for a picture that cannot be."""
    if not product.title.strip():
        raise InvalidRequestError(f"{pointer}.title", "the title is blank")
    facts = Facts(**{name: getattr(product, name) for name in Facts.__struct_fields__})
    if product.image_url is None and product.data is None:
        return Placement(id=product.id, facts=facts)
    try:
        source = source_of(product.image_url, product.data)
    except InvalidRequestError as error:
        place = {"$.url": ".image_url", "$.data": ".data"}.get(error.pointer, "")
        reason = error.reason if place else "send either image_url or data"
        raise InvalidRequestError(pointer + place, reason) from None
    return Placement(url=source.url, content=source.content, digest=source.digest, id=product.id, facts=facts)


def passage_of(facts: Facts) -> str:
    """What is read of a product: its title first, as the end of what is long is not."""
    kinds = ", ".join(value for value in (facts.category, *facts.attributes.values()) if value)
    return ". ".join(part for part in (facts.title.strip(), kinds, facts.description.strip()) if part)


def lane_of(item: Item) -> str:
    """Products one way, searches the other; one that wants no cache is asked anew."""
    if isinstance(item, Placement):
        return "catalogue"
    return "query" if item.request.use_cache else "fresh"


def key_of(item: Item) -> bytes:
    """The text and the picture: nothing else matters for their vectors."""
    text = item.passage if isinstance(item, Placement) else item.request.text or ""
    digest = sha256(text.encode("utf-8", "surrogatepass")).digest()
    return digest + (item.key if item.url is not None or item.content is not None else b"")


def cursor_of(offset: int) -> str:
    """What a caller sends to go on at ``offset``."""
    return base64.urlsafe_b64encode(b"%d" % offset).decode("ascii").rstrip("=")


def _search_of(request: SearchRequest) -> Search:
    has_picture = request.url is not None or request.data is not None
    if request.product is not None:
        if request.text is not None or has_picture:
            raise InvalidRequestError("$.product", "what is like a product has no text and no picture beside it")
    elif request.text is None and not has_picture:
        raise InvalidRequestError("$", "there is nothing to look for: send text, url, data or product")
    if request.text is not None and not request.text.strip():
        raise InvalidRequestError("$.text", "the text is blank")
    source = source_of(request.url, request.data) if has_picture else Source()
    offset = _offset_in(request.cursor)
    if offset + request.limit > DEEPEST:
        raise InvalidRequestError("$.cursor", f"a search tells {DEEPEST:,} products, and no more")
    # The file is the item's; were it the request's, too, each kept question would hold it.
    question = msgspec.structs.replace(request, data=None)
    return Search(url=source.url, content=source.content, digest=source.digest, request=question, offset=offset)


def _offset_in(cursor: str | None) -> int:
    if cursor is None:
        return 0
    try:
        told = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except (ValueError, binascii.Error):
        told = b""
    if not _CURSOR.fullmatch(told):
        raise InvalidRequestError("$.cursor", "this is no `next` of a page before")
    return int(told)
