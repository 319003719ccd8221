"""Requests become items, or a sentence that says why not."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from service.core.errors import InvalidRequestError
from service.workloads.products.items import Placement, Search, cursor_of, items_of, key_of, lane_of
from service.workloads.products.messages import ProductsRequest, SearchRequest


def search(**question: Any) -> Search:
    (item,) = items_of(msgspec.convert(question, SearchRequest))
    assert isinstance(item, Search)
    return item


def placements(*products: dict[str, Any]) -> list[Placement]:
    request = msgspec.convert({"products": products}, ProductsRequest)
    return [item for item in items_of(request) if isinstance(item, Placement)]


@pytest.mark.parametrize(
    ("question", "pointer", "reason"),
    [
        ({}, "$", "nothing to look for"),
        ({"text": " \t"}, "$.text", "blank"),
        ({"url": "ftp://host/a.jpg"}, "$.url", "no http"),
        ({"url": "http://host/a.jpg", "data": b"\xff"}, "$", "either url or data"),
        ({"product": "p1", "text": "red"}, "$.product", "beside"),
        ({"text": "red", "cursor": "MTA7"}, "$.cursor", "no `next`"),
        ({"text": "red", "cursor": "=é="}, "$.cursor", "no `next`"),
        ({"text": "red", "cursor": cursor_of(995), "limit": 10}, "$.cursor", "1,000 products, and no more"),
    ],
)
def test_a_search_that_cannot_be_says_why(question: dict[str, Any], pointer: str, reason: str) -> None:
    with pytest.raises(InvalidRequestError, match=reason) as failure:
        search(**question)
    assert failure.value.pointer == pointer


@pytest.mark.parametrize(
    ("change", "pointer", "reason"),
    [
        ({"title": "  "}, "$.products[1].title", "blank"),
        ({"image_url": "file:///etc/passwd"}, "$.products[1].image_url", "no http"),
        ({"data": b""}, "$.products[1].data", "empty"),
        ({"image_url": "http://host/a.jpg", "data": b"\xff"}, "$.products[1]", "either image_url or data"),
    ],
)
def test_a_product_that_cannot_be_is_named_by_its_place(change: dict[str, Any], pointer: str, reason: str) -> None:
    with pytest.raises(InvalidRequestError, match=reason) as failure:
        placements({"id": "a", "title": "A"}, {"id": "b", "title": "B", **change})
    assert failure.value.pointer == pointer


@pytest.mark.parametrize(
    "product",
    [
        {"id": "a/b", "title": "A"},
        {"id": "a\nb", "title": "A"},
        {"id": "", "title": "A"},
        {"id": "a", "title": "A", "description": "x" * 10_001},
        {"id": "a", "title": "A\0"},
        {"id": "a", "title": "A", "description": "\0"},
        {"id": "a", "title": "A", "price": -1},
        {"id": "a", "title": "A", "price": float("nan")},
        {"id": "a", "title": "A", "attributes": {f"n{number}": "v" for number in range(17)}},
        {"id": "a", "title": "A", "colour": "red"},
    ],
)
def test_a_product_beyond_its_bounds_is_refused(product: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        placements(product)


def test_what_is_found_by_text_is_told_title_first() -> None:
    (item,) = placements(
        {"id": "a", "title": " Mesa ", "description": "De roble.", "category": "hogar", "attributes": {"pies": "4"}}
    )
    assert item.passage == "Mesa. hogar, 4. De roble."


def test_vectors_are_the_same_where_text_and_picture_are_whatever_else_differs() -> None:
    cheap, dear, pictured = placements(
        {"id": "a", "title": "Mesa", "price": 1},
        {"id": "b", "title": "Mesa", "price": 2},
        {"id": "a", "title": "Mesa", "price": 1, "data": b"\xff\xd8"},
    )
    assert key_of(cheap) == key_of(dear) != key_of(pictured)
    assert key_of(search(text="mesa", limit=3)) == key_of(search(text="mesa", filters={"categories": ["hogar"]}))
    assert key_of(search(text="mesa")) != key_of(search(text="mesas"))


def test_who_wants_no_cache_goes_a_way_without_one() -> None:
    (product,) = placements({"id": "a", "title": "Mesa"})
    assert lane_of(product) == "catalogue"
    assert (lane_of(search(text="mesa")), lane_of(search(text="mesa", use_cache=False))) == ("query", "fresh")


@pytest.mark.parametrize("offset", [0, 7, 10, 999])
def test_a_cursor_leads_to_where_it_was_made(offset: int) -> None:
    assert search(text="mesa", cursor=cursor_of(offset), limit=1).offset == offset
