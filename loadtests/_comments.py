"""What the comments scenario sends, and what makes an answer right; pure, so that it can be tested alone."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from random import Random
from typing import Annotated, Literal

import msgspec

from loadtests._corpus import Zipf, texts
from loadtests._exchange import Exchange, WrongAnswerError

LABELS = frozenset({"negative", "neutral", "positive"})
"""Every sentiment label that the service may answer."""

Quality = Literal["fast", "good"]
Share = Annotated[float, msgspec.Meta(ge=0.0, le=1.0)]
Weight = Annotated[float, msgspec.Meta(ge=0.0, le=1e9)]
Size = Annotated[int, msgspec.Meta(ge=1, le=1000)]


class CommentsPayloads(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The ``[payloads.comments]`` table of a plan."""

    zipf: Annotated[float, msgspec.Meta(ge=0.0, le=4.0)] = 1.0
    """Exponent of the popularity law over the corpus: 0 sends all texts equally often, more repeats the first ones."""
    unique: Share = 0.2
    """Share of texts that nobody sent before, which no cache can answer."""
    quality: dict[Quality, Weight] = msgspec.field(default_factory=lambda: {"fast": 1.0})
    """Weights of the two ways of analysing."""
    sizes: dict[Quality, dict[Size, Weight]] = msgspec.field(default_factory=dict)
    """Per quality, comments in a request to the weight of that size; a quality left out sends single comments."""

    def __post_init__(self) -> None:
        if not sum(self.quality.values()):
            raise ValueError("the weights of `quality` add up to nothing")
        for quality, weights in self.sizes.items():
            if not sum(weights.values()):
                raise ValueError(f"the weights of `sizes.{quality}` add up to nothing")


class _Sentiment(msgspec.Struct, frozen=True):
    label: str


class _Result(msgspec.Struct, frozen=True):
    id: str
    sentiment: _Sentiment


class _Answer(msgspec.Struct, frozen=True):
    results: list[_Result]


class _Comment(msgspec.Struct, frozen=True):
    id: str
    text: str


class _Question(msgspec.Struct, frozen=True):
    comments: list[_Comment]
    quality: Quality


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(_Answer)


def exchanges(payloads: CommentsPayloads, random: Random) -> Iterator[Exchange]:
    """Requests without end; equal ``random`` states give equal requests."""
    corpus = texts("comments")
    popularity = Zipf(len(corpus), payloads.zipf)
    qualities = list(payloads.quality)
    weights = list(payloads.quality.values())
    sizes = {quality: payloads.sizes.get(quality) or {1: 1.0} for quality in qualities}
    while True:
        quality = random.choices(qualities, weights)[0]
        size = random.choices(list(sizes[quality]), list(sizes[quality].values()))[0]
        comments = []
        for number in range(size):
            text = corpus[popularity.draw(random)]
            if random.random() < payloads.unique:
                text = f"{text} {_detail(random)}"
            comments.append(_Comment(id=str(number), text=text))
        body = _encoder.encode(_Question(comments=comments, quality=quality))
        yield Exchange(body=body, items=size, check=partial(check, size))


def _detail(random: Random) -> str:
    """An ending that makes a text one of a kind, as people's own figures do."""
    lead = random.choice(("reclamo", "ticket", "cliente nro", "factura", "mi cel 09"))
    return f"{lead} {random.randrange(10**9)}"


def check(size: int, body: bytes) -> None:
    """Raise `WrongAnswerError` unless ``body`` answers ``size`` comments, numbered from 0, in order."""
    try:
        answer = _decoder.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise WrongAnswerError(str(error)) from error
    if len(answer.results) != size:
        raise WrongAnswerError(f"{size} comments sent, {len(answer.results)} results received")
    for number, result in enumerate(answer.results):
        if result.id != str(number):
            raise WrongAnswerError(f"result {number} carries the id {result.id!r}")
        if result.sentiment.label not in LABELS:
            raise WrongAnswerError(f"result {number} has the unknown label {result.sentiment.label!r}")
