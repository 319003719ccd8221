"""The benchmark of searches measures every kind and every way, in a catalogue that is told by its facts."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from service.workloads.products.index import Query
from tests.benchmarks.products import search, speed, tables
from tests.benchmarks.products.search import Speed
from tests.benchmarks.products.stock import Stock


@pytest.fixture(scope="module")
def found() -> Speed:
    with pytest.MonkeyPatch.context() as fewer:
        fewer.setattr(speed, "FILES", 1)
        fewer.setattr(speed, "TEXTS", 4)
        return search.measured(1_000, 1, lambda _: None)


def test_every_way_is_measured_and_finds(found: Speed) -> None:
    assert len({each.name for each in found.nearest}) == 5
    assert all(each.recall > 0.9 and each.slow_ms >= each.median_ms > 0 for each in found.nearest)
    assert {each.name for each in found.nearest if each.filtered_recall is None} == {"graph, usearch"}
    assert {each.kind for each in found.searches} == {kind.name for kind in speed.KINDS}
    assert found.building.pictures_a_second > 0 < found.building.texts_a_second


def test_tables_have_a_place_and_missed_goals_are_told(found: Speed, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("<!-- search: begin -->\n<!-- search: end -->\n")
    tables.write("search", search.introduction(found), search.titled(found), page)
    assert "A search among 1,000 products" in page.read_text()
    building = msgspec.structs.replace(found.building, resident_megabytes=1.6)
    slow = [msgspec.structs.replace(each, slow_ms=41.0) for each in found.searches]
    missed = search.misses(msgspec.structs.replace(found, building=building, searches=slow))
    assert missed == [
        "picture: 41 ms, not 40",
        "picture, filters, facets: 41 ms, not 40",
        "160 MB for 100,000 products, not 150",
    ]


def test_the_stock_fits_its_filters_as_the_index_says() -> None:
    stock = Stock(1_000)
    index, _, _ = speed.built(stock)
    for one in stock.wanted(5):
        told = index.search(Query(text=one.text, where=one.where, limit=1))
        assert told.fitting == stock.fitting(one.where).sum() > 0
