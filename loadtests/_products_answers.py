"""What makes an answer about products right: its form, and what is known of the products that are in the catalogue."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, NamedTuple

import msgspec

from loadtests._exchange import WrongAnswerError
from loadtests._payloads._goods import good, number_in


class Asked(NamedTuple):
    """What a search asked."""

    limit: int
    attributes: Mapping[str, str]
    """That each product has to have."""
    facets: bool


class _Product(msgspec.Struct, frozen=True, gc=False):
    title: str
    category: str | None = None
    price: float | None = None
    attributes: dict[str, str] = {}


class _Hit(msgspec.Struct, frozen=True, gc=False):
    id: str
    score: Annotated[float, msgspec.Meta(ge=-1.0, le=1.0)]
    product: _Product


class _Count(msgspec.Struct, frozen=True, gc=False):
    value: str
    products: Annotated[int, msgspec.Meta(ge=1)]


class _Facets(msgspec.Struct, frozen=True, gc=False):
    categories: tuple[_Count, ...]
    attributes: dict[str, tuple[_Count, ...]]


class _Found(msgspec.Struct, frozen=True, gc=False):
    products: tuple[_Hit, ...]
    fitting: Annotated[int, msgspec.Meta(ge=0)]
    revision: int
    facets: _Facets | None = None


class _Kept(msgspec.Struct, frozen=True, gc=False):
    id: str
    revision: Annotated[int, msgspec.Meta(ge=1)]
    has_picture: bool


class _Answer(msgspec.Struct, frozen=True, gc=False):
    products: tuple[_Kept, ...]


_found = msgspec.json.Decoder(_Found)
_kept = msgspec.json.Decoder(_Answer)


def check_kept(names: Sequence[tuple[str, bool]], body: bytes) -> None:
    """Raise `WrongAnswerError` unless ``body`` says that products of these names, with or without picture, are kept."""
    try:
        answer = _kept.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise WrongAnswerError(str(error)) from error
    told = [(each.id, each.has_picture) for each in answer.products]
    if told != list(names):
        raise WrongAnswerError(f"the products are {list(names)}, and {told} received")


def check_found(asked: Asked, body: bytes) -> None:
    """Raise `WrongAnswerError` unless ``body`` is a right answer to what was ``asked``."""
    try:
        answer = _found.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise WrongAnswerError(str(error)) from error
    if len(answer.products) > min(asked.limit, answer.fitting):
        raise WrongAnswerError(f"{len(answer.products)} products are told of {answer.fitting} that fit")
    scores = [each.score for each in answer.products]
    if scores != sorted(scores, reverse=True):
        raise WrongAnswerError("the products are not in order")
    for each in answer.products:
        _check_product(each, asked.attributes)
    if (answer.facets is not None) != asked.facets:
        raise WrongAnswerError(f"facets are {'' if asked.facets else 'not '}asked for")


def _check_product(hit: _Hit, attributes: Mapping[str, str]) -> None:
    number = number_in(hit.id)
    if number is None:
        return  # somebody else's product, of which nothing is known
    right = good(number)
    if (hit.product.title, hit.product.attributes) != (right.title, right.attributes):
        raise WrongAnswerError(f"the product {hit.id} is told as another one")
    if any(hit.product.attributes.get(name) != value for name, value in attributes.items()):
        raise WrongAnswerError(f"the product {hit.id} does not fit the filters")
