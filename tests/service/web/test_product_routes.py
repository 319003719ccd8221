"""A tenant's catalogue over HTTP: put in, found, listed, shown, taken out."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from service.core.catalogues import StoredProduct
from service.core.errors import AnalysisError
from service.core.identity import Role
from service.workloads.products import WORKLOAD
from service.workloads.products.items import Item, Placement
from service.workloads.products.messages import Seen
from tests.service.conftest import SECRET, House, OpenHouse
from tests.service.web.test_requests import check_problem
from tests.service.workloads.products.goods import text

ITEMS = "/v1/products/items"


def seen(lane: str, items: Sequence[Item]) -> Sequence[Seen | AnalysisError]:
    """Vectors by the first letter of what is said, in place of the engines."""
    said = [item.passage if isinstance(item, Placement) else item.request.text or "" for item in items]
    return [Seen(text=text(ord(words[0].lower()) % 384)) for words in said]


@pytest.fixture
async def house(open_house: OpenHouse) -> AsyncIterator[House]:
    """An application with catalogues."""
    async with open_house(replace(WORKLOAD, analyse=seen, fetch=None)) as opened:
        yield opened


async def put(house: House, *products: dict[str, Any]) -> Any:
    answer = await house.client.post("/v1/products", json={"products": products})
    assert answer.status_code == 200, answer.text
    return answer.json()["products"]


async def test_a_product_is_put_in_found_shown_and_taken_out(house: House) -> None:
    (kept,) = await put(house, {"id": "a 1?", "title": "Azada", "price": 2.5})
    assert kept == {"id": "a 1?", "revision": 1, "has_picture": False}
    found = (await house.client.post("/v1/products/search", json={"text": "arado"})).json()
    assert found["products"] == [{"id": "a 1?", "score": 1.0, "product": {"title": "Azada", "price": 2.5}}]
    shown = await house.client.get(f"{ITEMS}/a%201%3F")
    assert shown.json() == {"id": "a 1?", "has_picture": False, "product": {"title": "Azada", "price": 2.5}}
    assert (await house.client.delete(f"{ITEMS}/a%201%3F")).status_code == 204
    check_problem(await house.client.get(f"{ITEMS}/a%201%3F"), "not-found")
    check_problem(await house.client.delete(f"{ITEMS}/a%201%3F"), "not-found")
    fresh = await house.client.post("/v1/products/search", json={"text": "arado", "use_cache": False})
    assert fresh.json()["products"] == []


async def test_a_catalogue_is_listed_page_by_page(house: House) -> None:
    for number in range(5):
        await put(house, {"id": f"p{number}", "title": "Pala"})
    await put(house, {"id": "p1", "title": "Pico"})
    listed, after = [], 0
    for total in (5, 5, 5):
        page = (await house.client.get(f"{ITEMS}?limit=2&after={after}")).json()
        assert page["total"] == total
        listed += [(each["id"], each["product"]["title"]) for each in page["products"]]
        after = page.get("next")
    assert listed == [("p0", "Pala"), ("p2", "Pala"), ("p3", "Pala"), ("p4", "Pala"), ("p1", "Pico")]
    assert after is None


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "after=-1", "page=2", "limit=1&limit=2"])
async def test_a_page_that_cannot_be_is_refused(house: House, query: str) -> None:
    check_problem(await house.client.get(f"{ITEMS}?{query}"), "bad-request")


async def test_another_tenants_product_is_not_there(house: House) -> None:
    await house.catalogues.put([StoredProduct("a", b"{}", None, None)], 9, "somebody else")
    check_problem(await house.client.get(f"{ITEMS}/a"), "not-found")
    check_problem(await house.client.delete(f"{ITEMS}/a"), "not-found")
    assert (await house.client.get(ITEMS)).json() == {"products": [], "total": 0, "next": None}


async def test_a_kept_search_is_answered_without_the_catalogue_until_something_is_put_in(house: House) -> None:
    await put(house, {"id": "a", "title": "Azada"})
    first = await house.client.post("/v1/products/search", json={"text": "arado"})
    house.catalogues.asked.clear()
    again = await house.client.post("/v1/products/search", json={"text": "arado"})
    assert (again.content, house.catalogues.asked) == (first.content, [])


async def test_a_database_that_is_away_is_said_to_be(house: House) -> None:
    house.catalogues.away = True
    for answer in (
        await house.client.post("/v1/products", json={"products": [{"id": "a", "title": "Azada"}]}),
        await house.client.post("/v1/products/search", json={"text": "arado"}),
        await house.client.get(ITEMS),
        await house.client.delete(f"{ITEMS}/a"),
    ):
        check_problem(answer, "dependency-away")


async def test_some_products_of_a_file_are_put_in_with_their_revision(house: House) -> None:
    body = b"id,title,attributes\na,Azada,mango=fresno\nb,Balde,\n"
    answer = await house.client.post("/v1/products", content=body, headers={"content-type": "text/csv"})
    assert [each["id"] for each in answer.json()["products"]] == ["a", "b"]
    refused = await house.client.post(
        "/v1/products", content=b"id,title\na,\n", headers={"content-type": "application/x-ndjson"}
    )
    check_problem(refused, "invalid-request")


async def test_searching_is_never_a_job(house: House) -> None:
    answer = await house.client.post("/v1/products/search", json={"text": "arado"}, headers={"prefer": "respond-async"})
    assert (answer.status_code, house.jobs.requests) == (200, {})


async def test_the_document_tells_of_search_and_catalogue(house: House) -> None:
    document = (await house.client.get("/openapi.json")).json()
    search = document["paths"]["/v1/products/search"]["post"]
    assert search["operationId"] == "products-search"
    assert set(search["requestBody"]["content"]["application/json"]["examples"]) == {"by text", "with filters"}
    assert set(document["paths"][ITEMS]) == {"get"}
    assert set(document["paths"][f"{ITEMS}/{{id}}"]) == {"get", "delete"}


async def test_who_may_only_read_puts_nothing_in_and_takes_nothing_out(open_house: OpenHouse) -> None:
    variables = {"LOADSTONE_KEYS": "on", "LOADSTONE_KEY_SECRET": SECRET.reveal().decode()}
    async with open_house(replace(WORKLOAD, analyse=seen, fetch=None), **variables) as house:
        key = {"authorization": f"Bearer {house.keys.add(role=Role.READ).decode()}"}
        await house.catalogues.put([StoredProduct("a", b"{}", None, None)], 9, "acme")
        check_problem(await house.client.delete(f"{ITEMS}/a", headers=key), "forbidden")
        body = msgspec.json.encode({"products": [{"id": "a", "title": "Azada"}]})
        headers = {**key, "content-type": "application/json"}
        check_problem(await house.client.post("/v1/products", content=body, headers=headers), "forbidden")
        assert (await house.client.get(ITEMS, headers=key)).status_code == 200
