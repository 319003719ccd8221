"""What the products scenario sends; pure, so that it can be tested alone."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from random import Random
from typing import Annotated, Any, Literal

import msgspec

from loadtests._exchange import Exchange
from loadtests._payloads._corpus import Zipf
from loadtests._payloads._goods import Good, good
from loadtests._payloads._hits import hit_ratio as hit_ratio_of
from loadtests._payloads._pictures import Size, draw_motifs, picture
from loadtests._products_answers import Asked, check_found, check_kept

Way = Literal["text", "picture", "filtered"]
Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Weight = Annotated[float, msgspec.Meta(ge=0.0, le=1e9)]
LIMIT = 10
"""Products that are asked for."""
_SIZE: Size = "tiny"


class Payloads(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The ``[payloads.products]`` table of a plan."""

    stock: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 500
    """Products of the catalogue, which are put in again and again, and searches for each of them."""
    zipf: Annotated[float, msgspec.Meta(ge=0.0, le=4.0)] = 1.0
    """Exponent of the popularity law over what is looked for: 0 looks for all equally often."""
    unique: Share = 0.3
    """Share of searches that nobody made before, which no cache can answer."""
    placing: Share = 0.05
    """Share of requests that put products in."""
    together: Annotated[int, msgspec.Meta(ge=1, le=100)] = 4
    """Products that are put in with one request."""
    pictured: Share = 0.5
    """Share of products that have a picture."""
    ways: dict[Way, Weight] = msgspec.field(default_factory=lambda: {"text": 0.6, "picture": 0.2, "filtered": 0.2})
    """Weights of searches by text, by picture, and by text with filters and facets."""

    def __post_init__(self) -> None:
        if not sum(self.ways.values()):
            raise ValueError("the weights of `ways` add up to nothing")


_encoder = msgspec.json.Encoder()


def exchanges(payloads: Payloads, random: Random) -> Iterator[Exchange]:
    """Requests without end; equal ``random`` states give equal requests. The first ones fill the catalogue."""
    law = Zipf(payloads.stock, payloads.zipf)
    ways, weights = zip(*payloads.ways.items(), strict=True)
    draw_motifs(_SIZE)
    while True:
        if random.random() < payloads.placing:
            first = random.randrange(payloads.stock)
            yield _placing(payloads, [(first + step) % payloads.stock for step in range(payloads.together)])
            continue
        (way,) = random.choices(ways, weights)
        number = law.draw(random)
        serial = random.getrandbits(32) if random.random() < payloads.unique else 0
        yield _search(way, number, serial)


def known(payloads: Payloads) -> Iterator[Exchange]:
    """The whole stock put in, and then looked for once in every way: only unique searches are new to a cache."""
    for first in range(0, payloads.stock, payloads.together):
        yield _placing(payloads, list(range(first, min(first + payloads.together, payloads.stock))))
    for way, weight in payloads.ways.items():
        if weight:
            yield from (_search(way, number, 0) for number in range(payloads.stock))


def hit_ratio(payloads: Payloads, requests: float, *, entries: float = math.inf) -> float:
    """The share of ``requests`` whose vectors a cache, empty at first, is expected to know; it has ``entries``."""
    law, total = Zipf(payloads.stock, payloads.zipf), sum(payloads.ways.values())
    found = 0.0
    for weight in payloads.ways.values():
        share = (1 - payloads.placing) * weight / total
        found += share * hit_ratio_of(law, share * requests, unique=payloads.unique, entries=share * entries)
    placed = payloads.placing * payloads.together * requests
    again = 1 - payloads.stock * (1 - math.exp(-placed / payloads.stock)) / placed if placed else 0.0
    return found + payloads.placing * again


def _placing(payloads: Payloads, numbers: list[int]) -> Exchange:
    goods = [good(number) for number in numbers]
    pictured = [_is_pictured(payloads, number) for number in numbers]
    products = [
        _product(each, number) if has_picture else _product(each, None)
        for each, number, has_picture in zip(goods, numbers, pictured, strict=True)
    ]
    body = _encoder.encode({"products": products})
    names = [(each.id, has_picture) for each, has_picture in zip(goods, pictured, strict=True)]
    return Exchange(body=body, items=len(goods), check=partial(check_kept, names))


def _product(one: Good, picture_number: int | None) -> dict[str, Any]:
    told: dict[str, Any] = {
        "id": one.id,
        "title": one.title,
        "description": one.description,
        "category": one.category,
        "price": one.price,
        "attributes": one.attributes,
    }
    return told if picture_number is None else {**told, "data": picture(_SIZE, picture_number).content}


def _is_pictured(payloads: Payloads, number: int) -> bool:
    return Random(number).random() < payloads.pictured


def _search(way: Way, number: int, serial: int) -> Exchange:
    one = good(number)
    # What nobody asked before has a number of its own, which changes next to nothing about what it means.
    words = f"{one.words} {serial}" if serial else one.words
    question: dict[str, Any] = {"limit": LIMIT}
    filters: dict[str, str] = {}
    if way == "picture":
        question["data"] = picture(_SIZE, serial or number).content
    else:
        question["text"] = words
    if way == "filtered":
        filters = {"color": one.attributes["color"]}
        question["filters"] = {"attributes": {name: [value] for name, value in filters.items()}}
        question["facets"] = True
    asked = Asked(limit=LIMIT, attributes=filters, facets=way == "filtered")
    return Exchange(body=_encoder.encode(question), items=1, check=partial(check_found, asked), door="/search")
