"""Findings, culprits and the gate's knowledge in words."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo.duel.model import Outcome
from slo.model import Unit
from slo.reports.duel import findings, guilt, knowledge, outcomes
from slo.reports.duel.scale import scale_for
from tests.slo.reports.duel import examples

BY_METRIC = {each.metric: each for each in examples.findings(Outcome.FAILED)}


@pytest.mark.parametrize(
    ("metric", "change", "budget"),
    [
        ("cpu-per-request", "+12.8 % (+11.7 to +13.9 %)", "at most +3 %, hint beyond +2 %"),
        ("throughput", "−1.2 % (−2.3 to −0.1 %)", "at least −3 %, hint beyond −2 %"),
        ("errors", "+0.01 points (−0.09 to +0.11 points)", "at most +0.2 points, hint beyond +0.13 points"),
        ("allocations", "±0 %, counted", "at most +3 %, hint beyond +2 %"),
        ("waited", "–", "at most +3 %, hint beyond +2 %"),
        ("start-up", "+2 % (+0.9 to +3.1 %)", "no budget"),
    ],
)
def test_changes_and_budgets_have_their_unit_and_direction(metric: str, change: str, budget: str) -> None:
    assert findings.change(BY_METRIC[metric]) == change
    assert findings.limits(BY_METRIC[metric]) == budget


@pytest.mark.parametrize(
    ("p", "told"), [(None, ""), (0.0, "p < 0.0001"), (0.0042, "p = 0.0042"), (0.1, "p = 0.1"), (1.0, "p = 1")]
)
def test_a_chance_is_told_with_two_digits(p: float | None, told: str) -> None:
    assert findings.chance(msgspec.structs.replace(BY_METRIC["p50"], p_adjusted=p)) == told


def test_what_is_striking_is_what_is_enforced_and_not_kept() -> None:
    assert [each.metric for each in findings.striking(examples.duel(Outcome.FAILED), 5)] == [
        "cpu-per-request",
        "bytecodes",
    ]
    assert len(findings.striking(examples.duel(Outcome.PASSED), 5)) == 5


def test_culprits_tell_costs_with_their_units() -> None:
    told = [(guilt.costs(each), guilt.rise(each)) for each in examples.CULPRITS]

    assert told == [
        ("12,400 → 14,900 bytecodes", "+2,500"),
        ("210 µs → 640 µs", "+430 µs (+390 µs to +470 µs)"),
        ("1 → 21 queries", "+20"),
        ("4 KiB → 68 KiB", "+64 KiB"),
        ("812 B → 830 B", "+18 B (+17 B to +19 B)"),
    ]
    assert guilt.touch(examples.CULPRITS[0]) == "edited by the change"
    assert guilt.touch(examples.CULPRITS[1]) == "calls Pool.acquire, Pool.release, edited by the change"


def test_false_alarms_are_told_with_their_interval() -> None:
    """Clopper and Pearson's interval of 0 in 34 ends at 1 − 0.025 ** (1 / 34)."""
    first, resampled, where, counted = knowledge.sentences(examples.duel(Outcome.PASSED))

    assert f"0 of 34 gates (0 %; 0 % to {100 * (1 - 0.025 ** (1 / 34)):.1f} %" in first
    assert "12 of 10,000 gates (0.12 %" in resampled
    assert "a machine like this one" in where
    assert counted == "Counted, so that every change is seen: bytecodes, allocations."


def test_a_gate_that_was_never_calibrated_says_so() -> None:
    duel = msgspec.structs.replace(examples.duel(Outcome.PASSED), known=None)

    assert knowledge.UNKNOWN in knowledge.sentences(duel)
    assert {each.power for each in knowledge.sights(duel)} == {""}


def test_every_outcome_has_words_and_a_shape_of_its_own() -> None:
    for table in (outcomes.WORDS, outcomes.HEADINGS, outcomes.SIGNS):
        assert set(table) == set(Outcome)
        assert len(set(table.values())) == len(Outcome)
    assert set(outcomes.LOOKS) == set(outcomes.STYLES) == set(Outcome)


@given(st.lists(st.floats(-0.99, 50.0), min_size=2))
def test_the_scale_keeps_the_order_and_stays_inside(changes: list[float]) -> None:
    scale = scale_for(changes)
    places = [scale.place(change) for change in sorted(changes)]

    assert places == sorted(places)
    assert all(scale.margin <= place <= scale.length - scale.margin for place in places)
    assert 0.0 in scale.ticks()


def test_a_point_of_failures_is_drawn_far_from_none() -> None:
    percent, points = scale_for([0.01]), scale_for([0.01], unit=0.02)

    assert findings.difference(0.01, Unit.RATIO) == "+1 points"
    assert points.place(0.01) - points.place(0) > percent.place(0.01) - percent.place(0)
