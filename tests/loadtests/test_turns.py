from __future__ import annotations

from collections import Counter
from itertools import groupby, islice
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from loadtests._exchange import Exchange
from loadtests._running._turns import SIDES, Alone, Pairs, Turn

STAGES = {"mixed": "both", "block-1-base": "base", "block-2-head": "head", "again": "both"}
arrivals = st.lists(st.tuples(st.sampled_from(list(STAGES)), st.booleans()), max_size=80)


EXCHANGES = [Exchange(b"%d" % number, 1, lambda _: None) for number in range(200)]
"""More than are ever asked for, no two of them alike."""


def sent(came: list[tuple[str, bool]], seed: int) -> list[tuple[str, Turn]]:
    """What went out, where an arrival is a stage and whether there was room for it."""
    pairs = Pairs(iter(EXCHANGES), Random(seed), STAGES)
    out = []
    for stage, has_room in came:
        turn = pairs.next(stage)
        if has_room:
            out.append((stage, turn))
        else:
            pairs.give_back()
    return out


@given(arrivals, st.integers(0, 2**32))
def test_of_every_pair_each_side_gets_the_same_whatever_is_dropped(came: list[tuple[str, bool]], seed: int) -> None:
    visits = [list(visit) for _, visit in groupby(came, key=lambda arrival: arrival[0])]
    visited = iter(sent(came, seed))
    for visit in visits:
        stage = visit[0][0]
        turns = [turn for _, turn in islice(visited, sum(room for _, room in visit))]
        if STAGES[stage] != "both":
            assert {turn.side for turn in turns} <= {STAGES[stage]}
            assert len({turn.exchange.body for turn in turns}) == len(turns), "each is a request of its own"
            continue
        for first, second in zip(turns[::2], turns[1::2], strict=False):
            assert first.exchange is second.exchange
            assert {first.side, second.side} == set(SIDES)
        sides = Counter(turn.side for turn in turns)
        assert abs(sides["base"] - sides["head"]) == len(turns) % 2


def test_who_is_first_in_a_pair_is_drawn_from_the_seed() -> None:
    came = [("mixed", True)] * 200
    assert sent(came, 1) == sent(came, 1)
    firsts = [[turn.side for _, turn in sent(came, seed)[::2]] for seed in (1, 2)]
    assert firsts[0] != firsts[1]
    for drawn in firsts:
        assert 30 <= drawn.count("base") <= 70, "a fair coin misses that once in 20,000 seeds"


def test_without_a_duel_every_arrival_has_an_exchange_of_its_own() -> None:
    alone = Alone(iter(EXCHANGES))
    turns = []
    for number in range(6):
        turns.append(alone.next("steady"))
        if number % 2:
            alone.give_back()
    assert turns == [(exchange, "") for exchange in EXCHANGES[:6]]
