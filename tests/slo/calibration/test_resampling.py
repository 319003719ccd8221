"""Gates that are drawn from gates: they keep what hangs together, and their rates are the true ones."""

from __future__ import annotations

import math

import numpy as np
import pytest
from msgspec.structs import replace
from scipy import stats

from slo.calibration.model import NOTHING, Planted
from slo.calibration.pool import NoGatesError, Pool, launches_of, worse
from slo.calibration.resampling import SIZES, Plan, plantable, resampled
from slo.duel.model import Samples, Series
from slo.stats import clopper_pearson
from tests.slo.calibration.simulated import LAUNCHES, MeanAbove, samples

CPU, P50 = "cpu-per-request", "p50"
GATES = [samples(seed) for seed in range(30)]


def means_spread(gates: list[Samples], metric: str) -> float:
    """The standard deviation of the mean of a drawn gate, from the moments of what it is drawn from."""
    launches = [launch[metric, ""][0] for gate in gates for launch in launches_of(gate)]
    return math.sqrt(float(np.mean([values.mean() ** 2 for values in launches])) / LAUNCHES)


def test_rates_are_those_of_the_closed_form() -> None:
    spread = means_spread(GATES, CPU)
    judge = MeanAbove(CPU, limit=1.5 * spread)
    found = resampled(Pool(GATES), judge, Plan(4000, 1000, seed=3), [CPU])
    alarm = stats.norm.sf(1.5)
    low, high = clopper_pearson(found.equal.failed, found.equal.gates, 0.999)
    assert low < alarm < high
    for power in found.power:
        expected = stats.norm.sf(1.5 - math.log1p(power.planted.size) / spread)
        low, high = clopper_pearson(power.found, power.gates, 0.999)
        assert low <= expected <= high or abs(expected - power.share) < 0.002


def test_what_is_found_does_not_depend_on_the_number_of_processes() -> None:
    judge, plan = MeanAbove(CPU, limit=0.005), Plan(120, 60, seed=5)
    seen: list[tuple[int, int]] = []
    alone = resampled(Pool(GATES), judge, plan, [CPU])
    together = resampled(Pool(GATES), judge, plan, [CPU], lambda done, total: seen.append((done, total)), processes=2)
    assert alone == together
    whole = 120 + 60 * len(SIZES)
    assert seen[-1] == (whole, whole)
    assert seen == sorted(seen)


def test_metrics_take_the_same_launches_and_sign() -> None:
    drawn = Pool(GATES).drawn(np.random.default_rng(1), 6, NOTHING)
    one, other = (each.launches for each in drawn.series)
    assert one == other
    signs = {math.copysign(1, values[0] / kept) for values in one for kept in _kept(values)}
    assert signs == {1.0, -1.0}


def _kept(values: tuple[float, ...]) -> list[float]:
    """The window of the pool that the first of ``values`` is, with its own sign."""
    pool = [float(value) for gate in GATES for launch in launches_of(gate) for value in launch[CPU, ""][0]]
    return [value for value in pool if abs(value) == abs(values[0])]


def test_a_change_is_put_into_its_metric_alone() -> None:
    pool = Pool(GATES)
    plain = pool.drawn(np.random.default_rng(2), 4, NOTHING)
    changed = pool.drawn(np.random.default_rng(2), 4, Planted(metric=P50, size=0.1))
    assert plain.series[0] == changed.series[0]
    assert np.asarray(changed.series[1].launches) - np.asarray(plain.series[1].launches) == pytest.approx(math.log(1.1))
    assert changed.series[1].head == pytest.approx(1.1 * plain.series[1].head)


def test_what_is_counted_comes_as_a_whole_and_may_change_sides() -> None:
    errors = Series(metric="errors", base=0.0, head=0.01, base_events=900, head_events=1000, head_bad=10)
    gate = samples(1, series=(*samples(1).series, errors))
    pool, random = Pool([gate]), np.random.default_rng(4)
    drawn = {pool.drawn(random, 4, NOTHING).series[-1] for _ in range(30)}
    assert {(each.base_bad, each.head_bad, each.base_events) for each in drawn} == {(0, 10, 900), (10, 0, 1000)}
    assert "errors" not in plantable([gate])


def test_exact_metrics_carry_a_planted_change_exactly() -> None:
    exact = Series(metric="bytecodes", base=5000.0, head=5000.0, base_events=300, head_events=300)
    drawn = Pool([samples(1, series=(*samples(1).series, exact))]).drawn(
        np.random.default_rng(1), 4, worse("bytecodes", 0.005)
    )
    assert drawn.series[-1].base == 5000
    assert drawn.series[-1].head == pytest.approx(5025)


def test_a_launch_that_lacks_a_metric_leaves_its_place_empty() -> None:
    whole = samples(1)
    short = replace(
        whole.series[1], launches=(*whole.series[1].launches[:3], ()), levels=(*whole.series[1].levels[:3], ())
    )
    pool = Pool([samples(1, series=(whole.series[0], short))])
    drawn = [pool.drawn(np.random.default_rng(seed), 4, NOTHING).series[1].launches for seed in range(20)]
    assert {len(launches) for launches in drawn} == {4}
    assert any(() in launches for launches in drawn)
    assert len(pool) == LAUNCHES


def test_a_turned_launch_has_the_heads_figures_for_its_base() -> None:
    drawn = Pool(GATES).drawn(np.random.default_rng(1), 6, NOTHING).series[0]
    for ratios, levels in zip(drawn.launches, drawn.levels, strict=True):
        for ratio, level in zip(ratios, levels, strict=True):
            assert level == 0.002 or level == pytest.approx(0.002 * math.exp(-ratio))


def test_less_throughput_is_worse_and_more_of_all_else() -> None:
    assert worse("throughput", 0.05).size == -0.05
    assert worse("p95", 0.05).size == 0.05


def test_without_gates_there_is_nothing_to_draw_from() -> None:
    with pytest.raises(NoGatesError, match="no gate between equal builds"):
        Pool([])
