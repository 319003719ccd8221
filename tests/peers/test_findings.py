"""From samples to ratios and verdicts."""

from __future__ import annotations

from typing import Any

import pytest

from slo.documentation import put
from slo.stats import Estimate
from tests.benchmarks.peers import findings, tables
from tests.benchmarks.peers.__main__ import PAGE
from tests.benchmarks.peers.findings import Held, Measured, Pace, Sample, State
from tests.benchmarks.peers.forms import BULK, CACHED, FORMS, OURS, TUNED, UNCACHED, USUAL

BLOCKS = 8


def sample(form: str, cost: float, block: int, **changes: Any) -> Sample:
    facts: dict[str, Any] = {
        "scenario": CACHED,
        "form": form,
        "block": block,
        "sent": 1000,
        "answered": 1000,
        "failed": 0,
        "seconds": 1000 * cost,
        "worker_cpu_seconds": 1000 * cost,
        "redis_cpu_seconds": 0.001,
        "generator_cpu_seconds": 0.1 * 1000 * cost,
        "received_bytes": 500_000,
    }
    return Sample(**{**facts, **changes})


def pace(form: str, p99: float, block: int, **changes: Any) -> Pace:
    facts: dict[str, Any] = {
        "scenario": CACHED,
        "form": form,
        "block": block,
        "rate_per_s": 400.0,
        "sent": 400,
        "answered": 400,
        "failed": 0,
        "p50_ms": p99 / 4,
        "p99_ms": p99,
        "longest_ms": 2 * p99,
        "lateness_p99_ms": 0.01,
    }
    return Pace(**{**facts, **changes})


def measured(**changes: Any) -> Measured:
    """A machine whose speed drifts by half over the run: usual costs nine times as much as ours, tuned three times."""
    drift = [1 + block / (2 * BLOCKS) for block in range(BLOCKS)]
    noise = [1 + 0.02 * (-1) ** block for block in range(BLOCKS)]
    costs = {USUAL: 900e-6, TUNED: 300e-6, OURS: 100e-6}
    samples = [
        sample(form, cost * drift[block] * (noise[block] if form == OURS else 1.0), block)
        for block in range(BLOCKS)
        for form, cost in costs.items()
    ]
    facts: dict[str, Any] = {
        "started_at": "2026-01-02T03:04:05Z",
        "machine": "a cpu",
        "python": "3.11.9",
        "connections": 16,
        "blocks": BLOCKS,
        "block_seconds": 1.0,
        "samples": tuple(samples),
        "paces": tuple(
            pace(form, p99, block)
            for block in range(3)
            for form, p99 in ((USUAL, 20.0), (TUNED, 4.0 + block), (OURS, 4.0))
        ),
        "held": (
            Held(form=USUAL, resting_bytes=100, resident_bytes=110, proportional_bytes=90),
            Held(form=OURS, resting_bytes=90, resident_bytes=100, proportional_bytes=80),
        ),
        "checked_answers": 100,
    }
    return Measured(**{**facts, **changes})


def test_ratios_are_taken_block_by_block_so_that_a_drift_of_the_machine_cancels() -> None:
    usual, tuned = findings.cost_comparisons(measured())

    assert usual.ratio == pytest.approx(9.0, rel=0.001)
    assert usual.low < 9.0 < usual.high
    assert usual.high / usual.low < 1.05
    assert (usual.state, tuned.state) == (State.MET, State.MISSED)


def test_a_form_that_was_not_measured_in_a_scenario_is_not_compared() -> None:
    found = measured(samples=(sample(USUAL, 1e-3, 0), sample(OURS, 1e-4, 0), sample(OURS, 1e-4, 0, scenario=BULK)))

    assert [(each.scenario, each.form) for each in findings.cost_comparisons(found)] == [(CACHED, USUAL)]


@pytest.mark.parametrize(
    ("low", "high", "state"),
    [(8.0, 9.0, State.MET), (7.9, 9.0, State.UNDECIDED), (7.0, 7.99, State.MISSED), (7.0, 8.0, State.UNDECIDED)],
)
def test_a_target_is_met_or_missed_by_the_whole_interval(low: float, high: float, state: State) -> None:
    assert findings.state(Estimate((low + high) / 2, low, high), 8.0) is state


def test_latency_and_memory_are_compared_where_they_have_a_target() -> None:
    paces = {each.form: each for each in findings.pace_comparisons(measured())}
    memory = findings.memory_comparisons(measured())

    assert paces[USUAL].ratio == pytest.approx(5.0)
    assert (paces[USUAL].state, paces[TUNED].state) == (State.MET, State.UNDECIDED)
    assert [(each.form, each.state) for each in memory] == [(USUAL, State.MET)]
    assert memory[0].ratio == pytest.approx(1.1)


def test_costs_are_medians_and_requests_are_sums() -> None:
    own = [sample(OURS, cost, block) for block, cost in enumerate((1e-4, 1e-4, 9e-4))]
    (cost,) = findings.costs(measured(samples=tuple(own)))

    assert cost.worker_cpu_us == pytest.approx(100.0)
    assert cost.requests_per_cpu_s == pytest.approx(10_000.0)
    assert (cost.sent, cost.answered, cost.failed) == (3000, 3000, 0)


def test_a_healthy_run_raises_no_doubt() -> None:
    assert findings.doubts(measured()) == []


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"samples": (sample(OURS, 1e-4, 0, failed=3, answered=997),)}, "3 of 1000 cached ones on loadstone"),
        ({"samples": (sample(OURS, 1e-4, 0, generator_cpu_seconds=0.099),)}, "it was the bottleneck"),
        ({"samples": (sample(OURS, 1e-4, 0, seconds=0.2),)}, "only 50% of its core"),
        ({"paces": (pace(OURS, 1.0, 0, lateness_p99_ms=4.0),)}, "4.0 ms late"),
        ({"wrong_answers": ("tuned: status 500",)}, "tuned: status 500"),
    ],
)
def test_what_speaks_against_the_figures_is_said(changes: dict[str, Any], said: str) -> None:
    assert [doubt for doubt in findings.doubts(measured(**changes)) if said in doubt]


def test_targets_speak_of_scenarios_and_forms_that_are_measured() -> None:
    assert {scenario for scenario, _ in findings.COST_TARGETS} == {CACHED, UNCACHED, BULK}
    for scenario, form in findings.COST_TARGETS:
        (found,) = [each for each in FORMS if each.name == form]
        assert scenario in found.scenarios


def test_the_page_holds_every_ratio() -> None:
    text = tables.markdown(measured())

    assert "| cached | requests per CPU-second | usual | 9.00 |" in text
    assert "✔ met" in text
    assert "✖ missed" in text


def test_the_documentation_has_a_place_for_every_table() -> None:
    page = PAGE.read_text(encoding="utf-8")

    for place in ("measured", "duties"):
        assert put(page, place, "new") != page
    for form in FORMS:
        assert f"**{form.name}**" in page
