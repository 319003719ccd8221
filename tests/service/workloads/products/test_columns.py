from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from service.workloads.products.columns import MOST_ATTRIBUTES, Columns, Facts, Where

NAMES = st.sampled_from(["a", "b", "c"])
PRICES = st.none() | st.integers(0, 9).map(float)
FACTS = st.builds(
    Facts, category=st.none() | NAMES, price=PRICES, attributes=st.dictionaries(st.sampled_from("xy"), NAMES)
)
WHERE = st.builds(
    Where,
    categories=st.lists(NAMES | st.just("unheard"), max_size=2),
    least_price=PRICES,
    most_price=PRICES,
    attributes=st.dictionaries(st.sampled_from("xyz"), st.lists(NAMES, min_size=1, max_size=2)),
)


def kept(facts: list[Facts]) -> Columns:
    columns = Columns()
    for each in facts:
        columns.append(each)
    return columns


def fits(facts: Facts, where: Where) -> bool:
    """What `Where` says, product by product."""
    least = where.least_price is None or (facts.price is not None and facts.price >= where.least_price)
    most = where.most_price is None or (facts.price is not None and facts.price <= where.most_price)
    attributes = all(facts.attributes.get(name) in values for name, values in where.attributes.items())
    return least and most and attributes and (not where.categories or facts.category in where.categories)


@given(st.lists(FACTS), WHERE)
def test_a_filter_leaves_what_fits(facts: list[Facts], where: Where) -> None:
    columns = kept(facts)
    assert columns.rows(where).tolist() == [row for row, each in enumerate(facts) if fits(each, where)]
    assert where.asks == (not fits(Facts(), where))


@given(st.lists(FACTS), WHERE)
def test_facets_count_what_the_filter_leaves(facts: list[Facts], where: Where) -> None:
    counted = kept(facts).facets(kept(facts).rows(where))
    left = [each for each in facts if fits(each, where)]
    categories = [each.category for each in left if each.category is not None]
    assert counted.categories == {name: categories.count(name) for name in {*categories}}
    assert list(counted.categories.values()) == sorted(counted.categories.values(), reverse=True)
    values = [value for each in left if (value := each.attributes.get("x"))]
    assert counted.attributes.get("x", {}) == {value: values.count(value) for value in {*values}}
    prices = [each.price for each in left if each.price is not None]
    assert (counted.least_price, counted.most_price) == ((min(prices), max(prices)) if prices else (None, None))


@given(st.lists(FACTS, min_size=1), FACTS, st.data())
def test_a_row_that_is_removed_or_replaced_counts_no_more(
    facts: list[Facts], other: Facts, data: st.DataObject
) -> None:
    columns, row = kept(facts), data.draw(st.integers(0, len(facts) - 1))
    columns.put(row, other)
    facts[row] = other
    assert columns.facets() == kept(facts).facets()
    columns.remove(row)
    assert columns.facets() == kept(facts[:row] + facts[row + 1 :]).facets()


def test_a_price_is_found_at_its_own_bounds() -> None:
    columns = kept([Facts(price=19.99)])
    assert columns.rows(Where(least_price=19.99, most_price=19.99)).tolist() == [0]


def test_more_attributes_than_are_kept_are_left_away() -> None:
    columns = kept([Facts(attributes={f"name {number}": "x" for number in range(MOST_ATTRIBUTES + 1)})])
    assert len(columns.facets().attributes) == MOST_ATTRIBUTES
