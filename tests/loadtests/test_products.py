"""What the products scenario sends, and what it takes for a right answer."""

from __future__ import annotations

import math
from collections import Counter
from itertools import islice
from random import Random
from typing import Any

import msgspec
import pytest
from scipy import stats

from loadtests._exchange import Exchange, WrongAnswerError
from loadtests._payloads._goods import HIGHEST_NUMBER, good, number_in
from loadtests._products import Payloads, exchanges, hit_ratio, known

SMALL = Payloads(stock=20, placing=0.25, together=3)


def drawn(payloads: Payloads, seed: int, count: int) -> list[Exchange]:
    return list(islice(exchanges(payloads, Random(seed)), count))


def one_of(door: str, payloads: Payloads = SMALL) -> Exchange:
    return next(exchange for exchange in drawn(payloads, 1, 200) if exchange.door == door)


def told(numbers: list[int], **change: Any) -> bytes:
    """An answer to a search that finds these."""
    goods = [good(number) for number in numbers]
    hits = [
        {
            "id": each.id,
            "score": 0.9 - place / 100,
            "product": {"title": each.title, "category": each.category, "attributes": each.attributes},
        }
        for place, each in enumerate(goods)
    ]
    return msgspec.json.encode({"products": hits, "fitting": 20, "revision": 3} | change)


def test_equal_seeds_send_equal_requests_and_others_something_else() -> None:
    first, again, other = (
        [(exchange.door, exchange.body) for exchange in drawn(SMALL, seed, 40)] for seed in (1, 1, 2)
    )
    assert first == again != other


def test_goods_differ_and_are_found_again_by_their_names() -> None:
    assert len({good(number).title for number in range(5_000)}) == 5_000
    assert number_in(good(4_711).id) == 4_711
    assert number_in("4711") is number_in("art-x") is None
    assert good(HIGHEST_NUMBER) == good(HIGHEST_NUMBER)


def test_doors_and_ways_come_as_the_plan_has_them() -> None:
    payloads = Payloads(stock=50, placing=0.2, unique=0.5, ways={"text": 0.5, "picture": 0.25, "filtered": 0.25})
    sent = drawn(payloads, 3, 2_000)
    placed = [exchange for exchange in sent if not exchange.door]
    assert stats.binomtest(len(placed), 2_000, 0.2).pvalue > 0.01
    assert {exchange.items for exchange in placed} == {4}
    questions = [msgspec.json.decode(exchange.body) for exchange in sent if exchange.door == "/search"]
    assert len(questions) + len(placed) == len(sent)
    assert stats.binomtest(sum("data" in each for each in questions), len(questions), 0.25).pvalue > 0.01
    assert stats.binomtest(sum("filters" in each for each in questions), len(questions), 0.25).pvalue > 0.01
    texts = [each["text"] for each in questions if "text" in each]
    asked_before = [text for text in texts if not text.rpartition(" ")[2].isdigit()]
    assert stats.binomtest(len(asked_before), len(texts), 0.5).pvalue > 0.01
    assert Counter(asked_before).most_common(1)[0][1] > 20, "what is popular comes again"


def test_products_have_pictures_as_the_plan_has_them_and_each_the_same_each_time() -> None:
    payloads = Payloads(stock=400, placing=1.0, pictured=0.3, together=10)
    products: dict[str, Any] = {}
    for exchange in known(payloads):
        if not exchange.door:
            products |= {each["id"]: each for each in msgspec.json.decode(exchange.body)["products"]}
    assert len(products) == 400
    assert stats.binomtest(sum("data" in each for each in products.values()), 400, 0.3).pvalue > 0.01
    for exchange in drawn(payloads, 5, 20):
        for each in msgspec.json.decode(exchange.body)["products"]:
            assert each == products[each["id"]]


def test_what_is_known_is_the_stock_and_each_search_for_it_once() -> None:
    sent = list(known(SMALL))
    assert sum(exchange.items for exchange in sent if not exchange.door) == 20
    assert len({exchange.body for exchange in sent if exchange.door}) == 3 * 20


def test_the_expected_hit_ratio_is_between_what_is_unique_and_all() -> None:
    ratio = hit_ratio(SMALL, 3_000)
    assert 0.5 < ratio < 1.0
    assert hit_ratio(Payloads(unique=1.0, placing=0.0), 100) == pytest.approx(0.0)
    assert math.isclose(hit_ratio(Payloads(stock=1, unique=0.0, placing=0.0), 1e9), 1.0, abs_tol=1e-3)


def test_a_right_answer_to_a_search_passes() -> None:
    payloads = Payloads(stock=20, placing=0.0, ways={"text": 1.0})
    one_of("/search", payloads).check(told([3, 4, 5]))
    one_of("/search", payloads).check(told([]))


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (b"[]", "array"),
        (told([1], products=[{"id": "art-1", "score": 0.5, "product": {"title": "another"}}]), "told as another"),
        (told(list(range(12)), fitting=20), "12 products are told"),
        (told([1, 2, 3], fitting=2), "3 products are told of 2"),
        (told([1], facets={"categories": [], "attributes": {}}), "facets are not asked for"),
        (told([1], revision="x"), "int"),
    ],
)
def test_a_wrong_answer_to_a_search_is_found(answer: bytes, complaint: str) -> None:
    payloads = Payloads(stock=20, placing=0.0, ways={"text": 1.0})
    with pytest.raises(WrongAnswerError, match=complaint):
        one_of("/search", payloads).check(answer)


def test_products_out_of_order_or_beside_the_filters_are_found() -> None:
    payloads = Payloads(stock=400, placing=0.0, unique=0.0, ways={"filtered": 1.0})
    exchange = one_of("/search", payloads)
    colour = msgspec.json.decode(exchange.body)["filters"]["attributes"]["color"][0]
    fitting = [number for number in range(400) if good(number).attributes["color"] == colour][:2]
    other = next(number for number in range(400) if good(number).attributes["color"] != colour)
    facets = {"categories": [{"value": "ropa", "products": 2}], "attributes": {}}
    exchange.check(told(fitting, facets=facets))
    with pytest.raises(WrongAnswerError, match="does not fit the filters"):
        exchange.check(told([other], facets=facets))
    answer = msgspec.json.decode(told(fitting, facets=facets))
    backwards = msgspec.json.encode(answer | {"products": answer["products"][::-1]})
    with pytest.raises(WrongAnswerError, match="not in order"):
        exchange.check(backwards)
    with pytest.raises(WrongAnswerError, match="facets are asked for"):
        exchange.check(told(fitting))


def test_what_is_put_in_has_to_be_named_in_order() -> None:
    exchange = one_of("")
    products = msgspec.json.decode(exchange.body)["products"]
    kept = [{"id": each["id"], "revision": 1, "has_picture": "data" in each} for each in products]
    exchange.check(msgspec.json.encode({"products": kept}))
    for wrong in (kept[:-1], kept[::-1], [{**kept[0], "has_picture": not kept[0]["has_picture"]}, *kept[1:]]):
        with pytest.raises(WrongAnswerError, match="the products are"):
            exchange.check(msgspec.json.encode({"products": wrong}))


@pytest.mark.parametrize("table", [{"ways": {"text": 0}}, {"ways": {"smell": 1}}, {"together": 0}, {"placing": 2}])
def test_a_table_that_cannot_be_meant_is_refused(table: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(table, Payloads)
