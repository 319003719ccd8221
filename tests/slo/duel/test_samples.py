from __future__ import annotations

import math

import pytest

from slo.duel import samples
from slo.duel.model import Series, Side
from slo.duel.windows import blocks, windows
from slo.histogram import Histogram
from tests.slo.duel.launches import RATE, launch, run, stages


def series(found: tuple[Series, ...], metric: str) -> Series:
    return next(each for each in found if each.metric == metric)


def test_windows_are_the_mixed_seconds_and_both_sides_share_them() -> None:
    found = windows(run(stages(mixed=5)), 2)

    assert [(each.first, each.last) for each in found] == [(1, 3), (3, 5)], "a rest that fills no window is left out"
    for window in found:
        assert window.tallies["base", ""].requests == window.tallies["head", "comments"].requests == RATE


@pytest.mark.parametrize("first", ["base", "head"])
def test_blocks_are_told_base_first_whichever_came_first(first: Side) -> None:
    pairs = blocks(run(stages(first=first)))

    assert len(pairs) == 2
    for base, head in pairs:
        assert base.stage.endswith("base")
        assert head.stage.endswith("head")
        assert abs(base.first - head.first) == 2, "neighbours in time"
        assert base.tallies["base", ""].requests == 2 * RATE


def test_a_head_that_takes_more_shows_it_in_every_window() -> None:
    changes = {"slower": {"head": 1.1}, "cpu": {"head": 0.00105, "base": 0.001}}
    found = samples.series([launch("base", **changes), launch("head", **changes)], window=1)

    cpu = series(found, "cpu-per-request")
    assert [len(each) for each in cpu.launches] == [4, 4]
    assert all(value == pytest.approx(math.log(1.05)) for each in cpu.launches for value in each)
    assert [cpu.base, cpu.head] == pytest.approx([0.001, 0.00105])
    assert [list(each) for each in cpu.levels] == [pytest.approx([0.001] * 4)] * 2
    assert cpu.base_events == cpu.head_events == 2 * 4 * RATE // 2
    for metric in ("p50", "p95"):
        values = [value for each in series(found, metric).launches for value in each]
        assert values == pytest.approx([math.log(1.1)] * len(values), abs=0.002)
    assert series(found, "resident-memory").launches == ((0.0,), (0.0,))
    started = [value for each in series(found, "start-up").launches for value in each]
    assert started == pytest.approx([0.0, 0.0]), "being the second is nobody's fault"


def test_a_quantile_with_too_few_requests_beyond_it_is_not_told() -> None:
    found = samples.series([launch("base"), launch("head")], window=1)
    two_seconds_of_a_block = 2 * RATE

    assert two_seconds_of_a_block * 0.01 >= samples.FEWEST_BEYOND
    assert series(found, "p99").launches[0]
    slow = samples.series([samples.Launch(run(stages(block=1)), None, {})], window=1)
    assert "p99" not in {each.metric for each in slow}, "4 requests beyond it are the luck of one"
    assert "throughput" not in {each.metric for each in slow}, "without the closed model there is none"


def test_failed_requests_are_counted_on_both_sides() -> None:
    errors = series(samples.series([launch(failing={"head": 3})], window=1), "errors")

    assert (errors.base_bad, errors.head_bad) == (0, 3 * (4 + 4))
    assert errors.base_events == errors.head_events == 4 * RATE // 2 + 4 * RATE
    assert errors.head == errors.head_bad / errors.head_events


def test_distributions_hold_the_mixed_requests() -> None:
    (found,) = samples.distributions([launch(slower={"head": 2.0})], window=1)

    assert found.workload == "comments"
    assert Histogram.decode(found.head).quantile(0.5) == pytest.approx(
        2 * Histogram.decode(found.base).quantile(0.5), rel=0.01
    )
