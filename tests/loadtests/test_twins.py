from __future__ import annotations

from itertools import accumulate
from random import Random
from typing import Literal

from hypothesis import given
from hypothesis import strategies as st

from loadtests._exchange import Exchange
from loadtests._running._turns import Pairs
from loadtests._running._twins import twinned, twins
from slo.record import Stage

SIDES: dict[str, Literal["both", "base", "head"]] = {
    "mixed": "both",
    "b1": "base",
    "b2": "head",
    "b3": "head",
    "b4": "base",
    "rest": "both",
}


def stage(name: str, seconds: float = 2.0) -> Stage:
    return Stage(name=name, seconds=seconds, rate_from=1, rate_to=1, judged=True, side=SIDES[name])


STAGES = [stage(name) for name in SIDES]
BEGINS = dict(zip(SIDES, accumulate((each.seconds for each in STAGES), initial=0.0), strict=False))


def inside(moments: list[float], name: str) -> list[float]:
    begin = BEGINS[name]
    return [round(each - begin, 9) for each in moments if begin <= each < begin + 2.0]


def test_neighbours_of_different_sides_are_twins() -> None:
    assert twins(SIDES) == {"b2": "b1", "b4": "b3"}
    assert twins({"a": "base", "b": "base"}) == {}


@given(st.lists(st.floats(0, 11.9), max_size=60).map(sorted))
def test_twins_have_the_same_moments_and_all_others_keep_their_own(drawn: list[float]) -> None:
    came = list(twinned(iter(drawn), STAGES))

    assert came == sorted(came)
    for first, second in (("b1", "b2"), ("b3", "b4")):
        assert inside(came, first) == inside(drawn, first)
        assert inside(came, second) == inside(came, first)
    for name in ("mixed", "rest"):
        assert inside(came, name) == inside(drawn, name)


def test_twins_have_the_same_payloads_and_what_is_beyond_them_is_new() -> None:
    exchanges = [Exchange(b"%d" % number, 1, lambda _: None) for number in range(40)]
    pairs = Pairs(iter(exchanges), Random(1), SIDES)
    bodies = [pairs.next(name)[0].body for name in ("b1", "b1", "b2", "b2", "b2", "b3", "b4")]

    assert bodies[:2] == bodies[2:4]
    assert bodies[4] not in bodies[:4]
    assert bodies[5] == bodies[6]
