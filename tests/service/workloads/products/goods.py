"""Products with made-up vectors, for tests of what is done with vectors."""

from __future__ import annotations

from hashlib import blake2b

import msgspec
import numpy as np

from service.sentences import engine
from service.workloads.products import pictures
from service.workloads.products.halves import packed
from service.workloads.products.items import Placement, items_of
from service.workloads.products.lens import unit
from service.workloads.products.messages import Facts, Found, Kept, SearchRequest, Seen
from service.workloads.products.network import Floats
from service.workloads.products.shop import Shop


def direction(place: int, length: int, beside: int | None = None) -> Floats:
    """The unit vector along axis ``place``, or half way to another axis."""
    vector = np.zeros((1, length), np.float32)
    vector[0, place] = 1
    if beside is not None:
        vector[0, beside] = 1
    whole: Floats = unit(vector)[0]
    return whole


def text(place: int, beside: int | None = None) -> bytes:
    """The vector of a text."""
    return packed(direction(place, engine.LENGTH, beside))


def look(place: int, beside: int | None = None) -> bytes:
    """The vector of a picture."""
    return packed(direction(place, pictures.LENGTH, beside))


def placement(name: str, **facts: object) -> Placement:
    """A product to be put in."""
    return Placement(id=name, facts=msgspec.convert({"title": name, **facts}, Facts))


async def put(shop: Shop, *goods: tuple[Placement, Seen], tenant: str = "acme") -> list[Kept]:
    """What the shop says to products that are put in together."""
    written = await shop.write(list(goods), tenant)
    return [told.kept for told in written if isinstance(told, Seen) and told.kept is not None]


async def found(shop: Shop, seen: Seen, tenant: str = "acme", **question: object) -> Found:
    """What a search whose vectors are ``seen`` finds; what it failed with is raised."""
    given = question if "product" in question else {"text": blake2b(repr(seen).encode()).hexdigest(), **question}
    (item,) = items_of(msgspec.convert(given, SearchRequest))
    (told,) = await shop.write([(item, seen)], tenant)
    if not isinstance(told, Seen):
        raise told
    assert told.found is not None
    return told.found


def names(answer: Found) -> list[str]:
    """Of the products that were found, in order."""
    return [hit.id for hit in answer.products]
