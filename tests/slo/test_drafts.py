"""Objective files that are drafted from promises."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from slo import spec
from slo.drafts import draft
from slo.evaluate import judge
from slo.model import Budget, Comparison, RunFigure, SeriesRatio, State
from slo.promises import Figure, Promise, Remark


def promise(figure: Figure = Figure.LATENCY, limit: float = 0.2, share: float = 0.95, **more: Any) -> Promise:
    return Promise(figure=figure, limit=limit, share=share, where="thresholds.x[0]", says="p(95)<200", **more)


def drafted(*promises: Promise, workload: str = "comments") -> tuple[Budget, tuple[Remark, ...]]:
    text, remarks = draft("imported", promises, workload=workload)
    with TemporaryDirectory() as folder:
        path = Path(folder, "imported.yaml")
        path.write_text(text, encoding="utf-8")
        return spec.load((path,)).budget("imported", "production"), remarks


def test_a_latency_on_an_edge_is_an_slo() -> None:
    budget, remarks = drafted(promise())
    (objective,) = budget.objectives

    assert isinstance(objective.source, SeriesRatio)
    assert (objective.source.threshold, objective.source.good) == (0.2, 'ok{workload="comments",le="0.2"}')
    assert objective.critical is not None
    assert (objective.critical.comparison, objective.critical.value) == (Comparison.AT_LEAST, 0.95)
    assert not remarks


def test_a_quantile_between_edges_is_kept_exactly() -> None:
    budget, remarks = drafted(promise(limit=0.183))
    (objective,) = budget.objectives

    assert objective.source == RunFigure(name="p95", unit=objective.unit)
    assert objective.critical is not None
    assert objective.critical.value == pytest.approx(0.183)
    assert not remarks


def test_any_other_share_moves_to_the_next_edge_and_says_so() -> None:
    budget, remarks = drafted(promise(limit=0.183, share=0.9))
    (objective,) = budget.objectives

    assert isinstance(objective.source, SeriesRatio)
    assert objective.source.threshold == 0.2
    assert [(remark.lost, "200 ms" in remark.why) for remark in remarks] == [(False, True)]


def test_a_promise_on_right_answers_alone_is_a_quantile() -> None:
    budget, _ = drafted(promise(right_only=True))

    assert isinstance(budget.objectives[0].source, RunFigure)


def test_a_promise_on_one_of_several_workloads_is_an_slo_of_it() -> None:
    budget, remarks = drafted(promise(limit=0.183, workload="comments"), workload="")

    assert isinstance(budget.objectives[0].source, SeriesRatio)
    assert budget.objectives[0].source.total == 'requests{workload="comments"}'
    assert len(remarks) == 1


@pytest.mark.parametrize(
    ("impossible", "why"),
    [
        (promise(share=1.0), "no number of requests"),
        (promise(limit=0.0), "no answer takes no time"),
        (promise(limit=61.0, share=0.9), "nothing above"),
        (promise(Figure.FAILURES, 0.0), "no number of requests"),
        (promise(Figure.FAILURES, 1.0), "allows every request"),
        (promise(Figure.FAILURES, 0.01, workload="letters"), "not judged apart"),
        (promise(Figure.RATE, 0.0), "every run keeps it"),
    ],
)
def test_what_nothing_could_prove_is_lost_and_named(impossible: Promise, why: str) -> None:
    text, remarks = draft("imported", [impossible], workload="comments")

    assert text == ""
    assert [(remark.where, remark.lost, why in remark.why) for remark in remarks] == [("thresholds.x[0]", True, True)]


promises = st.builds(
    promise,
    st.sampled_from(Figure),
    st.floats(0, 1e5),
    st.floats(0, 1),
    right_only=st.booleans(),
    workload=st.sampled_from(["", "comments", "letters"]),
    enforced=st.booleans(),
)


@given(st.lists(promises, max_size=8), st.sampled_from(["", "comments"]))
@example([promise(Figure.FAILURES, 2.0**-23)], "")
@example([promise(Figure.FAILURES, 1.0 - 2.0**-40), promise(share=1.0 - 2.0**-30)], "")
def test_every_promise_is_an_objective_or_lost_and_the_file_always_loads(many: list[Promise], workload: str) -> None:
    text, remarks = draft("imported", many, workload=workload)
    lost = sum(remark.lost for remark in remarks)

    assert bool(text) == (lost < len(many))
    if text:
        budget, _ = drafted(*many, workload=workload)
        assert len(budget.objectives) == len(many) - lost


def test_a_run_is_judged_by_what_was_promised(make_run: Any, tmp_path: Path) -> None:
    path = tmp_path / "comments.yaml"
    kept = [promise(), promise(limit=0.015, share=0.99), promise(Figure.FAILURES, 0.05), promise(Figure.RATE, 90.0)]
    broken = [promise(limit=0.005), promise(limit=0.0093), promise(Figure.FAILURES, 0.005), promise(Figure.RATE, 150.0)]
    text, _ = draft("comments", [*kept, *broken], workload="comments")
    path.write_text(text, encoding="utf-8")

    run = make_run(rate=100, failures=2)
    verdicts = judge(run, spec.load((path,)), environment="production", strict=False).verdicts

    assert [verdict.state for verdict in verdicts] == [State.PASSED] * len(kept) + [State.CRITICAL] * len(broken)
