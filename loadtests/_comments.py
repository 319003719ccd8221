"""What the comments scenario sends; pure, so that it can be tested alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from random import Random
from typing import Annotated, Literal

import msgspec

from loadtests._comments_answers import Asked, check
from loadtests._exchange import Exchange
from loadtests._later import fetched
from loadtests._payloads._corpus import Zipf, texts
from loadtests._payloads._facts import facts
from loadtests._payloads._hits import hit_ratio as hit_ratio_of
from loadtests._payloads._sizes import Lognormal, Sizes, SizeTable

_CORPUS = "comments"
_KNOWN_AT_ONCE = 100

Quality = Literal["fast", "good"]
Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Weight = Annotated[float, msgspec.Meta(ge=0.0, le=1e9)]
Size = Annotated[int, msgspec.Meta(ge=1, le=1000)]


class Payloads(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The ``[payloads.comments]`` table of a plan."""

    zipf: Annotated[float, msgspec.Meta(ge=0.0, le=4.0)] = 1.0
    """Exponent of the popularity law over the corpus: 0 sends all texts equally often, more repeats the first ones."""
    unique: Share = 0.2
    """Share of texts that nobody sent before, which no cache can answer."""
    quality: dict[Quality, Weight] = msgspec.field(default_factory=lambda: {"fast": 1.0})
    """Weights of the two ways of analysing."""
    sizes: dict[Quality, dict[Size, Weight]] = msgspec.field(default_factory=dict)
    """Per quality, comments in a request to the weight of that size; a quality left out sends single comments."""
    lognormal: dict[Quality, Lognormal] = msgspec.field(default_factory=dict)
    """Per quality, in place of ``sizes``: most requests small, few very large."""
    jobs: Share = 0.0
    """Share of requests that ask for an answer later (``Prefer: respond-async``) and come back for it."""

    def __post_init__(self) -> None:
        if not sum(self.quality.values()):
            raise ValueError("the weights of `quality` add up to nothing")
        for quality, weights in self.sizes.items():
            if not sum(weights.values()):
                raise ValueError(f"the weights of `sizes.{quality}` add up to nothing")
            if quality in self.lognormal:
                raise ValueError(f"`sizes.{quality}` and `lognormal.{quality}` exclude one another")

    def sizes_of(self, quality: Quality) -> Sizes:
        """How many comments the requests of ``quality`` hold."""
        return self.lognormal.get(quality) or SizeTable(self.sizes.get(quality) or {1: 1.0})


class _Comment(msgspec.Struct, frozen=True):
    id: str
    text: str


class _Question(msgspec.Struct, frozen=True):
    comments: list[_Comment]
    quality: Quality


_encoder = msgspec.json.Encoder()


def exchanges(payloads: Payloads, random: Random) -> Iterator[Exchange]:
    """Requests without end; equal ``random`` states give equal requests."""
    corpus = texts(_CORPUS)
    popularity = Zipf(len(corpus), payloads.zipf)
    qualities = list(payloads.quality)
    weights = list(payloads.quality.values())
    sizes = {quality: payloads.sizes_of(quality) for quality in qualities}
    while True:
        quality = random.choices(qualities, weights)[0]
        drawn = []
        for _ in range(sizes[quality].draw(random)):
            text = corpus[popularity.draw(random)]
            drawn.append(f"{text} {_detail(random)}" if random.random() < payloads.unique else text)
        later = payloads.jobs > 0.0 and random.random() < payloads.jobs
        yield _exchange(drawn, quality, later=later)


def known(payloads: Payloads) -> Iterator[Exchange]:
    """Every text of the corpus once in every quality that is sent: then only unique texts are new to a cache."""
    for quality, weight in payloads.quality.items():
        remaining = iter(texts(_CORPUS)) if weight else iter(())
        while batch := list(islice(remaining, _KNOWN_AT_ONCE)):
            yield _exchange(batch, quality)


def hit_ratio(payloads: Payloads, requests: float, *, entries: float = math.inf) -> float:
    """The share of the comments in ``requests`` requests that a cache, empty at first, is expected to answer.

    Each quality has a cache of ``entries`` comments for itself, as what one finds out does not answer the other.
    """
    law = Zipf(len(texts(_CORPUS)), payloads.zipf)
    weights = {quality: weight for quality, weight in payloads.quality.items() if weight}
    items = {quality: weight * payloads.sizes_of(quality).mean for quality, weight in weights.items()}
    requests_per_weight = requests / sum(weights.values())
    hits = (
        part * hit_ratio_of(law, part * requests_per_weight, unique=payloads.unique, entries=entries)
        for part in items.values()
    )
    return sum(hits) / sum(items.values())


def _exchange(drawn: Sequence[str], quality: Quality, *, later: bool = False) -> Exchange:
    comments = [_Comment(id=str(number), text=text) for number, text in enumerate(drawn)]
    body = _encoder.encode(_Question(comments=comments, quality=quality))
    known_texts = facts(_CORPUS)
    places = {number: known_texts[text] for number, text in enumerate(drawn) if text in known_texts}
    asked = Asked(quality, len(drawn), places)
    return Exchange(body=body, items=len(drawn), check=partial(check, asked), follow=fetched if later else None)


def _detail(random: Random) -> str:
    """An ending that makes a text one of a kind, as people's own figures do."""
    lead = random.choice(("reclamo", "ticket", "cliente nro", "factura", "mi cel 09"))
    return f"{lead} {random.randrange(10**9)}"
