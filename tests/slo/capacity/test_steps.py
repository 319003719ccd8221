"""What became of a step: the service's doing, the generator's, or nobody's."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from slo import record, spec
from slo.capacity.model import StepState
from slo.capacity.search import Trial
from slo.capacity.steps import Measure, Observed, objectives, observe, trial
from slo.histogram import Histogram
from slo.model import DutyCost, SeriesUse
from tests.slo.capacity.queueing import SETTLE_S, STEP_S, Server, step


def seen(run: record.Run, by: Measure) -> Observed:
    return observe(run, (), by, number=1, record="step-01/record.jsonl")


def with_pulses(run: record.Run, **changes: Any) -> record.Run:
    pulses = tuple(msgspec.structs.replace(pulse, **changes) for pulse in run.pulses)
    return msgspec.structs.replace(run, pulses=pulses)


def dropping(run: record.Run, share: float) -> record.Run:
    """``share`` of the arrivals found too many requests under way."""
    pulses = tuple(
        msgspec.structs.replace(pulse, dropped=(lost := round(pulse.intended * share)), started=pulse.intended - lost)
        for pulse in run.pulses
    )
    return msgspec.structs.replace(run, pulses=pulses)


def test_a_quiet_queue_is_carried_and_measured_by_littles_law(by: Measure) -> None:
    each = seen(step(500.0, Server(1000.0)), by)

    assert each.step.state is StepState.CARRIED
    assert each.follows
    assert each.step.answered_per_s == pytest.approx(500, rel=0.05)
    assert each.step.in_flight == pytest.approx(each.step.answered_per_s * each.step.time_ms / 1000, rel=0.03)
    assert each.step.in_flight == pytest.approx(1.0, rel=0.25), "M/M/1 at half load"
    assert each.step.cpu_ms_per_request == pytest.approx(0.6 + 20 / 500, rel=0.02)
    assert trial(each) == Trial(500.0, carried=True)


def test_a_queue_that_grows_is_broken_although_every_answer_comes_in_the_end(by: Measure) -> None:
    each = seen(step(1100.0, Server(1000.0)), by)

    assert each.step.state is StepState.BROKEN
    assert each.step.failed_ratio == 0
    assert not each.follows
    assert trial(each) == Trial(1100.0, carried=False)


def test_a_missed_objective_is_named(by: Measure) -> None:
    each = seen(step(3000.0, Server(1000.0)), by)

    assert each.step.state is StepState.BROKEN
    assert each.step.reason.startswith("latency-p95: It is")


def test_few_requests_decide_nothing_and_weigh_nothing(by: Measure) -> None:
    each = seen(step(20.0, Server(1000.0)), by)

    assert each.step.state is StepState.TOO_FEW
    assert trial(each).weight == 0


def test_dropped_arrivals_of_a_healthy_generator_are_the_services_doing(by: Measure) -> None:
    each = seen(dropping(step(1050.0, Server(1000.0)), 0.05), by)

    assert each.step.state is StepState.BROKEN


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({"cpu": 0.95}, StepState.GENERATOR),
        ({"lateness": Histogram.of([0.2] * 100).encode()}, StepState.GENERATOR),
        ({"steal": 0.3}, StepState.SPOILT),
        ({"cpu": 0.95, "steal": 0.3}, StepState.GENERATOR),
    ],
)
def test_who_disturbed_a_step_is_told_apart(changes: dict[str, Any], state: StepState, by: Measure) -> None:
    each = seen(with_pulses(step(500.0, Server(1000.0)), **changes), by)

    assert each.step.state is state
    assert trial(each).weight == 0


def test_a_saturated_generator_explains_what_it_dropped(by: Measure) -> None:
    run = with_pulses(dropping(step(500.0, Server(1000.0)), 0.2), cpu=0.99)

    assert seen(run, by).step.state is StepState.GENERATOR


def test_a_record_without_an_end_is_spoilt(by: Measure) -> None:
    run = msgspec.structs.replace(step(500.0, Server(1000.0)), footer=None)

    assert seen(run, by).step.state is StepState.SPOILT


def test_an_undecided_step_leans_to_where_its_value_lies(by: Measure) -> None:
    """Eleven of the twenty blocks' worth of slow answers come in one second: the interval has the limit inside."""
    run = step(400.0, Server(1000.0))
    slow = {SETTLE_S + 1: 0.9, SETTLE_S + 2: 0.9} if STEP_S > 2 else {}
    cells = tuple(
        cell
        if cell.second not in slow
        else msgspec.structs.replace(
            cell, latency=Histogram.of([slow[cell.second]] * cell.outcomes[record.OK]).encode()
        )
        for cell in run.cells
    )
    each = seen(msgspec.structs.replace(run, cells=cells), by)

    assert each.step.state is StepState.UNDECIDED
    assert trial(each) == Trial(400.0, carried=False, weight=0.5)


def test_what_decides_are_enforced_limits_on_requests() -> None:
    chosen = objectives(spec.load(), ["comments", "duties"], "production", {"comments": 1.0})

    assert {"latency-p95", "latency-p99", "error-rate", "throughput"} <= {each.name for _, each in chosen}
    assert all(each.enforced and each.critical is not None for _, each in chosen)
    assert not any(isinstance(each.source, SeriesUse | DutyCost) for _, each in chosen)


def test_objectives_of_workloads_that_are_not_sent_decide_nothing() -> None:
    assert objectives(spec.load(), ["comments"], "production", {"images": 1.0}) == ()
