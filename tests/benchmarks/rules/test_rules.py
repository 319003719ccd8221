"""Other tools' rules: each says what its tool would, on windows whose answer is plain."""

from __future__ import annotations

import math

import pytest

from slo.duel.budgets import ChangeLimit
from slo.duel.model import Samples, Series
from slo.model import Comparison, Limit
from tests.benchmarks.rules.rules import MannWhitney, Ratio, Thresholds, t_test
from tests.slo.calibration.simulated import samples

LIMITS = {("p50", ""): ChangeLimit(metric="p50", critical=Limit(Comparison.AT_MOST, 0.05))}


def gate(metric: str, changes: tuple[float, float], levels: tuple[float, float] = (1.0, 1.0)) -> Samples:
    """Two launches, in which the head is so many times the base, and the base stands at ``levels``."""
    wobble = [0.99 + 0.001 * number for number in range(20)]
    series = Series(
        metric=metric,
        launches=tuple(tuple(math.log(change * each) for each in wobble) for change in changes),
        levels=tuple((level,) * len(wobble) for level in levels),
        base=1.0,
        head=1.0,
    )
    return samples(1, series=(series,))


@pytest.mark.parametrize(("change", "alarms"), [(1.04, False), (1.07, True)])
def test_a_threshold_is_an_absolute_limit(change: float, alarms: bool) -> None:
    assert Thresholds(LIMITS).alarms(gate("p50", (1.0, change))) is alarms
    assert not Thresholds(LIMITS).alarms(gate("cpu-per-request", (1.0, change)))


def test_two_runs_take_a_slower_hour_for_a_slower_build() -> None:
    slower_hour = gate("p50", (1.0, 1.0), levels=(1.0, 1.3))
    assert Thresholds(LIMITS).alarms(slower_hour)
    assert Ratio(1.1).alarms(slower_hour)
    assert not Ratio(2.0).alarms(slower_hour)
    assert not MannWhitney(1.1).alarms(slower_hour)
    assert not t_test(slower_hour)


def test_less_throughput_is_worse() -> None:
    assert Ratio(1.1).alarms(gate("throughput", (1.0, 0.8)))
    assert not Ratio(1.1).alarms(gate("throughput", (1.0, 1.2)))
    assert t_test(gate("throughput", (0.9, 0.9)))
    assert not t_test(gate("throughput", (1.1, 1.1)))


def test_mann_whitney_asks_for_ranks_and_for_a_factor() -> None:
    assert MannWhitney(1.1).alarms(gate("p50", (1.2, 1.2)))
    assert not MannWhitney(1.1).alarms(gate("p50", (1.08, 1.08)))
    assert MannWhitney(1.03).alarms(gate("p50", (1.08, 1.08)))
