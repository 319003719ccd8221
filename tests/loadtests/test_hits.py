from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Hashable
from itertools import count
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests._payloads._corpus import Zipf
from loadtests._payloads._hits import hit_ratio


def simulated(law: Zipf, draws: int, *, unique: float, entries: float, seed: int) -> float:
    """What a cache that forgets the text used longest ago really answers."""
    random, kept, hits, numbers = Random(seed), OrderedDict[Hashable, None](), 0, count()
    for _ in range(draws):
        text: Hashable = ("unique", next(numbers)) if random.random() < unique else law.draw(random)
        if text in kept:
            hits += 1
            kept.move_to_end(text)
            continue
        kept[text] = None
        if len(kept) > entries:
            kept.popitem(last=False)
    return hits / draws


@pytest.mark.parametrize("draws", [50, 1_000, 20_000])
@pytest.mark.parametrize("entries", [20, 100, math.inf])
@pytest.mark.parametrize(("exponent", "unique"), [(0.0, 0.0), (0.8, 0.25), (1.3, 0.1)])
def test_the_expected_ratio_is_what_a_real_cache_shows(
    exponent: float, unique: float, entries: float, draws: int
) -> None:
    law = Zipf(400, exponent)
    runs = max(20_000 // draws, 2)
    seen = sum(simulated(law, draws, unique=unique, entries=entries, seed=seed) for seed in range(runs)) / runs
    assert hit_ratio(law, draws, unique=unique, entries=entries) == pytest.approx(seen, abs=0.015)


@given(st.integers(1, 300), st.floats(0.0, 3.0), st.floats(0.0, 1.0), st.integers(1, 10**6), st.integers(1, 400))
def test_more_room_and_more_draws_never_make_it_worse(
    size: int, exponent: float, unique: float, draws: int, entries: int
) -> None:
    law = Zipf(size, exponent)
    ratio = hit_ratio(law, draws, unique=unique, entries=entries)
    assert -1e-9 <= ratio <= 1.0 - unique + 1e-9
    assert ratio <= hit_ratio(law, draws, unique=unique, entries=entries + 50) + 1e-9
    assert ratio <= hit_ratio(law, 2 * draws, unique=unique, entries=entries) + 1e-9


def test_at_the_ends_it_is_what_one_would_say_without_a_formula() -> None:
    law = Zipf(10, 1.0)
    assert hit_ratio(law, 1) == pytest.approx(0.0)
    assert hit_ratio(law, 0) == 0.0
    assert hit_ratio(law, math.inf, unique=0.3) == pytest.approx(0.7)
    assert hit_ratio(law, 1000, unique=1.0) == 0.0
    assert hit_ratio(Zipf(1, 1.0), 4) == pytest.approx(0.75)
