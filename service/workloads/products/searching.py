"""A search: what the catalogue's index ranks first, told with what is stored of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from service.core.catalogues import StoredProduct
from service.core.errors import AnalysisError
from service.sentences import engine
from service.workloads.products import columns, index, near_duplicates, pictures
from service.workloads.products.catalogue import Catalogue
from service.workloads.products.columns import Where
from service.workloads.products.halves import stacked, unpacked
from service.workloads.products.index import Query
from service.workloads.products.items import Search, cursor_of
from service.workloads.products.lens import unit
from service.workloads.products.messages import (
    DEEPEST,
    FacetCount,
    Facets,
    Facts,
    Filters,
    Found,
    Hit,
    PriceRange,
    Seen,
)
from service.workloads.products.network import Floats

_decode = msgspec.json.Decoder(Facts).decode


class _Told(NamedTuple):
    """A hit that is told, and where it was in the ranking."""

    rank: int
    hit: index.Hit
    stored: StoredProduct


async def found(item: Search, seen: Seen, catalogue: Catalogue) -> Found:
    """What is most like ``item``, whose vectors are ``seen``; AnalysisError for what this catalogue cannot tell."""
    request, revision = item.request, catalogue.revision
    where = _where_of(request.filters)
    like = None if request.product is None else await _product(request.product, catalogue)
    if like is not None:
        seen = Seen(picture=like.picture, text=like.text)
    ranked = await catalogue.search(_query(item, seen, where, catalogue))
    # One that was removed since it was ranked is left out; the next search knows.
    stored = await catalogue.products([hit.id for hit in ranked.hits])
    told = [
        _Told(rank, hit, stored[hit.id])
        for rank, hit in enumerate(ranked.hits, item.offset)
        if hit.id in stored and hit.id != request.product
    ][: request.limit]
    end = told[-1].rank + 1 if told else ranked.fitting
    same = [None] * len(told) if like is None else _are_same(like, [each.stored for each in told])
    return Found(
        products=tuple(
            Hit(id=each.hit.id, score=_rounded(each.hit.score), product=_decode(each.stored.facts), is_same=is_same)
            for each, is_same in zip(told, same, strict=True)
        ),
        fitting=ranked.fitting,
        revision=revision,
        next=cursor_of(end) if end < ranked.fitting and end + request.limit <= DEEPEST else None,
        facets=_facets(await catalogue.facets(where)) if request.facets else None,
    )


async def _product(name: str, catalogue: Catalogue) -> StoredProduct:
    stored = await catalogue.products([name])
    if name not in stored:
        raise AnalysisError(f"there is no product {name} in your catalogue", "unknown-product")
    return stored[name]


def _query(item: Search, seen: Seen, where: Where, catalogue: Catalogue) -> Query:
    request = item.request
    picture, text = _vector(seen.picture), _vector(seen.text)
    if request.compare == "pictures" and request.text is not None and text is not None:
        imagined = catalogue.imagined(text)
        if imagined is None:
            reason = "your catalogue has too few products with pictures to compare texts with pictures"
            raise AnalysisError(reason, "too-few-pairs")
        share = request.picture_share
        picture = imagined if picture is None else unit((share * picture + (1 - share) * imagined)[None])[0]
        text = None
    # One more than is told, as what is like a product is no news if it is the product.
    return Query(
        picture=picture,
        text=text,
        picture_share=request.picture_share,
        where=where,
        words=request.text or "" if text is not None else "",
        limit=request.limit + 1 if item.offset + request.limit < index.DEEPEST else request.limit,
        offset=item.offset,
    )


def _vector(content: bytes | None) -> Floats | None:
    return None if content is None else unpacked(content)


def _where_of(filters: Filters) -> Where:
    return Where(filters.categories, filters.price.least, filters.price.most, filters.attributes)


def _are_same(one: StoredProduct, others: list[StoredProduct]) -> list[bool]:
    looks = near_duplicates.likeness(
        _vector(one.picture), _stacked([other.picture for other in others], pictures.LENGTH)
    )
    words = near_duplicates.likeness(_vector(one.text), _stacked([other.text for other in others], engine.LENGTH))
    return [bool(verdict) for verdict in near_duplicates.are_same(looks, words)]


def _stacked(contents: list[bytes | None], length: int) -> Floats:
    empty = bytes(2 * length)
    return stacked([content or empty for content in contents], length)


def _facets(counted: columns.Facets) -> Facets:
    return Facets(
        categories=_counts(counted.categories),
        attributes={name: _counts(counted.attributes[name]) for name in sorted(counted.attributes)},
        price=PriceRange(least=counted.least_price, most=counted.most_price),
    )


def _counts(counted: Mapping[str, int]) -> tuple[FacetCount, ...]:
    ordered = sorted(counted.items(), key=lambda each: (-each[1], each[0]))
    return tuple(FacetCount(value=value, products=count) for value, count in ordered)


def _rounded(score: float) -> float:
    return round(min(score, 1.0), 4)
