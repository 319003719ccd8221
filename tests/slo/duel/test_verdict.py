from __future__ import annotations

import math
from pathlib import Path
from random import Random

import msgspec
import pytest

from slo import spec
from slo.duel import verdict
from slo.duel.budgets import ChangeLimit, Limits, limits_of
from slo.duel.metrics import METRICS
from slo.duel.model import Finding, Outcome, Samples, Series, SideFacts
from slo.model import Comparison, Distrust, Limit
from slo.stats import LaunchSpread
from tests.slo.duel.launches import MACHINE

NOISE = 0.01
"""Of a window; that of a launch is half of it."""


def limit(metric: str, critical: float, warning: float | None = None, *, enforced: bool = True) -> Limits:
    side = Comparison.AT_LEAST if critical < 0 else Comparison.AT_MOST
    return {
        (metric, ""): ChangeLimit(
            metric=metric,
            critical=Limit(side, critical),
            warning=None if warning is None else Limit(side, warning),
            enforced=enforced,
        )
    }


def timed(metric: str, change: float, *, seed: int = 1, launches: int = 5, windows: int = 10) -> Series:
    random = Random(seed)
    shifts = [random.gauss(math.log1p(change), NOISE / 2) for _ in range(launches)]
    values = tuple(tuple(random.gauss(shift, NOISE) for _ in range(windows)) for shift in shifts)
    return Series(metric=metric, launches=values, base=0.001, head=0.001 * (1 + change))


def samples(*series: Series, looks: int = 1) -> Samples:
    return Samples(
        id="test",
        started_at="2026-01-01T00:00:00Z",
        seconds=100.0,
        base=SideFacts(name="base"),
        head=SideFacts(name="head"),
        plan="duel",
        rhythm="quick",
        seed=1,
        machine=MACHINE,
        looks=looks,
        series=series,
    )


def one(series: Series, limits: Limits, **options: object) -> Finding:
    (finding,) = verdict.judged(samples(series), limits, **options)  # type: ignore[arg-type]
    return finding


@pytest.mark.parametrize(
    ("change", "outcome"),
    [(0.0, Outcome.PASSED), (0.1, Outcome.FAILED), (-0.1, Outcome.PASSED), (0.026, Outcome.INCONCLUSIVE)],
)
def test_what_becomes_of_a_change(change: float, outcome: Outcome) -> None:
    found = one(timed("cpu-per-request", change), limit("cpu-per-request", 0.03))

    assert found.outcome is outcome
    assert found.change == pytest.approx(change, abs=0.015)
    assert (found.low or 0.0) < (found.change or 0.0) < (found.high or 0.0)
    assert "the budget is +3.0 %" in found.reason


def test_more_throughput_is_better_and_less_is_worse() -> None:
    limits = limit("throughput", -0.05)

    assert one(timed("throughput", 0.2), limits).outcome is Outcome.PASSED
    assert one(timed("throughput", -0.2), limits).outcome is Outcome.FAILED


def test_a_change_near_the_budget_is_a_warning() -> None:
    found = one(timed("p50", 0.05), limit("p50", 0.2, 0.02))

    assert found.outcome is Outcome.WARNING


def test_what_is_counted_exactly_has_no_chance_in_it() -> None:
    def counted(head: float, base: float = 1000.0) -> Finding:
        return one(Series(metric="bytecodes", base=base, head=head), limit("bytecodes", 0.004))

    assert counted(1004.0).outcome is Outcome.PASSED
    assert counted(1005.0).outcome is Outcome.FAILED
    assert counted(1005.0).p is None
    assert counted(0.0, base=0.0).outcome is Outcome.PASSED
    appeared = counted(3.0, base=0.0)
    assert (appeared.outcome, appeared.change) == (Outcome.FAILED, None)
    assert "there was none of it before" in appeared.reason


def test_failed_requests_are_judged_by_their_counts() -> None:
    def errors(bad: int) -> Finding:
        series = Series(metric="errors", base=0, head=bad / 5000, base_events=5000, head_events=5000, head_bad=bad)
        return one(series, limit("errors", 0.001))

    assert errors(0).outcome is Outcome.PASSED
    assert errors(4).outcome is Outcome.INCONCLUSIVE
    assert errors(60).outcome is Outcome.FAILED


def test_one_launch_proves_nothing() -> None:
    found = one(timed("cpu-per-request", 0.5, launches=1), limit("cpu-per-request", 0.03))

    assert found.outcome is Outcome.INCONCLUSIVE
    assert (found.low, found.high, found.smallest) == (None, None, None)
    msgspec.json.encode(found)


def test_what_the_machine_is_known_to_do_makes_few_launches_tell_more() -> None:
    series, limits = timed("cpu-per-request", 0.05, launches=3), limit("cpu-per-request", 0.03)
    alone = one(series, limits)
    backed = one(series, limits, spreads={("cpu-per-request", ""): LaunchSpread((NOISE / 2) ** 2 * 1.5, 60.0)})

    assert alone.p is not None
    assert backed.p is not None
    assert backed.p < alone.p
    assert alone.smallest is not None
    assert backed.smallest is not None
    assert 0.03 < backed.smallest < alone.smallest


def test_more_metrics_and_more_looks_ask_for_more() -> None:
    many = samples(timed("cpu-per-request", 0.05), *(timed("p50", 0.0, seed=seed) for seed in range(9)))
    limits = {**limit("cpu-per-request", 0.03), **limit("p50", 0.03)}

    def adjusted(found: tuple[Finding, ...]) -> float:
        return next(each.p_adjusted or 0.0 for each in found if each.metric == "cpu-per-request")

    first = verdict.judged(many, limits)
    looked = verdict.judged(many, limits, planned_looks=2)
    (lonely,) = verdict.judged(samples(timed("cpu-per-request", 0.05)), limits)[:1]
    assert adjusted(first) > (lonely.p_adjusted or 0.0)
    assert adjusted(looked) == pytest.approx(2 * adjusted(first))


def test_a_budget_without_a_figure_is_not_passed_over() -> None:
    findings = verdict.judged(samples(timed("p50", 0.0)), {**limit("p50", 0.05), **limit("cpu-per-request", 0.03)})

    assert {finding.metric: finding.outcome for finding in findings} == {
        "p50": Outcome.PASSED,
        "cpu-per-request": Outcome.NOT_MEASURED,
    }
    assert verdict.outcome(findings, ()) is Outcome.INVALID


def test_the_whole_is_as_its_gravest_enforced_part_and_doubt_comes_before_all() -> None:
    passed = one(timed("p50", 0.0), limit("p50", 0.05))
    failed = one(timed("cpu-per-request", 0.2), limit("cpu-per-request", 0.03))
    shown = one(timed("p99", 0.5), limit("p99", 0.3, enforced=False))
    unheld = one(timed("start-up", 0.5), {})
    doubt = Distrust(code="x", reason="x", evidence={})

    assert verdict.outcome([passed, failed], ()) is Outcome.FAILED
    assert verdict.outcome([passed, shown, unheld], ()) is Outcome.PASSED
    assert verdict.outcome([failed], [doubt]) is Outcome.INVALID
    assert verdict.outcome([shown, unheld], ()) is Outcome.INVALID, "nothing judged is nothing passed"
    assert shown.outcome is Outcome.FAILED
    assert unheld.outcome is Outcome.REPORTED


def test_equal_builds_hardly_ever_fail() -> None:
    names = ["cpu-per-request", "p50", "p95", "p99", "resident-memory", "response-bytes"]
    limits = {key: value for name in names for key, value in limit(name, 0.0).items()}
    duels = [samples(*(timed(name, 0.0, seed=7 * n + k) for k, name in enumerate(names))) for n in range(1, 301)]
    failed = sum(verdict.outcome(verdict.judged(duel, limits), ()) is Outcome.FAILED for duel in duels)

    assert failed <= 9, "1 % of 300 are 3, and 9 come by chance once in 300 such tests; one by one 6 % would fail"


def test_a_limit_that_forbids_nothing_is_refused(tmp_path: Path) -> None:
    text = (Path(spec.__file__).parent / "budgets" / "changes.yaml").read_text()
    service = "---\napiVersion: openslo/v1\nkind: Service\nmetadata: {name: loadstone}\nspec: {}\n"
    file = tmp_path / "changes.yaml"
    file.write_text(text.replace('{warning: "<= +2%", critical: "<= +3%"}', '{critical: ">= -3%"}') + service)

    with pytest.raises(spec.SpecError, match="forbids nothing: of cpu-per-request, less is better"):
        spec.load([file])


def test_the_shipped_budgets_hold_every_metric() -> None:
    limits = limits_of([spec.load().budget("changes", "development")])

    assert {metric for metric, _ in limits} == set(METRICS)
