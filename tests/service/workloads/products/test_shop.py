"""What the catalogue says to products that are put in, and to searches."""

from __future__ import annotations

from typing import Any

import pytest

from service.core.errors import AnalysisError, DependencyError
from service.core.postscripts import Stores
from service.workloads.products import shop as shops
from service.workloads.products.catalogue import FRESH_SECONDS
from service.workloads.products.items import items_of
from service.workloads.products.messages import SearchRequest, Seen
from service.workloads.products.shop import Shop
from tests.service.doubles import FakeClock
from tests.service.memory_catalogues import MemoryCatalogues
from tests.service.workloads.products.goods import found, look, names, placement, put, text

RED, BLUE, GREEN = (Seen(text=text(place), picture=look(place)) for place in range(3))


@pytest.fixture
def store() -> MemoryCatalogues:
    return MemoryCatalogues()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def shop(store: MemoryCatalogues, clock: FakeClock) -> Shop:
    """A shop with three products of one tenant."""
    return Shop(Stores(catalogues=store), clock)


async def filled(shop: Shop) -> None:
    await put(
        shop,
        (placement("red", category="warm", price=3, attributes={"size": "S"}), RED),
        (placement("blue", category="cold", price=2, attributes={"size": "S"}), Seen(text=text(1))),
        (placement("green", category="cold", attributes={"size": "L"}), GREEN),
    )


async def test_what_is_put_in_is_found_by_text_and_by_picture(shop: Shop) -> None:
    await filled(shop)
    assert names(await found(shop, Seen(text=text(1)), limit=1)) == ["blue"]
    assert names(await found(shop, Seen(picture=look(0)), limit=1)) == ["red"]
    both = await found(shop, Seen(text=text(1), picture=look(2)), picture_share=0.9)
    assert names(both)[0] == "green"
    assert both.fitting == 3


async def test_each_is_told_its_revision_and_whether_pictures_find_it(shop: Shop) -> None:
    first = await put(shop, (placement("a"), RED), (placement("b"), Seen(text=text(1))))
    second = await put(shop, (placement("c"), RED))
    assert [(kept.id, kept.revision, kept.has_picture) for kept in (*first, *second)] == [
        ("a", 1, True),
        ("b", 1, False),
        ("c", 2, True),
    ]


async def test_filters_leave_out_what_does_not_fit_and_facets_count_the_rest(shop: Shop) -> None:
    await filled(shop)
    answer = await found(shop, Seen(text=text(0)), filters={"categories": ["cold"]}, facets=True)
    assert sorted(names(answer)) == ["blue", "green"]
    assert answer.fitting == 2
    assert answer.facets is not None
    assert [(each.value, each.products) for each in answer.facets.categories] == [("cold", 2)]
    assert {each.value for each in answer.facets.attributes["size"]} == {"S", "L"}
    assert (answer.facets.price.least, answer.facets.price.most) == (2.0, 2.0)
    cheap = await found(shop, Seen(text=text(0)), filters={"price": {"most": 2.5}, "attributes": {"size": ["S"]}})
    assert names(cheap) == ["blue"]
    assert names(await found(shop, Seen(text=text(0)), filters={"categories": ["none"]})) == []


async def test_pages_follow_one_another_and_tell_each_product_once(shop: Shop) -> None:
    await put(shop, *((placement(f"p{number}"), Seen(text=text(number))) for number in range(7)))
    told: list[str] = []
    cursor = None
    for _ in range(4):
        answer = await found(shop, Seen(text=text(3)), limit=2, cursor=cursor)
        told += names(answer)
        cursor = answer.next
    assert (told[0], sorted(told), cursor) == ("p3", [f"p{number}" for number in range(7)], None)


async def test_what_is_like_a_product_is_not_itself_and_its_twin_is_said_to_be_the_same(shop: Shop) -> None:
    await filled(shop)
    await put(shop, (placement("twin"), RED), (placement("half"), Seen(text=text(0, 5), picture=look(0, 5))))
    answer = await found(shop, Seen(), product="red", limit=2)
    assert [(hit.id, hit.is_same) for hit in answer.products] == [("twin", True), ("half", False)]
    further = await found(shop, Seen(), product="red", limit=2, cursor=answer.next)
    assert not set(names(further)) & {"red", "twin", "half"}


@pytest.mark.parametrize(
    ("question", "kind"), [({"product": "nobody"}, "unknown-product"), ({"compare": "pictures"}, "too-few-pairs")]
)
async def test_what_this_catalogue_cannot_tell_fails_with_its_reason(
    shop: Shop, question: dict[str, Any], kind: str
) -> None:
    await filled(shop)
    with pytest.raises(AnalysisError) as failure:
        await found(shop, Seen(text=text(0)), **question)
    assert failure.value.kind == kind


async def test_an_empty_catalogue_finds_nothing(shop: Shop) -> None:
    answer = await found(shop, RED, facets=True)
    assert (answer.products, answer.fitting, answer.revision, answer.next) == ((), 0, 0, None)


async def test_one_tenant_finds_nothing_of_another(shop: Shop) -> None:
    await filled(shop)
    assert names(await found(shop, RED, tenant="bolt")) == []


async def test_changes_from_here_are_seen_at_once_and_those_of_others_within_a_second(
    shop: Shop, store: MemoryCatalogues, clock: FakeClock
) -> None:
    await filled(shop)
    assert names(await found(shop, RED, limit=1)) == ["red"]
    await put(shop, (placement("redder"), RED))
    assert set(names(await found(shop, RED, limit=2))) == {"red", "redder"}
    await store.remove(["red", "redder"], "acme")
    clock.now += FRESH_SECONDS / 2
    before = await found(shop, RED, limit=2)
    clock.now += FRESH_SECONDS / 2
    after = await found(shop, RED, limit=2)
    assert (set(names(before)), set(names(after))) == ({"red", "redder"}, {"blue", "green"})
    assert after.revision == before.revision + 1


async def test_who_wants_no_cache_sees_changes_of_others_at_once(shop: Shop, store: MemoryCatalogues) -> None:
    await filled(shop)
    await found(shop, RED)
    await store.remove(["red"], "acme")
    assert "red" not in names(await found(shop, RED, use_cache=False))


async def test_the_same_question_asks_the_store_nothing_until_a_second_is_over(
    shop: Shop, store: MemoryCatalogues, clock: FakeClock
) -> None:
    await filled(shop)
    first = await found(shop, RED)
    store.asked.clear()
    assert await found(shop, RED) is first
    assert store.asked == []
    clock.now += FRESH_SECONDS
    assert await found(shop, RED) is first, "nothing was changed"
    assert store.asked == ["state"]
    assert await found(shop, RED, limit=1) is not first


def test_searches_hold_for_a_second_and_what_is_put_in_for_no_time(shop: Shop) -> None:
    (kept,), (fresh,) = (
        items_of(SearchRequest(text="red")),
        items_of(SearchRequest(text="red", use_cache=False)),
    )
    assert (shop.life(kept), shop.life(fresh), shop.life(placement("a"))) == (FRESH_SECONDS, 0.0, 0.0)


async def test_the_edition_is_the_revision_that_was_seen(shop: Shop) -> None:
    assert shop.edition("acme") == ""
    await filled(shop)
    await found(shop, RED)
    assert (shop.edition("acme"), shop.edition("bolt")) == ("1", "")


async def test_a_store_that_is_away_fails_all_and_loses_nothing(shop: Shop, store: MemoryCatalogues) -> None:
    await filled(shop)
    store.away = True
    written = await shop.write([(placement("a"), RED), (placement("b"), BLUE)], "acme")
    assert [type(each) for each in written] == [DependencyError, DependencyError]
    with pytest.raises(DependencyError):
        await found(shop, RED)
    store.away = False
    assert names(await found(shop, RED, limit=1)) == ["red"]
    assert [type(each) for each in await Shop(Stores()).write([(placement("a"), RED)], "acme")] == [DependencyError]


async def test_a_full_catalogue_says_so(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shops, "MOST_PRODUCTS", 3)
    await filled(shop)
    (told,) = await shop.write([(placement("more"), RED)], "acme")
    assert isinstance(told, AnalysisError)
    assert told.kind == "catalogue-full"
    await put(shop, (placement("red"), BLUE))
    assert names(await found(shop, BLUE, limit=1, filters={"categories": []})) in (["red"], ["blue"])


async def test_catalogues_that_were_not_asked_for_longest_give_room(
    shop: Shop, store: MemoryCatalogues, monkeypatch: pytest.MonkeyPatch
) -> None:
    for tenant in ("acme", "bolt"):
        await put(shop, (placement("red"), RED), tenant=tenant)
    monkeypatch.setattr(shops, "MOST_BYTES", 1)
    await found(shop, RED, tenant="acme")
    await found(shop, RED, tenant="bolt")
    assert (shop.edition("acme"), shop.edition("bolt")) == ("", "1")
    assert names(await found(shop, RED, tenant="acme")) == ["red"], "it is read anew"
