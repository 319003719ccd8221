from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo import selectors
from slo.selectors import Matcher, Selector, SelectorError

SAMPLES = {
    'lookups_total{tier="memory",outcome="hit"}': 70.0,
    'lookups_total{tier="redis",outcome="hit"}': 10.0,
    'lookups_total{tier="redis",outcome="miss"}': 20.0,
    "workers": 2.0,
}


@pytest.mark.parametrize(
    ("text", "total"),
    [
        ("lookups_total", 100.0),
        ('lookups_total{outcome="hit"}', 80.0),
        ('lookups_total{outcome!="hit"}', 20.0),
        ('lookups_total{tier=~"mem.*|redis",outcome="hit"}', 80.0),
        ('lookups_total{tier=~"mem"}', None),
        ('lookups_total{tier!~"red.+"}', 70.0),
        ('lookups_total{zone=""}', 100.0),
        ("workers{}", 2.0),
        ("worker", None),
    ],
)
def test_selectors_add_up_what_prometheus_would(text: str, total: float | None) -> None:
    assert selectors.total(selectors.parse(text), SAMPLES) == total


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "does not begin with a metric name"),
        ('{job="x"}', "does not begin with a metric name"),
        ("rate(a[5m])", "more than a metric name"),
        ('a{b="c"', "more than a metric name"),
        ("a{b=c}", "no selector from 'b=c' on"),
        ('a{b="c" d="e"}', "lacks a comma"),
        ('a{b=~"("}', "which is none"),
        ("a" * 3000, "too many"),
    ],
)
def test_what_is_no_selector_is_refused(text: str, said: str) -> None:
    with pytest.raises(SelectorError, match=said):
        selectors.parse(text)


@given(
    st.lists(
        st.builds(Matcher, st.from_regex(r"[a-z_]{1,8}", fullmatch=True), st.sampled_from(["=", "!="]), st.text()),
        max_size=3,
    )
)
def test_a_selector_survives_being_written(matchers: list[Matcher]) -> None:
    selector = Selector("requests", tuple(matchers))
    assert selectors.parse(str(selector)) == selector


def test_series_that_cannot_be_read_are_not_selected() -> None:
    samples = {'seen{a="1"}': 2.0, 'seen{a="1"|b="2"}': 3.0, 'seen{"quoted",a="1"}': 4.0, f"seen_{'x' * 3000}": 5.0}
    assert selectors.total(selectors.parse("seen"), samples) == 2.0


def test_a_label_can_be_read_and_replaced() -> None:
    selector = selectors.parse('ok{workload="comments",le="0.2"}')
    assert selector.label("le") == "0.2"
    assert str(selector.replace("le", "0.5")) == 'ok{workload="comments",le="0.5"}'
    assert selector.label("route") is None
