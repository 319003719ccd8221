from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.sentences import engine
from service.workloads.products import index as module
from service.workloads.products import lens
from service.workloads.products.columns import Facts, Where
from service.workloads.products.index import DEEPEST, Entry, Index, Query
from tests.service.workloads.products.vectors import crowded, drawn

LOOKS, TEXTS = drawn(40), drawn(40, engine.LENGTH, seed=2)


def entry(number: int, *, look: bool = True, text: bool = True, words: str = "") -> Entry:
    facts = Facts("even" if number % 2 == 0 else "odd", float(number), {"colour": "red" if number < 20 else "blue"})
    return Entry(f"p{number}", LOOKS[number] if look else None, TEXTS[number] if text else None, facts, words)


@pytest.fixture
def index() -> Index:
    made = Index()
    made.add(entry(number) for number in range(40))
    return made


def names(index: Index, query: Query) -> list[str]:
    return [hit.id for hit in index.search(query).hits]


def test_a_product_is_found_by_its_picture_or_its_text(index: Index) -> None:
    assert names(index, Query(picture=LOOKS[7], limit=1)) == ["p7"]
    assert names(index, Query(text=TEXTS[8], limit=1)) == ["p8"]


@pytest.mark.parametrize(("share", "first"), [(0.9, "p7"), (0.1, "p8")])
def test_of_both_the_one_that_says_more_decides(index: Index, share: float, first: str) -> None:
    # Texts of strangers differ more here than the engine's do, so a text says more than its share.
    assert names(index, Query(LOOKS[7], TEXTS[8], picture_share=share, limit=2))[0] == first


def test_what_is_like_in_both_comes_before_what_is_like_in_one(index: Index) -> None:
    index.add([Entry("both", LOOKS[7], TEXTS[8])])
    assert names(index, Query(LOOKS[7], TEXTS[8], limit=1)) == ["both"]


def test_only_what_fits_is_found_and_counted(index: Index) -> None:
    where = Where(categories=["even"], least_price=10, most_price=30, attributes={"colour": ["blue"]})
    found = index.search(Query(text=TEXTS[7], where=where))
    assert {hit.id for hit in found.hits} == {"p20", "p22", "p24", "p26", "p28", "p30"}
    assert found.fitting == 6
    facets = index.facets(where)
    assert (facets.categories, facets.attributes) == ({"even": 6}, {"colour": {"blue": 6}})
    assert (facets.least_price, facets.most_price) == (20, 30)


def test_a_name_that_vectors_do_not_know_is_found_by_its_words() -> None:
    index = Index()
    index.add(Entry(str(row), None, text, words=f"chair GX-{row}") for row, text in enumerate(TEXTS))
    assert names(index, Query(text=TEXTS[3], limit=1)) == ["3"]
    assert names(index, Query(text=(TEXTS[3] + TEXTS[5]) / 1.4, words="gx-5", limit=1)) == ["5"]


def test_words_find_what_fits_alone() -> None:
    index = Index()
    index.add(entry(number, words="oak table") for number in range(40))
    found = index.search(Query(text=TEXTS[0], words="oak", where=Where(categories=["odd"]), limit=40))
    assert {hit.id for hit in found.hits} == {f"p{number}" for number in range(1, 40, 2)}


def test_words_propose_no_more_than_vectors_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "CANDIDATES", 4)
    index = Index()
    index.add(entry(number, words="oak table" if number % 3 else "oak bed") for number in range(40))
    assert len(names(index, Query(text=TEXTS[0], words="oak table", limit=2))) == 2


@pytest.mark.parametrize("words", ["", "p7 chair"])
def test_pages_tell_every_product_once(words: str) -> None:
    index = Index()
    index.add(entry(number, words=f"chair p{number}") for number in range(40))
    told = [names(index, Query(text=TEXTS[7], words=words, limit=7, offset=offset)) for offset in range(0, 42, 7)]
    assert sorted(name for page in told for name in page) == sorted(f"p{number}" for number in range(40))
    assert told[0][0] == "p7"


def test_scores_of_a_search_fall_and_are_at_most_one(index: Index) -> None:
    for query in (Query(picture=LOOKS[1]), Query(text=TEXTS[1]), Query(LOOKS[1], TEXTS[1])):
        scores = [hit.score for hit in index.search(query).hits]
        assert scores == sorted(scores, reverse=True)
        assert scores[0] == pytest.approx(1, abs=0.01)


def test_what_has_no_picture_is_not_found_by_one() -> None:
    index = Index()
    index.add([entry(1, look=False), entry(2), entry(3, text=False)])
    assert sorted(names(index, Query(picture=LOOKS[1]))) == ["p2", "p3"]
    assert names(index, Query(text=TEXTS[1], limit=1)) == ["p1"]
    assert sorted(names(index, Query(LOOKS[1], TEXTS[1]))) == ["p1", "p2", "p3"]


def test_an_empty_catalogue_answers_with_nothing() -> None:
    found = Index().search(Query(text=TEXTS[0], words="anything"))
    assert (found.hits, found.fitting) == ([], 0)


def test_a_search_for_nothing_and_one_too_deep_are_refused(index: Index) -> None:
    with pytest.raises(ValueError, match="needs the vector"):
        index.search(Query())
    with pytest.raises(ValueError, match="at most 1,000"):
        index.search(Query(text=TEXTS[0], offset=DEEPEST))


@settings(max_examples=50)
@given(st.lists(st.tuples(st.booleans(), st.sets(st.integers(0, 39), max_size=5)), max_size=8))
def test_after_any_changes_it_is_as_if_built_anew(changes: list[tuple[bool, set[int]]]) -> None:
    index, kept = Index(), {*range(10)}
    index.add(entry(number, words=f"chair {number}") for number in kept)
    for is_added, numbers in changes:
        if is_added:
            index.add(entry(number, words=f"chair {number}") for number in numbers)
            kept |= numbers
        else:
            assert index.remove(f"p{number}" for number in numbers) == len(numbers & kept)
            kept -= numbers
    anew = Index()
    anew.add(entry(number, words=f"chair {number}") for number in kept)
    assert len(index) == len(kept) == len(anew)
    assert {f"p{number}" in index for number in kept} <= {True}
    assert index.facets(Where()) == anew.facets(Where())
    for query in (Query(picture=LOOKS[3], limit=40), Query(LOOKS[3], TEXTS[5], words="chair 12", limit=40)):
        assert dict(index.search(query).hits) == pytest.approx(dict(anew.search(query).hits), abs=1e-6)


def test_a_product_that_is_added_again_is_replaced(index: Index) -> None:
    index.add([Entry("p7", LOOKS[7], TEXTS[7], Facts("other"), "new"), Entry("p7", LOOKS[7], TEXTS[9], Facts("last"))])
    assert len(index) == 40
    assert index.facets(Where()).categories["last"] == 1
    assert {*names(index, Query(text=TEXTS[9], limit=2))} == {"p7", "p9"}


def test_pictures_are_compared_through_the_lens() -> None:
    vectors, labels = crowded(5, 20)
    fitted = lens.fitted(vectors, labels)
    index = Index(fitted)
    index.add(Entry(str(row), vector, None) for row, vector in enumerate(vectors))
    told = dict(index.search(Query(picture=vectors[3], limit=100)).hits)
    exact = fitted.seen(vectors) @ fitted.seen(vectors[3:4])[0]
    assert told == pytest.approx({str(row): cosine for row, cosine in enumerate(exact)}, abs=0.03)


def test_memory_is_told() -> None:
    index = Index()
    before = index.resident_bytes
    index.add(entry(number) for number in range(40))
    assert (index.resident_bytes - before) / 40 < 1_500
