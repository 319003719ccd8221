"""Who is to blame: what a function does more itself, and what it has done more often."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from profiles.blame import Blamed, blamed
from profiles.recording import Recording
from profiles.stacks import Profile

Costs = dict[str, tuple[int, int]]
"""(own cost, calls) by folded stack."""


def ours(frame: str) -> bool:
    return not frame.startswith("lib")


def named(before: Costs, after: Costs, *edited: str) -> Sequence[Blamed]:
    def recorded(costs: Costs, which: int, unit: str) -> Recording:
        stacks = {tuple(stack.split(";")): both[which] for stack, both in costs.items() if both[which]}
        return Recording.of_profiles([Profile(unit, stacks)], [1.0], "test")

    calls = recorded(before, 1, "calls"), recorded(after, 1, "calls")
    base, head = recorded(before, 0, "bytecodes"), recorded(after, 0, "bytecodes")
    return blamed(base, head, calls, is_ours=ours, is_edited=lambda frame: frame in edited)


BASE: Costs = {"serve": (100, 1), "serve;parse": (200, 2), "serve;store": (300, 1), "serve;store;read": (400, 4)}


def test_a_function_that_does_more_is_named() -> None:
    [found] = named(BASE, {**BASE, "serve;parse": (300, 2)})
    assert (found.frame, found.before, found.rise, found.share, found.explains) == ("parse", 200, 100, 0.1, 1.0)


def test_who_calls_more_often_is_named_not_who_is_called() -> None:
    [found] = named(BASE, {**BASE, "serve;store;read": (4000, 40)})
    assert (found.frame, found.rise) == ("store", 3600)
    [found] = named(BASE, {**BASE, "serve;store": (600, 2), "serve;store;read": (800, 8)})
    assert (found.frame, found.rise) == ("serve", 700)


def test_who_was_edited_and_is_called_more_often_is_named_itself() -> None:
    [found] = named(BASE, {**BASE, "serve;store;read": (4000, 40)}, "read")
    assert found.frame == "read"
    [found] = named(BASE, {**BASE, "serve;store;read": (4000, 40)}, "read", "store")
    assert found.frame == "store"


def test_who_was_edited_comes_before_who_is_given_more_to_do() -> None:
    head = {**BASE, "serve;parse": (300, 2), "serve;store": (1200, 1)}
    assert [each.frame for each in named(BASE, head)] == ["store", "parse"]
    assert [each.frame for each in named(BASE, head, "parse")] == ["parse", "store"]
    barely = {**head, "serve;parse": (220, 2)}
    assert [each.frame for each in named(BASE, barely, "parse")] == ["store", "parse"]


def test_work_outside_is_that_of_who_has_it_done() -> None:
    [found] = named(BASE, {**BASE, "serve;parse;lib.log": (90, 3), "serve;parse;lib.log;lib.write": (10, 3)})
    assert (found.frame, found.rise, found.detail) == ("parse", 100, "lib.log")


def test_a_new_place_is_owed_by_who_was_there_unless_the_function_is_new() -> None:
    head = {**BASE, "serve;parse;read": (100, 1)}
    assert [each.frame for each in named(BASE, head)] == ["parse"]
    assert [each.frame for each in named(BASE, head, "read", "parse")] == ["read"]


def test_a_comprehension_is_a_part_of_its_function() -> None:
    [found] = named(BASE, {**BASE, "serve;parse;parse.<locals>.<listcomp>": (100, 2)})
    assert found.frame == "parse"


def test_work_that_moved_makes_nobody_guilty() -> None:
    assert named(BASE, {**BASE, "serve": (0, 1), "serve;parse": (300, 2)}) == ()
    assert named(BASE, BASE) == ()


places = st.lists(st.sampled_from("abcd"), min_size=1, max_size=4).map(";".join)
costs = st.dictionaries(places, st.tuples(st.integers(0, 50), st.integers(1, 9)), max_size=8)


@given(costs, costs)
def test_nobody_owes_more_than_twice_the_rise(before: Costs, after: Costs) -> None:
    rise = sum(own for own, _ in after.values()) - sum(own for own, _ in before.values())
    for each in named(before, after):
        assert 0.0 < each.rise <= 2.0 * rise
        assert each.explains == pytest.approx(each.rise / rise)
