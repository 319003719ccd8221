"""The report for other programs."""

from __future__ import annotations

from importlib.resources import files

import msgspec
import pytest

from slo.model import Overall
from slo.reports.run import json
from slo.reports.run.summary import FORMAT, Report


@pytest.mark.parametrize("overall", Overall)
def test_a_report_is_read_back_as_it_was_written(overall: Overall, reports: dict[Overall, Report]) -> None:
    text = json.render(reports[overall])

    assert msgspec.json.decode(text, type=Report) == reports[overall]
    assert msgspec.json.decode(text)["format"] == FORMAT


def test_hostile_and_aborted_reports_are_read_back_too(hostile: Report, aborted: Report) -> None:
    for report in (hostile, aborted):
        assert msgspec.json.decode(json.render(report), type=Report) == report


def test_the_published_schema_is_that_of_the_code() -> None:
    published = (files("slo.reports") / "schema.json").read_text(encoding="utf-8")

    assert published == json.schema(), "run: python -m slo.reports"


def test_the_schema_allows_nothing_unknown_and_requires_what_is_always_there() -> None:
    schema = msgspec.json.decode(json.schema())

    described = schema["$defs"]["Report"]
    assert described["additionalProperties"] is False
    assert set(described["required"]) == set(Report.__struct_fields__)
