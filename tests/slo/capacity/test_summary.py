"""Whole tests of a simulated server, whose capacity, knee and cost are known."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from slo.capacity.agreement import agreeing, agreement
from slo.capacity.model import Capacity, Estimate, StepState
from slo.capacity.reports import exit_code
from slo.capacity.search import Range
from slo.exits import ExitCode
from tests.slo.capacity.conftest import change
from tests.slo.capacity.queueing import Server

Tested = Callable[..., Capacity]


def estimate(value: float | None, low: float | None, high: float | None) -> Estimate:
    return Estimate(value=value, low=low, high=high)


def test_a_random_queue_is_found_out(whole: Capacity) -> None:
    """M/M/1 with μ = 1,000/s: unstable from there on, α = ½, the knee at half of it."""
    law = whole.scalability

    assert whole.ended_by == "objectives"
    assert whole.sustainable_per_s.value == pytest.approx(1000, rel=0.06)
    assert whole.highest_carried_per_s is not None
    assert whole.highest_carried_per_s <= max(step.offered_per_s for step in whole.steps)
    assert law is not None
    assert law.peak_per_s.value == pytest.approx(1000, rel=0.03)
    assert law.knee_per_s.value == pytest.approx(500, rel=0.05)
    assert law.contention.value == pytest.approx(0.5, abs=0.05)
    assert not law.retrograde
    assert whole.elbow_per_s.value == pytest.approx(950, rel=0.2)
    assert whole.scaling is not None
    assert whole.scaling.rests_on == "the knee"


def test_tests_of_one_server_agree_and_those_of_two_do_not(three: Sequence[Capacity], tested: Tested) -> None:
    together = agreement(three)
    assert together.agree, together.reading
    assert together.reading.startswith("The 3 tests agree")

    apart = agreement([three[0], tested(Server(600.0), seed=5)])
    assert not apart.agree
    assert "sustainable rate and the knee" in apart.reading
    assert exit_code([three[0], tested(Server(600.0), seed=5)], strict=True) is ExitCode.INCONCLUSIVE


def test_a_weak_generator_ends_the_test_and_says_so(tested: Tested) -> None:
    found = tested(Server(2000.0, generator_per_s=700.0))

    assert found.ended_by == "generator"
    assert found.sustainable_per_s.high is None
    assert found.sustainable_per_s.value is not None
    assert 400 <= found.sustainable_per_s.value < 700
    assert found.headline.endswith("the generator ended it.")
    assert any(step.state is StepState.GENERATOR for step in found.steps)
    assert exit_code([found], strict=False) is ExitCode.MET
    assert exit_code([found], strict=True) is ExitCode.INCONCLUSIVE


def test_a_range_that_ends_below_the_capacity_gives_a_lower_bound(tested: Tested) -> None:
    found = tested(Server(1000.0), Range(50.0, 400.0, 18))

    assert found.ended_by == "range"
    assert found.sustainable_per_s == estimate(400.0, 400.0, None)
    assert found.headline == "The service carries at least 400 requests/s; the range asked for ended it."


def test_a_service_that_carries_nothing_misses(tested: Tested) -> None:
    found = tested(Server(2.0), Range(50.0, 1000.0, 12))

    assert found.sustainable_per_s.value is None
    assert found.scaling is None
    assert found.cost is None
    assert found.headline.startswith("No rate that was tried keeps the objectives.")
    assert exit_code([found], strict=False) is ExitCode.MISSED


def test_steps_that_decide_nothing_cannot_be_judged(tested: Tested) -> None:
    found = tested(Server(1000.0), Range(5.0, 10.0, 4))

    assert found.sustainable_per_s.value is None
    assert "longer" in found.headline
    assert exit_code([found], strict=False) is ExitCode.UNJUDGED


@pytest.mark.parametrize(
    ("values", "common"),
    [
        ([estimate(10, 8, 12), estimate(11, 9, 13)], (9, 12)),
        ([estimate(10, 8, 12), estimate(13, 12, 14)], (12, 12)),
        ([estimate(10, 9, 11), estimate(13, 12, 14)], None),
        ([estimate(10, 8, None), estimate(11, 9, 13)], (9, 13)),
        ([estimate(10, 8, 12), estimate(None, None, None)], None),
    ],
)
def test_intervals_agree_when_they_share_a_point(values: list[Estimate], common: tuple[float, float] | None) -> None:
    assert agreeing("knee_per_s", "knee", values).common == common


def test_open_ends_leave_nothing_to_compare(whole: Capacity) -> None:
    open_ended = change(whole, sustainable_per_s=estimate(400.0, 400.0, None), scalability=None)

    together = agreement([open_ended, open_ended])

    assert not together.agree
    assert "nothing to compare" in together.reading
