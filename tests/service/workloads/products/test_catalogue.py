"""A catalogue as one process follows it: what others changed, learned or forgot meanwhile."""

from __future__ import annotations

import asyncio
import random

import msgspec
import numpy as np
import pytest

from service.core.catalogues import StoredProduct
from service.sentences import engine
from service.workloads.products import learning, pictures
from service.workloads.products.catalogue import Catalogue
from service.workloads.products.halves import packed, unpacked
from service.workloads.products.index import Query
from service.workloads.products.lens import unit
from service.workloads.products.network import Floats
from tests.service.doubles import FakeClock
from tests.service.memory_catalogues import MemoryCatalogues

MANY = 1_000


def vector(length: int, seed: str, towards: int) -> Floats:
    """A unit vector that is nearer to one axis than to others."""
    drawn = np.random.default_rng(random.Random(seed).getrandbits(32)).normal(0, 0.02, (1, length))
    drawn[0, towards] += 1
    whole: Floats = unit(drawn)[0]
    return whole


def product(number: int, kind: int) -> StoredProduct:
    """A product of one of some kinds, whose text and picture tell which."""
    facts = msgspec.json.encode({"title": f"product {number}", "category": f"kind {kind}"})
    look, text = vector(pictures.LENGTH, f"p{number}", kind), vector(engine.LENGTH, f"t{number}", kind)
    return StoredProduct(f"p{number}", facts, packed(look), packed(text))


@pytest.fixture
def store() -> MemoryCatalogues:
    return MemoryCatalogues()


async def until_learned(catalogue: Catalogue, store: MemoryCatalogues, times: int = 1) -> None:
    """Follow until what goes on beside is over and was taken up."""
    for _ in range(200):
        await catalogue.follow(at_once=True)
        has_learned = store.asked.count("keep_lenses") == times and catalogue._beside is None
        if has_learned and catalogue._view.lessons_at == store.states["acme"].lenses_at:
            return
        await asyncio.sleep(0.01)
    raise AssertionError("it learned nothing")


def found(catalogue: Catalogue, kind: int) -> object:
    return catalogue.search(Query(picture=vector(pictures.LENGTH, "query", kind), limit=3))


async def test_a_small_catalogue_is_not_learned_of_and_a_larger_one_once(store: MemoryCatalogues) -> None:
    catalogue = Catalogue(store, "acme", FakeClock())
    await store.put([product(number, number % 4) for number in range(19)], MANY, "acme")
    await catalogue.follow(at_once=True)
    assert "keep_lenses" not in store.asked
    await store.put([product(number, number % 4) for number in range(19, 40)], MANY, "acme")
    await until_learned(catalogue, store)
    await store.put([product(number, number % 4) for number in range(40, 59)], MANY, "acme")
    await catalogue.follow(at_once=True)
    await catalogue.follow(at_once=True)
    assert store.asked.count("keep_lenses") == 1, "it has not grown by half"
    await store.put([product(59, 0)], MANY, "acme")
    await until_learned(catalogue, store, 2)


async def test_what_one_process_learned_another_sees_by(store: MemoryCatalogues) -> None:
    await store.put([product(number, number % 4) for number in range(40)], MANY, "acme")
    one = Catalogue(store, "acme", FakeClock())
    query = Query(picture=vector(pictures.LENGTH, "query", 2), limit=5)
    await one.follow()
    before = await one.search(query)
    await until_learned(one, store)
    other = Catalogue(store, "acme", FakeClock())
    await other.follow()
    assert await one.search(query) == await other.search(query) != before
    await store.put([product(number, number % 4) for number in range(40, 70)], MANY, "acme")
    await other.follow(at_once=True)
    await until_learned(other, store, 2)
    await until_learned(one, store, 2)
    assert await one.search(query) == await other.search(query)


async def test_texts_lead_to_pictures_once_pairs_were_learned_of(store: MemoryCatalogues) -> None:
    await store.put([product(number, number % 4) for number in range(40)], MANY, "acme")
    catalogue = Catalogue(store, "acme", FakeClock())
    await catalogue.follow()
    text = vector(engine.LENGTH, "asked", 3)
    assert catalogue.imagined(text) is None
    await until_learned(catalogue, store)
    imagined = catalogue.imagined(text)
    assert imagined is not None
    hits = (await catalogue.search(Query(picture=imagined, limit=5))).hits
    assert {int(hit.id[1:]) % 4 for hit in hits} == {3}


async def test_who_missed_what_was_removed_for_good_reads_all_anew(store: MemoryCatalogues) -> None:
    await store.put([product(number, 0) for number in range(3)], MANY, "acme")
    catalogue = Catalogue(store, "acme", FakeClock())
    await catalogue.follow()
    await store.remove(["p1"], "acme")
    del store.kept["acme"]["p1"]
    store.states["acme"] = store.states["acme"]._replace(purged=2)
    await catalogue.follow(at_once=True)
    hits = (await catalogue.search(Query(picture=vector(pictures.LENGTH, "query", 0), limit=9))).hits
    assert {hit.id for hit in hits} == {"p0", "p2"}
    assert catalogue.revision == 2


async def test_many_who_ask_at_once_look_at_the_store_once(store: MemoryCatalogues) -> None:
    await store.put([product(number, 0) for number in range(3)], MANY, "acme")
    catalogue = Catalogue(store, "acme", FakeClock())
    await asyncio.gather(*(catalogue.follow() for _ in range(20)))
    assert store.asked.count("state") == 1


async def test_a_store_that_goes_away_while_it_learns_changes_nothing(
    store: MemoryCatalogues, caplog: pytest.LogCaptureFixture
) -> None:
    await store.put([product(number, number % 4) for number in range(40)], MANY, "acme")
    catalogue = Catalogue(store, "acme", FakeClock())
    await catalogue.follow()
    store.away = True
    assert catalogue._beside is not None
    await catalogue._beside
    assert "is searched as before" in caplog.text
    store.away = False
    await until_learned(catalogue, store)


def test_what_was_learned_is_the_same_after_it_was_kept() -> None:
    products = [product(number, number % 4) for number in range(40)]
    examples = [
        learning.Example(unpacked(each.picture or b""), unpacked(each.text or b""), f"kind {number % 4}")
        for number, each in enumerate(products)
    ]
    lessons = learning.learned(examples)
    again = learning.unpacked(learning.packed(lessons))
    look = examples[0].picture
    text = examples[0].text
    assert look is not None
    assert text is not None
    np.testing.assert_allclose(again.picture_lens.seen(look[None]), lessons.picture_lens.seen(look[None]), atol=1e-6)
    assert again.crossing is not None
    assert lessons.crossing is not None
    before, after = lessons.crossing.pictures_of(text[None]), again.crossing.pictures_of(text[None])
    np.testing.assert_allclose(after, before, atol=1e-5)
    assert learning.unpacked(None) is learning.NONE


@pytest.mark.parametrize("length", [pictures.LENGTH, engine.LENGTH])
def test_halves_keep_the_direction(length: int) -> None:
    whole = vector(length, "whole", 5)
    assert float(unpacked(packed(whole)) @ whole) > 0.9999
