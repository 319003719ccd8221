"""What the recipes scenario sends; pure, so that it can be tested alone."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import partial
from random import Random
from typing import Annotated, Literal, NamedTuple

import msgspec

from loadtests._exchange import Exchange
from loadtests._payloads._cards import HIGHEST_NUMBER, Tongue, card, draw_motifs
from loadtests._payloads._corpus import Zipf
from loadtests._payloads._hits import hit_ratio as hit_ratio_of
from loadtests._recipes_answers import check

EngineWish = Literal["auto", "tesseract", "rapidocr"]
Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Weight = Annotated[float, msgspec.Meta(ge=0.0, le=1e9)]


class Payloads(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The ``[payloads.recipes]`` table of a plan."""

    stock: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 100
    """Cards that come again and again."""
    zipf: Annotated[float, msgspec.Meta(ge=0.0, le=4.0)] = 1.0
    """Exponent of the popularity law over the stock: 0 sends all equally often, more repeats the first ones."""
    unique: Share = 0.5
    """Share of cards that nobody sent before, which no cache can answer."""
    languages: dict[Tongue, Weight] = msgspec.field(default_factory=lambda: {"es": 0.8, "en": 0.2})
    """Weights of the languages of cards."""
    engines: dict[EngineWish, Weight] = msgspec.field(default_factory=lambda: {"auto": 1.0})
    """Weights of the engines that are asked for."""

    def __post_init__(self) -> None:
        for name, weights in (("languages", self.languages), ("engines", self.engines)):
            if not sum(weights.values()):
                raise ValueError(f"the weights of `{name}` add up to nothing")

    def kinds(self) -> list[tuple[Kind, float]]:
        """All kinds of requests, and the share of each."""
        weighted = [
            (Kind(language, engine), one * two)
            for language, one in self.languages.items()
            for engine, two in self.engines.items()
        ]
        total = sum(weight for _, weight in weighted)
        return [(kind, weight / total) for kind, weight in weighted if weight]


class Kind(NamedTuple):
    """What is sent, and who shall read it."""

    language: Tongue
    engine: EngineWish


class _Question(msgspec.Struct, frozen=True):
    data: bytes
    engine: EngineWish


_encoder = msgspec.json.Encoder()


def exchanges(payloads: Payloads, random: Random) -> Iterator[Exchange]:
    """Requests without end; equal ``random`` states give equal requests."""
    law = Zipf(payloads.stock, payloads.zipf)
    kinds, shares = zip(*payloads.kinds(), strict=True)
    for language in {kind.language for kind in kinds}:
        draw_motifs(language)
    while True:
        (kind,) = random.choices(kinds, shares)
        is_unique = random.random() < payloads.unique
        number = random.randrange(payloads.stock, HIGHEST_NUMBER) if is_unique else law.draw(random)
        yield _exchange(kind, number)


def known(payloads: Payloads) -> Iterator[Exchange]:
    """The whole stock once in every kind that is sent: then only unique cards are new to a cache."""
    for kind, _ in payloads.kinds():
        yield from (_exchange(kind, number) for number in range(payloads.stock))


def hit_ratio(payloads: Payloads, requests: float, *, entries: float = math.inf) -> float:
    """The share of ``requests`` cards that a cache, empty at first, is expected to answer.

    It has ``entries``, of which each kind takes its share.
    """
    law = Zipf(payloads.stock, payloads.zipf)
    return sum(
        share * hit_ratio_of(law, share * requests, unique=payloads.unique, entries=share * entries)
        for _, share in payloads.kinds()
    )


def _exchange(kind: Kind, number: int) -> Exchange:
    sent = card(kind.language, number)
    body = _encoder.encode(_Question(sent.content, kind.engine))
    return Exchange(body=body, items=1, check=partial(check, sent))
