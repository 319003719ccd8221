"""What the images scenario sends; pure, so that it can be tested alone."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from functools import partial
from random import Random
from typing import Annotated, Literal, NamedTuple

import msgspec

from loadtests._exchange import Exchange
from loadtests._images_answers import Asked, check
from loadtests._origin import ORIGIN, path_of
from loadtests._payloads._corpus import Zipf
from loadtests._payloads._hits import hit_ratio as hit_ratio_of
from loadtests._payloads._pictures import HIGHEST_NUMBER, Size, draw_motifs, picture

Way = Literal["data", "url"]
Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Weight = Annotated[float, msgspec.Meta(ge=0.0, le=1e9)]
Wishes = Annotated[str, msgspec.Meta(pattern=r"^((small|medium|large)(:webp)?(,(?!$)|$))*$")]
"""Thumbnails with commas, such as ``small,large:webp``; empty for none."""


class Payloads(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The ``[payloads.images]`` table of a plan."""

    stock: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 200
    """Pictures that come again and again."""
    zipf: Annotated[float, msgspec.Meta(ge=0.0, le=4.0)] = 1.0
    """Exponent of the popularity law over the stock: 0 sends all equally often, more repeats the first ones."""
    unique: Share = 0.5
    """Share of pictures that nobody sent before, which no cache can answer."""
    ways: dict[Way, Weight] = msgspec.field(default_factory=lambda: {"data": 1.0})
    """Weights of sending a picture itself, and of saying where it is. The latter needs an origin, see ``_origin``."""
    sizes: dict[Size, Weight] = msgspec.field(default_factory=lambda: {"small": 1.0})
    """Weights of the sizes of pictures."""
    thumbnails: dict[Wishes, Weight] = msgspec.field(default_factory=lambda: {"": 0.5, "medium": 0.5})
    """Weights of what thumbnails are asked for."""

    def __post_init__(self) -> None:
        for name, weights in (("ways", self.ways), ("sizes", self.sizes), ("thumbnails", self.thumbnails)):
            if not sum(weights.values()):
                raise ValueError(f"the weights of `{name}` add up to nothing")

    @property
    def fetches(self) -> bool:
        """Whether the service is told where some pictures are, and has to fetch them."""
        return bool(self.ways.get("url"))

    def kinds(self) -> list[tuple[Kind, float]]:
        """All kinds of requests, and the share of each."""
        drawn = itertools.product(self.ways.items(), self.sizes.items(), self.thumbnails.items())
        weighted = [(Kind(way, size, wishes), one * two * three) for (way, one), (size, two), (wishes, three) in drawn]
        total = sum(weight for _, weight in weighted)
        return [(kind, weight / total) for kind, weight in weighted if weight]


class Kind(NamedTuple):
    """What is asked of a picture, and how it is sent."""

    way: Way
    size: Size
    wishes: Wishes


class _Wish(msgspec.Struct, frozen=True):
    size: str
    format: str


class _Question(msgspec.Struct, frozen=True, omit_defaults=True):
    url: str | None = None
    data: bytes | None = None
    thumbnails: tuple[_Wish, ...] = ()


_encoder = msgspec.json.Encoder()


def exchanges(payloads: Payloads, random: Random) -> Iterator[Exchange]:
    """Requests without end; equal ``random`` states give equal requests."""
    law = Zipf(payloads.stock, payloads.zipf)
    kinds, shares = zip(*payloads.kinds(), strict=True)
    for size in {kind.size for kind in kinds}:
        draw_motifs(size)
    while True:
        (kind,) = random.choices(kinds, shares)
        is_unique = random.random() < payloads.unique
        number = random.randrange(payloads.stock, HIGHEST_NUMBER) if is_unique else law.draw(random)
        yield _exchange(kind, number)


def known(payloads: Payloads) -> Iterator[Exchange]:
    """The whole stock once in every kind that is sent: then only unique pictures are new to a cache."""
    for kind, _ in payloads.kinds():
        yield from (_exchange(kind, number) for number in range(payloads.stock))


def hit_ratio(payloads: Payloads, requests: float, *, entries: float = math.inf) -> float:
    """The share of ``requests`` pictures that a cache, empty at first, is expected to answer.

    It has ``entries``, of which each kind takes its share.
    """
    law = Zipf(payloads.stock, payloads.zipf)
    return sum(
        share * hit_ratio_of(law, share * requests, unique=payloads.unique, entries=share * entries)
        for _, share in payloads.kinds()
    )


def _exchange(kind: Kind, number: int) -> Exchange:
    sent = picture(kind.size, number)
    wishes = tuple(_wish(each) for each in kind.wishes.split(",") if each)
    if kind.way == "url":
        question = _Question(url=f"{ORIGIN}{path_of(kind.size, number)}", thumbnails=wishes)
    else:
        question = _Question(data=sent.content, thumbnails=wishes)
    asked = Asked(sent, question.url, tuple((wish.size, wish.format) for wish in wishes))
    return Exchange(body=_encoder.encode(question), items=1, check=partial(check, asked))


def _wish(text: str) -> _Wish:
    size, _, form = text.partition(":")
    return _Wish(size=size, format=form or "jpeg")
