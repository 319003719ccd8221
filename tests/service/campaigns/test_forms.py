"""Rows as items, and outcomes as results that the database can keep."""

from __future__ import annotations

from dataclasses import replace

import pytest

from service.campaigns.forms import Form
from service.core.batches import LONGEST_SUBJECT, Chunk, Fields, Row, RowResult, RowState
from service.core.errors import AnalysisError
from service.core.workload import AnyWorkload
from service.workloads import WORKLOADS
from tests.service.campaigns.stage import batch_workload
from tests.service.sample_workload import Length


def form(workload: AnyWorkload | None = None, options: bytes = b"{}") -> Form:
    chunk = Chunk(batch="b", number=0, attempt=3, tenant="acme", workload="words", options=options, rows=())
    return Form(chunk, workload or batch_workload())


def test_a_row_is_an_item_and_its_outcome_a_result() -> None:
    row = Row(7, {"word": "stone", "id": 12})

    assert form().item(row) == "stone"
    assert form().result(row, Length("stone", 5), 0.5) == RowResult(
        line=7,
        state=RowState.SUCCEEDED,
        subject="stone",
        id="12",
        result=b'{"word":"stone","length":5}',
        attempts=3,
        seconds=0.5,
    )


def test_a_failure_has_its_class_and_a_sentence() -> None:
    result = form().result(Row(7, {"word": "stone"}), AnalysisError("nobody is there", "http-404"), 0.5)

    assert (result.state, result.error, result.reason, result.result) == (
        RowState.FAILED,
        "http-404",
        "nobody is there",
        None,
    )


@pytest.mark.parametrize(
    "fields", [{"word": "?"}, {"word": "\0?" * 9_000, "id": "\0"}, {}, {"other": 1}, {"word": None}]
)
def test_a_row_that_is_none_fails_alone_and_can_be_kept(fields: Fields) -> None:
    row = Row(2, fields)
    item = form().item(row)
    result = item if isinstance(item, RowResult) else form().failure(row, "analysis", "\0")

    assert result.state is RowState.FAILED
    assert len(result.subject) <= LONGEST_SUBJECT
    assert "\0" not in f"{result.subject}{result.id}{result.reason}"


def test_options_that_are_none_fail_every_row() -> None:
    item = form(options=b'{"size": 3}').item(Row(2, {"word": "stone"}))

    assert (item.error, item.subject) == ("invalid", "stone")
    assert "options of the batch" in item.reason


def test_a_bug_in_a_rule_costs_its_row_alone(caplog: pytest.LogCaptureFixture) -> None:
    workload = batch_workload()
    assert workload.batch is not None
    broken = replace(workload, batch=replace(workload.batch, item_of=lambda fields, options: 1 / 0))

    assert form(broken).item(Row(2, {"word": "stone"})).error == "analysis"
    assert "ZeroDivisionError" in caplog.text


def test_every_workload_with_batches_takes_its_own_rows() -> None:
    rules = [(workload, workload.batch) for workload in WORKLOADS if workload.batch is not None]
    assert rules
    for workload, rule in rules:
        row = Row(2, {"id": 5})
        item = form(workload).item(row)
        assert isinstance(item, RowResult), f"{workload.name} must have a value in {next(iter(rule.columns))}"
        assert (item.error, item.id) == ("invalid", "5")
