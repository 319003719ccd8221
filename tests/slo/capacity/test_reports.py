"""A capacity test, told in every form."""

from __future__ import annotations

import html
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from xml.etree import ElementTree

import jsonschema_rs
import msgspec
import pytest
import yaml

from service.core import metrics
from slo.capacity import charts, reports, scales, wording
from slo.capacity.agreement import agreement
from slo.capacity.model import Agreement, Capacity, Estimate
from slo.capacity.scalability import Point, scalability
from slo.documentation import NoPlaceError
from slo.selectors import parse
from tests.slo.capacity.conftest import change
from tests.slo.capacity.test_scalability import SDM


def test_the_published_schema_is_that_of_the_code() -> None:
    published = (files("slo.capacity") / "assets/schema.json").read_text(encoding="utf-8")

    assert published == reports.schema(), "run: python -m slo.capacity"


def test_every_form_is_written_and_the_document_keeps_its_schema(three: Sequence[Capacity], tmp_path: Path) -> None:
    schema = jsonschema_rs.validator_for(msgspec.json.decode(reports.schema()))
    one = reports.write(three[:1], tmp_path / "one", tmp_path / "one/manifests")
    several = reports.write(three, tmp_path / "several")

    assert set(one) == {"html", "markdown", "json", "hpa", "keda"}
    assert set(several) == {"html", "markdown", "json"}
    for places in (one, several):
        schema.validate(msgspec.json.decode(places["json"].read_bytes()))
    assert msgspec.json.decode(one["json"].read_bytes(), type=Capacity) == three[0]
    assert msgspec.json.decode(several["json"].read_bytes(), type=Agreement) == agreement(three)
    assert reports.written_in(tmp_path / "one")
    assert not reports.written_in(tmp_path)


def test_all_forms_tell_the_same_figures(three: Sequence[Capacity], tmp_path: Path) -> None:
    places = reports.write(three, tmp_path)
    texts = [places["html"].read_text(), places["markdown"].read_text(), reports.terminal(three, places)]

    for _, figure in wording.key_figures(three[-1])[:4]:
        assert all(figure in text for text in texts), figure
    assert all("The 3 tests agree" in text for text in texts)


def test_the_page_draws_every_step_and_loads_nothing(whole: Capacity, tmp_path: Path) -> None:
    page = reports.write([whole], tmp_path)["html"].read_text()
    drawings = [f"<svg{part.partition('</svg>')[0]}</svg>" for part in page.split("<svg")[2:]]
    dots = [len(ElementTree.fromstring(drawing).findall(".//circle")) for drawing in drawings]

    assert dots[0] == len(whole.steps)
    assert dots[1] == 3 * len(whole.steps)
    assert len(dots) == 4
    assert "<script" not in page
    assert "default-src 'none'" in html.unescape(page)


def test_a_hostile_name_stays_text(whole: Capacity, tmp_path: Path) -> None:
    places = reports.write([change(whole, plan="<b>|\n# x")], tmp_path, tmp_path)

    assert "<b>" not in places["html"].read_text()
    assert "<b>" not in places["markdown"].read_text()
    assert yaml.safe_load(places["keda"].read_text())["kind"] == "ScaledObject"


def test_manifests_hold_the_measured_knee_and_series_that_the_service_exports(whole: Capacity, tmp_path: Path) -> None:
    places = reports.write([whole], tmp_path, tmp_path / "deploy")
    hpa, keda = (yaml.safe_load(places[name].read_text()) for name in ("hpa", "keda"))
    assert whole.scaling is not None
    target = str(int(whole.scaling.target_per_s))

    assert hpa["spec"]["metrics"][0]["pods"]["target"]["averageValue"] == target
    trigger = keda["spec"]["triggers"][0]["metadata"]
    assert trigger["threshold"] == target
    series = trigger["query"].removeprefix("sum(rate(").removesuffix("[1m]))")
    assert parse(series).name == f"{metrics.REQUEST_DURATION.name}_count"
    assert {matcher.label for matcher in parse(series).matchers} <= set(metrics.REQUEST_DURATION.labels)


def test_without_a_target_no_manifest_is_written(whole: Capacity, tmp_path: Path) -> None:
    reports.write([change(whole, scaling=None)], tmp_path, tmp_path / "deploy")

    assert not (tmp_path / "deploy").exists()


def test_tables_are_put_where_a_page_has_a_place_for_them(whole: Capacity) -> None:
    page = "# Capacity\n\n<!-- capacity light: begin -->\nold\n<!-- capacity light: end -->\n\nThe end.\n"
    told = reports.put(page, "light", [whole])

    assert "old" not in told
    assert whole.headline.split(" (")[0] in told
    assert told.endswith("<!-- capacity light: end -->\n\nThe end.\n")
    assert reports.put(told, "light", [whole]) == told
    with pytest.raises(NoPlaceError, match="no place for capacity images"):
        reports.put(page, "images", ())


@pytest.mark.parametrize(
    ("estimate", "told"),
    [
        (Estimate(value=1234.5, low=1000.0, high=1500.0), "1,234/s (1,000 to 1,500/s)"),
        (Estimate(value=951.0, low=951.0, high=None), "at least 951/s"),
        (Estimate(value=951.0, low=900.0, high=None), "951/s or more"),
        (Estimate(value=None, low=120.0, high=None), "above 120/s"),
        (Estimate(value=None, low=None, high=40.0), "below 40/s"),
        (Estimate(value=None, low=None, high=None), "not known"),
    ],
)
def test_open_ends_are_told_as_such(estimate: Estimate, told: str) -> None:
    assert wording.rates(estimate) == told


def test_every_mark_and_dot_lies_inside_of_its_drawing(three: Sequence[Capacity]) -> None:
    for chart in (chart for found in three for chart in charts.charts(found)):
        assert all(chart.left <= dot.x <= chart.right and chart.top <= dot.y <= chart.bottom for dot in chart.dots)
        assert all(chart.left <= mark.x <= chart.right for mark in chart.marks)
        assert 2 <= len(chart.x_ticks) <= 10
        assert 2 <= len(chart.y_ticks) <= 10


def test_a_peak_is_marked_only_where_throughput_falls(whole: Capacity) -> None:
    falling = scalability([Point(*pair) for pair in SDM])
    marked = [
        {mark.label for mark in charts.charts(found)[2].marks} for found in (whole, change(whole, scalability=falling))
    ]

    assert marked == [{"knee"}, {"knee", "N*"}]


def test_ticks_are_round_and_in_order() -> None:
    assert [tick.label for tick in scales.logarithmic([40.0, 2000.0], 0, 100).ticks] == [
        *("50", "100", "200", "500", "1,000", "2,000"),
    ]
    assert [tick.label for tick in scales.linear([1.0], 0, 100).ticks] == ["0", "0.5", "1"]
    assert scales.logarithmic([10.0, 20_000.0], 0, 100).ticks[-1].label == "10k"
