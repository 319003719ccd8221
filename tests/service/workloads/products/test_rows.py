"""Products line by line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from service.core.errors import InvalidRequestError
from service.workloads.products.items import Placement
from service.workloads.products.rows import BATCH, Options, product_in, request_of


def placed(fields: Mapping[str, Any]) -> Placement:
    item = BATCH.item_of(fields, Options())
    assert isinstance(item, Placement)
    return item


def test_a_row_is_a_product_in_csv_as_in_json() -> None:
    csv = {
        "id": "a",
        "title": "Mesa",
        "price": "12.5",
        "attributes": "color = rojo; pies=4",
        "image_url": "",
        "category": None,
    }
    json = {"id": "a", "title": "Mesa", "price": 12.5, "attributes": '{"color": "rojo", "pies": "4"}'}
    assert placed(csv) == placed(json)
    assert placed(csv).facts.attributes == {"color": "rojo", "pies": "4"}


def test_the_picture_of_a_row_is_fetched_from_where_it_says() -> None:
    item = placed({"id": "a", "title": "Mesa", "image_url": "https://example.com/a.jpg"})
    assert (item.url, item.content) == ("https://example.com/a.jpg", None)


@pytest.mark.parametrize(
    ("fields", "column"),
    [
        ({"title": "Mesa"}, "id"),
        ({"id": "a"}, "title"),
        ({"id": "a", "title": " "}, "title"),
        ({"id": "a", "title": "Mesa", "price": "dear"}, "price"),
        ({"id": "a", "title": "Mesa", "price": -1}, "price"),
        ({"id": "a", "title": "Mesa", "attributes": "red"}, "attributes"),
        ({"id": "a", "title": "Mesa", "attributes": "[1]"}, "attributes"),
        ({"id": "a", "title": "Mesa", "attributes": '{"a": {}}'}, "attributes"),
        ({"id": "a", "title": "Mesa", "attributes": "=x"}, "attributes"),
        ({"id": "a", "title": "Mesa", "image_url": "javascript:alert(1)"}, "image_url"),
        ({"id": "x" * 201, "title": "Mesa"}, "id"),
        ({"id": "a", "title": "Mesa", "description": "x" * 10_001}, "description"),
    ],
)
def test_a_row_that_is_none_is_refused_by_its_column(fields: dict[str, Any], column: str) -> None:
    with pytest.raises(InvalidRequestError) as failure:
        placed(fields)
    assert failure.value.pointer == column


@given(
    some.dictionaries(
        some.sampled_from(list(BATCH.columns)), some.one_of(some.text(), some.integers(), some.floats(), some.none())
    )
)
def test_any_row_is_a_product_or_refused(fields: dict[str, Any]) -> None:
    pointer = ""
    try:
        item = placed(fields)
    except InvalidRequestError as error:
        pointer = error.pointer
    else:
        assert item.facts.title.strip()
        assert product_in(fields).id == item.id
    assert not pointer or pointer in BATCH.columns


@pytest.mark.parametrize(
    "body",
    [
        b'{"id": "a", "title": "Mesa"}\n\n{"id": "b", "title": "Silla"}\n',
        b"id,title\na,Mesa\nb,Silla\n",
        b"\xef\xbb\xbfid;title\r\na;Mesa\r\nb;Silla\r\n",
    ],
)
def test_a_small_file_of_either_form_is_a_request(body: bytes) -> None:
    assert [product.id for product in request_of(body, Options()).products] == ["a", "b"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"\n", "0 products"),
        (b"id,title\n", "0 products"),
        (b"id,title\na,Mesa\nb,\n", "line 3: title"),
        (b'{"id": "a", "title": "Mesa"}\n{"id": \n', "line 2"),
        (b"name,price\na,1\n", "id"),
        (b"id,title\n" + b"".join(b"p%d,Mesa\n" % number for number in range(101)), "101 products"),
        (b"\xff\xfe\x00", "."),
        (b"PK\x03\x04 a zip that is called .csv", "."),
    ],
)
def test_a_file_that_is_no_list_of_products_is_refused_whole(body: bytes, reason: str) -> None:
    with pytest.raises(InvalidRequestError, match=reason):
        request_of(body, Options())
