from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slo import spec
from slo.evaluate import judge, verdict
from slo.exits import ExitCode
from slo.gate import overall
from slo.model import (
    Comparison,
    InconclusivePolicy,
    Judgement,
    Limit,
    NoDataPolicy,
    Objective,
    Overall,
    Reading,
    RelativeLimits,
    RunFigure,
    State,
    Unit,
)
from slo.record import Run
from slo.spec import SpecError, Specifications

MakeRun = Callable[..., Run]
replace = msgspec.structs.replace
SEVERITY = (State.PASSED, State.WARNING, State.INCONCLUSIVE, State.CRITICAL)


@pytest.fixture(scope="module")
def shipped() -> Specifications:
    return spec.load()


def objective(**changes: Any) -> Objective:
    facts: dict[str, Any] = {
        "name": "errors",
        "description": "",
        "workload": "",
        "source": RunFigure(name="error-ratio", unit=Unit.RATIO),
        "unit": Unit.RATIO,
        "warning": Limit(Comparison.AT_MOST, 0.01),
        "critical": Limit(Comparison.AT_MOST, 0.02),
        "min_events": 1000,
        "confidence": 0.95,
        "on_no_data": NoDataPolicy.FAIL,
        "on_inconclusive": InconclusivePolicy.WARN,
    }
    return Objective(**{**facts, **changes})


def reading(value: float | None, low: float | None = None, high: float | None = None, events: int = 1000) -> Reading:
    return Reading(
        indicator="error-ratio", title="errors", unit=Unit.RATIO, value=value, low=low, high=high, events=events
    )


@pytest.mark.parametrize(
    ("seen", "state"),
    [
        (reading(0.005, 0.001, 0.02), State.PASSED),
        (reading(0.01, 0.005, 0.02), State.PASSED),
        (reading(0.0100001, 0.005, 0.02), State.WARNING),
        (reading(0.01, 0.005, 0.0200001), State.INCONCLUSIVE),
        (reading(0.025, 0.02, 0.03), State.INCONCLUSIVE),
        (reading(0.025, 0.0200001, 0.03), State.CRITICAL),
        (reading(0.02), State.WARNING),
        (reading(0.0200001), State.CRITICAL),
        (reading(0.0, 0.0, 0.004, events=999), State.INCONCLUSIVE),
        (reading(0.9, 0.8, 0.95, events=20), State.CRITICAL),
        (reading(None), State.NO_DATA),
    ],
)
def test_the_whole_interval_decides_and_the_edge_is_good(seen: Reading, state: State) -> None:
    assert verdict(objective(), seen).state is state


def test_at_least_is_the_mirror_of_at_most() -> None:
    answered = objective(warning=Limit(Comparison.AT_LEAST, 0.99), critical=Limit(Comparison.AT_LEAST, 0.98))
    assert verdict(answered, reading(0.99, 0.98, 0.995)).state is State.PASSED
    assert verdict(answered, reading(0.985, 0.98, 0.99)).state is State.WARNING
    assert verdict(answered, reading(0.985, 0.979, 0.99)).state is State.INCONCLUSIVE
    assert verdict(answered, reading(0.97, 0.96, 0.9799)).state is State.CRITICAL


def test_without_a_critical_limit_nothing_fails() -> None:
    hint = objective(critical=None)
    assert verdict(hint, reading(0.5, 0.4, 0.6)).state is State.WARNING
    assert verdict(hint, reading(0.009, 0.001, 0.6)).state is State.PASSED


def test_a_relative_objective_needs_a_base_and_says_what_it_saw() -> None:
    relative = RelativeLimits(metric="p95", critical=Limit(Comparison.AT_MOST, 0.05))
    alone = verdict(objective(warning=None, critical=None, relative=relative), reading(0.5, 0.4, 0.6))
    assert alone.state is State.NEEDS_BASE
    assert alone.reason == "It compares with a base, and this is one run alone; here it is 50 % (40 % to 60 %)."


shares = st.floats(min_value=0, max_value=1)


@given(st.tuples(shares, shares, shares), st.floats(min_value=0, max_value=0.2))
def test_worse_figures_never_improve_a_verdict(ends: tuple[float, float, float], worse: float) -> None:
    low, value, high = sorted(ends)
    before = verdict(objective(), reading(value, low, high)).state
    after = verdict(objective(), reading(value + worse, low + worse, high + worse)).state
    assert SEVERITY.index(after) >= SEVERITY.index(before)


@settings(max_examples=25, deadline=None)
@given(failures=st.integers(0, 9))
def test_more_failures_in_every_second_never_improve_a_verdict(
    failures: int, make_run: MakeRun, shipped: Specifications
) -> None:
    before, after = (
        judge(make_run(failures=count), shipped, environment="staging") for count in (failures, failures + 1)
    )
    for one, other in zip(before.verdicts, after.verdicts, strict=True):
        if one.state in SEVERITY:
            assert SEVERITY.index(other.state) >= SEVERITY.index(one.state)


@settings(max_examples=30, deadline=None)
@given(failures=st.lists(st.integers(0, 40), min_size=30, max_size=30), more=st.lists(st.integers(0, 29), max_size=40))
def test_no_failures_anywhere_turn_a_missed_objective_into_a_kept_one(
    failures: list[int], more: list[int], make_run: MakeRun, make_cell: Callable[..., Any], shipped: Specifications
) -> None:
    def judged(counts: Sequence[int]) -> Judgement:
        run = make_run()
        cells = tuple(
            make_cell(cell.second, good=[0.01] * (100 - count), failures=count)
            for cell, count in zip(run.cells, [0] * 5 + list(counts), strict=True)
        )
        return judge(replace(run, cells=cells), shipped, environment="staging")

    worse = [count + more.count(second) for second, count in enumerate(failures)]
    for one, other in zip(judged(failures).verdicts, judged(worse).verdicts, strict=True):
        if one.state is State.CRITICAL:
            assert other.state in (State.CRITICAL, State.INCONCLUSIVE)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_the_order_of_the_cells_does_not_matter(seed: int, make_run: MakeRun, shipped: Specifications) -> None:
    run = make_run(good=[0.01] * 90 + [0.3] * 8, failures=2)
    cells = list(run.cells)
    random.Random(seed).shuffle(cells)
    shuffled = judge(replace(run, cells=tuple(cells)), shipped, environment="production")
    assert shuffled == judge(run, shipped, environment="production")


@settings(max_examples=10, deadline=None)
@given(at=st.integers(1, 97))
def test_cells_may_come_in_parts(
    at: int, make_run: MakeRun, make_cell: Callable[..., Any], shipped: Specifications
) -> None:
    """As from two generators whose seconds were not merged."""
    good = [0.01] * 90 + [0.3] * 8
    whole = make_run(good=good, failures=2)
    parts = tuple(
        part
        for cell in whole.cells
        for part in (
            make_cell(cell.second, good=good[:at], failures=2 if cell.second >= 5 else 0),
            make_cell(cell.second, good=good[at:]),
        )
    )
    one, other = (judge(run, shipped, environment="production") for run in (whole, replace(whole, cells=parts)))
    assert one == other


def test_a_healthy_run_meets_its_objectives(make_run: MakeRun, shipped: Specifications) -> None:
    judgement = judge(make_run(), shipped, environment="development")
    assert (judgement.overall, judgement.exit_code) == (Overall.MET, ExitCode.MET)
    assert judgement.headline == "Met: 4 enforced objectives."
    assert judgement.distrusts == ()
    assert (judgement.run.requests, judgement.run.judged_seconds) == (3000, 30.0)


def test_a_missed_key_objective_is_the_headline(make_run: MakeRun, shipped: Specifications) -> None:
    judgement = judge(make_run(failures=20), shipped, environment="development")
    assert (judgement.overall, judgement.exit_code) == (Overall.MISSED, ExitCode.MISSED)
    assert judgement.headline.startswith("Missed. error-rate: It is 20 %")
    assert judgement.headline.endswith("where at most 0.5 % is asked for (and 3 more objectives).")


def test_slow_answers_miss_the_latency_and_nothing_else(make_run: MakeRun, shipped: Specifications) -> None:
    judgement = judge(make_run(good=[0.01] * 90 + [0.4] * 10), shipped, environment="production")
    states = {each.name: each.state for each in judgement.verdicts}
    assert states["latency-p95"] is State.CRITICAL
    assert states["latency-p99"] is State.PASSED
    assert states["latency-median"] is State.PASSED


def test_an_undecided_run_passes_with_a_warning_unless_strict(make_run: MakeRun, shipped: Specifications) -> None:
    run = make_run()
    lenient, strict = (judge(run, shipped, environment="production", strict=strict) for strict in (False, True))
    assert (lenient.overall, lenient.exit_code, strict.exit_code) == (Overall.INCONCLUSIVE, 0, 4)
    assert "3,000 events are fewer than the 4,000 it takes to pass" in lenient.headline


def test_doubt_comes_before_every_verdict(make_run: MakeRun, shipped: Specifications) -> None:
    aborted = replace(make_run(failures=50), footer=None)
    judgement = judge(aborted, shipped, environment="development")
    assert (judgement.overall, judgement.exit_code) == (Overall.UNJUDGED, ExitCode.UNJUDGED)
    assert judgement.headline == "The run cannot be judged: the run was aborted: its record has no end."
    assert judgement.count(State.CRITICAL) == 4
    assert judgement.run.ended_at == ""


def test_missing_snapshots_are_no_data_for_the_objectives_that_need_them(
    make_run: MakeRun, shipped: Specifications
) -> None:
    judgement = judge(replace(make_run(rate=200), snapshots=()), shipped, environment="production")
    states = {each.name: each.state for each in judgement.verdicts}
    assert states["resident-memory"] is State.NO_DATA
    assert states["latency-p95"] is State.PASSED
    assert judgement.overall is Overall.MISSED
    assert judgement.headline == "Missed. resident-memory: Nothing was measured: the server's gauges were not read."


def test_a_plan_without_objectives_cannot_be_judged(make_run: MakeRun, shipped: Specifications) -> None:
    judgement = judge(make_run(plan={"objectives": ()}), shipped, environment="development")
    assert judgement.overall is Overall.UNJUDGED
    assert [each.code for each in judgement.distrusts] == ["no-objectives"]


@pytest.mark.parametrize(
    ("failures", "overall", "codes"), [(0, Overall.UNJUDGED, ["target-gone"]), (50, Overall.MISSED, [])]
)
def test_a_target_that_is_gone_at_the_end_never_passes(
    failures: int, overall: Overall, codes: list[str], make_run: MakeRun, shipped: Specifications
) -> None:
    run = make_run(failures=failures)
    judgement = judge(replace(run, snapshots=run.snapshots[:2]), shipped, environment="development")
    assert judgement.overall is overall
    assert [each.code for each in judgement.distrusts] == codes


def test_a_plan_with_unknown_objectives_is_bad_input(make_run: MakeRun, shipped: Specifications) -> None:
    with pytest.raises(SpecError, match="no PerformanceBudget named 'coments'; there is batches, changes, comments"):
        judge(make_run(plan={"objectives": ("coments",)}), shipped, environment="development")
    with pytest.raises(SpecError, match="no environment 'test'"):
        judge(make_run(), shipped, environment="test")


def test_a_judgement_is_json_and_comes_back(make_run: MakeRun, shipped: Specifications) -> None:
    judgement = judge(make_run(failures=1), shipped, environment="staging")
    assert msgspec.json.decode(msgspec.json.encode(judgement), type=Judgement) == judgement


def test_every_figure_of_the_record_and_of_the_server_is_told(make_run: MakeRun, shipped: Specifications) -> None:
    told = [each.indicator for each in judge(make_run(), shipped, environment="staging").readings]
    assert told[:4] == ["p50", "p95", "p99", "error-ratio"]
    assert told[-2:] == ["process.cpu.time", "process.memory.usage"]


def judged(state: State, **changes: Any) -> tuple[Objective, Any]:
    """An objective and a verdict in ``state``."""
    promised = objective(**changes)
    return promised, replace(verdict(promised, reading(None)), state=state)


@pytest.mark.parametrize(
    ("pairs", "outcome"),
    [
        pytest.param([judged(State.PASSED), judged(State.WARNING)], Overall.MET, id="warnings do not fail"),
        pytest.param([judged(State.PASSED), judged(State.CRITICAL)], Overall.MISSED, id="one critical decides"),
        pytest.param(
            [judged(State.PASSED), judged(State.CRITICAL, enforced=False), judged(State.NO_DATA, enforced=False)],
            Overall.MET,
            id="what is not enforced decides nothing",
        ),
        pytest.param([judged(State.PASSED), judged(State.INCONCLUSIVE)], Overall.INCONCLUSIVE, id="undecided"),
        pytest.param(
            [judged(State.PASSED), judged(State.INCONCLUSIVE, on_inconclusive=InconclusivePolicy.FAIL)],
            Overall.MISSED,
            id="undecided and not tolerated",
        ),
        pytest.param([judged(State.PASSED), judged(State.NO_DATA)], Overall.MISSED, id="no data fails"),
        pytest.param(
            [judged(State.PASSED), judged(State.INCONCLUSIVE), judged(State.NO_DATA, on_no_data=NoDataPolicy.REFUSE)],
            Overall.UNJUDGED,
            id="no data refuses",
        ),
        pytest.param(
            [judged(State.CRITICAL), judged(State.NO_DATA, on_no_data=NoDataPolicy.REFUSE)],
            Overall.MISSED,
            id="what is missed for certain is missed",
        ),
        pytest.param([judged(State.NEEDS_BASE)], Overall.UNJUDGED, id="nothing but comparisons"),
        pytest.param([judged(State.PASSED, enforced=False)], Overall.UNJUDGED, id="nothing enforced"),
        pytest.param([], Overall.UNJUDGED, id="nothing at all"),
    ],
)
def test_the_whole_follows_from_its_parts(pairs: list[tuple[Objective, Any]], outcome: Overall) -> None:
    assert overall(pairs, ()) is outcome
