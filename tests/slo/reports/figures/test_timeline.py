"""The run over time."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slo.histogram import Histogram
from slo.model import Overall
from slo.record import OK, Cell, Run, Stage
from slo.reports.figures.timeline import MOST_STEPS, planned_rate, spans, timeline
from slo.reports.run.summary import Report
from tests.slo.reports import examples

STAGES = (
    Stage(name="ramp", seconds=10, rate_from=0, rate_to=100, judged=False),
    Stage(name="steady", seconds=20, rate_from=100, rate_to=100, judged=True),
)


def one_cell(second: int, durations: list[float], failed: int = 0) -> Cell:
    return Cell(
        second=second,
        stage="steady",
        workload="comments",
        route="POST /v1/comments",
        outcomes={OK: len(durations), "timeout": failed},
        latency=Histogram.of(durations).encode(),
        service=Histogram.of(durations).encode(),
    )


@pytest.mark.parametrize(("second", "rate"), [(0, 0), (5, 50), (10, 100), (29.9, 100), (30, None)])
def test_the_planned_rate_follows_the_stages(second: float, rate: float | None) -> None:
    assert planned_rate(STAGES, second) == rate


def test_a_closed_plan_has_users_and_no_rate() -> None:
    stages = (Stage(name="ramp", seconds=10, rate_from=0, rate_to=0, users_from=1, users_to=20, judged=True),)

    assert planned_rate(stages, 5) is None
    assert [(span.users_from, span.users_to) for span in spans(stages)] == [(1, 20)]


@settings(deadline=None, max_examples=40)
@given(
    st.dictionaries(
        st.integers(0, 4 * MOST_STEPS),
        st.tuples(st.lists(st.floats(0.001, 1), max_size=3), st.integers(0, 3)),
        min_size=1,
        max_size=6,
    )
)
def test_no_request_is_lost_and_no_run_has_too_many_steps(seen: dict[int, tuple[list[float], int]]) -> None:
    run = Run(header=examples.header(), cells=tuple(one_cell(second, *what) for second, what in seen.items()))

    told = timeline(run)

    widths = [min(told.step_s, max(seen) + 1 - start) for start in told.start_s]
    answered = sum((rate or 0) * width for rate, width in zip(told.answered_per_s, widths, strict=True))
    failed = sum((rate or 0) * width for rate, width in zip(told.failed_per_s, widths, strict=True))
    assert len(told.start_s) <= MOST_STEPS
    assert round(answered, 6) == sum(len(durations) for durations, _ in seen.values())
    assert round(failed, 6) == sum(count for _, count in seen.values())


def test_a_second_without_answers_is_a_gap_and_not_a_zero() -> None:
    told = timeline(Run(header=examples.header(), cells=(one_cell(0, [0.1]), one_cell(2, [0.3]))))

    assert told.latency.p50_ms[1] is None
    assert told.answered_per_s == (1.0, 0.0, 1.0)
    assert [round(told.latency.p95_ms[index] or 0) for index in (0, 2)] == [100, 300]


def test_trouble_shows_where_it_was(reports: dict[Overall, Report]) -> None:
    told = reports[Overall.MISSED].timeline

    worst = max(range(len(told.start_s)), key=lambda index: told.failed_per_s[index] or 0)
    assert 36 <= told.start_s[worst] <= 44
    assert set(told.failed_by_outcome_per_s) == {"http-503", "timeout"}
    assert [(span.name, span.judged) for span in told.stages] == [("warm-up", False), ("steady", True)]
