"""The rules by which other tools call a change a regression, applied to the windows of a gate.

A *run* of a tool that measures one build at a time is one launch: its base in one launch, its head in the next, as two
commits are measured one after the other. A tool that measures both builds has all launches. What a run says of a metric
is the median of its windows. Any metric that is worse is an alarm, as it is in these tools.

Sources: thresholds in k6's documentation; `alert-threshold` in the README of benchmark-action/github-action-benchmark;
`asv continuous --factor` and `asv_runner.statistics.is_different` of airspeed velocity.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from slo.duel.budgets import Limits, limit_on
from slo.duel.metrics import METRICS
from slo.duel.model import Samples, Series

Values = NDArray[np.float64]
Alarm = Callable[[Samples], bool]

SEEN_BY_K6 = ("p50", "p95")
ASV_P = 0.002
T_TEST_P = 0.05


class Rule(NamedTuple):
    """A rule, and what the table calls it."""

    name: str
    alarms: Alarm


class Runs(NamedTuple):
    """A metric in the base of one launch and in the head of the next."""

    series: Series
    base: float
    head: float

    @property
    def ratio(self) -> float:
        """How many times worse the head is."""
        return self.base / self.head if METRICS[self.series.metric].higher_is_better else self.head / self.base


def rules(limits: Limits) -> list[Rule]:
    """All of them; k6 has the budgets of ``limits`` on top of what one run of the base showed."""
    return [
        Rule("k6 thresholds: p50 and p95 of one run of the base, and our budgets", Thresholds(limits).alarms),
        *(
            Rule(f"github-action-benchmark: alert at {percent} %", Ratio(percent / 100).alarms)
            for percent in (200, 110, 105)
        ),
        *(
            Rule(f"asv continuous: Mann-Whitney p < {ASV_P}, factor {factor:g}", MannWhitney(factor).alarms)
            for factor in (1.1, 1.03)
        ),
        Rule(f"t-test of all windows, p < {T_TEST_P}", t_test),
    ]


@dataclass(frozen=True)
class Thresholds:
    """k6: an absolute limit on a percentile, written down once after a look at the base."""

    limits: Limits

    def alarms(self, gate: Samples) -> bool:
        """Whether the head's run crosses a threshold."""
        return any(self._is_crossed(runs) for runs in two_runs(gate) if runs.series.metric in SEEN_BY_K6)

    def _is_crossed(self, runs: Runs) -> bool:
        limit = limit_on(self.limits, runs.series.metric, runs.series.workload)
        return limit is not None and limit.critical is not None and runs.ratio > 1 + limit.critical.value


@dataclass(frozen=True)
class Ratio:
    """github-action-benchmark: this run is so many times worse than the one before."""

    alert: float

    def alarms(self, gate: Samples) -> bool:
        """Whether any metric is."""
        return any(runs.ratio > self.alert for runs in two_runs(gate))


@dataclass(frozen=True)
class MannWhitney:
    """asv: the samples of both builds differ by rank, and their medians by more than a factor.

    Metrics with too few samples for so small a p are left out.
    """

    factor: float

    def alarms(self, gate: Samples) -> bool:
        """Whether any metric does."""
        return any(self._worse(each) for each in gate.series if each.launches)

    def _worse(self, series: Series) -> bool:
        base, head = values_of(series)
        if 1 / math.comb(len(base) + len(head), len(base)) >= ASV_P:
            return False
        middle = float(np.median(base)), float(np.median(head))
        if Runs(series, *middle).ratio <= self.factor:
            return False
        return float(stats.mannwhitneyu(base, head, alternative="two-sided", method="asymptotic").pvalue) < ASV_P


def t_test(gate: Samples) -> bool:
    """Whether the windows' ln(head / base) of any metric lie above 0, every window taken for independent."""
    for series in gate.series:
        values = np.asarray([value for launch in series.launches for value in launch])
        if len(values) < 2 or not np.ptp(values):
            continue
        is_better = METRICS[series.metric].higher_is_better
        found = stats.ttest_1samp(values, 0.0, alternative="less" if is_better else "greater")
        if float(found.pvalue) < T_TEST_P:
            return True
    return False


def two_runs(gate: Samples) -> Iterator[Runs]:
    """Every timed metric in the first launch's base and in the second launch's head."""
    for series in gate.series:
        if len(series.launches) < 2 or not series.launches[0] or not series.launches[1]:
            continue
        base = float(np.median(series.levels[0]))
        head = float(np.median(np.asarray(series.levels[1]) * np.exp(series.launches[1])))
        yield Runs(series, base, head)


def values_of(series: Series) -> tuple[Values, Values]:
    """The figures of base and head in all windows."""
    levels = np.asarray([level for launch in series.levels for level in launch])
    ratios = np.asarray([ratio for launch in series.launches for ratio in launch])
    return levels, levels * np.exp(ratios)
