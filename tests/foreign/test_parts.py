"""The pure parts: lots and addresses."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests._foreign._addresses import Addresses
from loadtests._foreign._lots import Lots


@given(names=st.lists(st.sampled_from("abc"), max_size=60), seed=st.integers())
def test_neither_side_is_ever_more_than_one_ahead(names: list[str], seed: int) -> None:
    lots, ahead = Lots(Random(seed)), Counter[str]()
    for name in names:
        ahead[name] += 1 if lots.draw(name) == "base" else -1
        assert abs(ahead[name]) <= 1


def test_who_is_first_is_left_to_chance() -> None:
    lots = Lots(Random(1))
    first = Counter((lots.draw("a"), lots.draw("a"))[0] for _ in range(400))

    assert min(first["base"], first["head"]) > 150


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("/search?a=1", "/search?a=1"),
        ("http://head:2/search", "/search"),
        ("HTTP://head:2", ""),
        ("https://shop.example/v1/goods", "/goods"),
        ("https://shop.example/v10/goods", None),
        ("http://head:20/search", None),
        ("https://elsewhere.example/", None),
    ],
)
def test_what_lies_below_an_address_of_the_service_is_the_services(url: str, path: str | None) -> None:
    addresses = Addresses("http://base:1/", "http://user:secret@head:2", ["https://shop.example/v1"])

    assert addresses.path(url) == path


def test_a_side_has_the_same_path() -> None:
    addresses = Addresses("http://user:secret@base:1/under/", "http://head:2")

    assert addresses.at("base", "/search") == "http://base:1/under/search"
