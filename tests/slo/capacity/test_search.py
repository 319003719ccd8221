"""The search for the rate that is carried: how it walks, and that its intervals hold what they promise."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slo.capacity.search import Belief, Range, Search, Trial

LIMITS = Range(50.0, 100_000.0, 18)


def searched(capacity: float, spread: float, random: np.random.Generator, limits: Range = LIMITS) -> Search:
    """A search on a service whose capacity varies from step to step."""
    search = Search(limits)
    while (rate := search.next_rate()) is not None:
        now = capacity * np.exp(spread * random.standard_normal())
        search.take(Trial(rate, carried=bool(rate < now)), behind=rate > now * 1.05)
    return search


@pytest.mark.parametrize("spread", [0.01, 0.05])
def test_the_interval_holds_the_capacity_as_often_as_it_says(spread: float) -> None:
    random = np.random.default_rng(7)
    held, widths = 0, []
    for _ in range(40):
        capacity = float(np.exp(random.uniform(np.log(400), np.log(8000))))
        found = searched(capacity, spread, random).estimate()
        assert found is not None
        held += found.low <= capacity <= found.high
        widths.append(found.high / found.low)

    assert held >= 35, "95 % of 40 are 38; fewer than 35 come by chance once in a hundred"
    assert np.median(widths) < 1.3


@settings(max_examples=30, deadline=None)
@given(st.floats(60, 50_000), st.integers(6, 24))
def test_a_search_spends_no_more_steps_and_stays_inside_of_its_range(capacity: float, steps: int) -> None:
    limits = Range(50.0, 60_000.0, steps)
    search = searched(capacity, 0.0, np.random.default_rng(0), limits)

    assert search.tried <= steps
    assert all(trial.rate <= limits.high for trial in search.trials)
    found = search.estimate()
    if found is not None:
        assert found.low <= found.value <= found.high <= max(trial.rate for trial in search.trials)


def test_it_climbs_by_the_factor_until_answers_no_longer_follow() -> None:
    search = searched(1000.0, 0.0, np.random.default_rng(0))

    assert [trial.rate for trial in search.trials][:6] == [50, 100, 200, 400, 800, 1600]
    assert (search.carried, search.broken) == pytest.approx((1000, 1000), rel=0.06)


def test_one_step_that_only_misses_a_latency_does_not_end_the_climb() -> None:
    search = Search(LIMITS)
    search.take(Trial(50.0, carried=True))
    search.take(Trial(100.0, carried=False), behind=False)
    assert search.next_rate() == 200.0

    search.take(Trial(200.0, carried=False), behind=True)
    assert not search.climbing
    assert 50.0 < (search.next_rate() or 0.0) < 100.0


def test_below_a_generators_ceiling_it_looks_once_more_and_then_says_what_it_knows() -> None:
    search = Search(LIMITS)
    tried = []
    while (rate := search.next_rate()) is not None:
        tried.append(rate)
        if rate >= 1000:
            search.give_up(rate)
        else:
            search.take(Trial(rate, carried=True))

    assert search.estimate() is None
    assert search.ceiling == min(rate for rate in tried if rate >= 1000)
    assert search.carried >= 800
    assert len(tried) < 12


def test_a_generator_that_was_disturbed_once_has_a_second_try() -> None:
    search = Search(LIMITS)
    search.take(Trial(50.0, carried=True))
    search.give_up(100.0)
    assert search.next_rate() == 100.0
    search.take(Trial(100.0, carried=True))
    assert search.next_rate() == 200.0

    search.give_up(200.0)
    search.give_up(200.0)
    assert search.ceiling == 200.0
    assert search.next_rate() == pytest.approx(141.4, rel=1e-3)


def test_a_service_that_carries_nothing_is_looked_for_below_and_then_left() -> None:
    search = searched(1.0, 0.0, np.random.default_rng(0))

    assert search.carried == 0
    assert min(trial.rate for trial in search.trials) < LIMITS.low / 8
    assert search.tried < LIMITS.steps


def test_a_climb_that_decided_nothing_is_confirmed_at_its_end() -> None:
    search = Search(Range(50.0, 100.0, 18))
    rates = []
    while (rate := search.next_rate()) is not None:
        rates.append(rate)
        search.take(Trial(rate, carried=True, weight=0.0 if search.climbing else 1.0))

    assert rates == [50, 100, 100]
    assert search.carried == 100


def test_a_disturbed_step_costs_a_try_and_teaches_nothing() -> None:
    search = Search(LIMITS._replace(steps=2))
    search.spoil()
    search.spoil()

    assert search.next_rate() is None
    assert not search.trials


def test_contradicting_steps_widen_the_interval_and_an_undecided_one_weighs_less() -> None:
    agreeing = [Trial(800.0, carried=True), Trial(1000.0, carried=True), Trial(1250.0, carried=False)]
    contradicted = Belief([*agreeing, Trial(900.0, carried=False)]).estimate(0.95)
    leaning = Belief([*agreeing, Trial(900.0, carried=False, weight=0.5)]).estimate(0.95)
    plain = Belief(agreeing).estimate(0.95)

    assert contradicted.low < leaning.low < plain.low
    assert plain.value == pytest.approx(np.sqrt(1000 * 1250), rel=0.05)
