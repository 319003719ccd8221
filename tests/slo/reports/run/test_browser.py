"""The page in a real browser, which is the one optional program that these tests use."""

from __future__ import annotations

from pathlib import Path

from slo.model import Overall
from slo.reports.run import html
from slo.reports.run.summary import Report
from tests.slo.reports.pages import drawn, needs_browser, shown

pytestmark = needs_browser


def test_every_chart_is_drawn_and_the_console_is_silent(reports: dict[Overall, Report], tmp_path: Path) -> None:
    page = html.render(reports[Overall.MISSED]).replace('<details class="card">', '<details class="card" open>')
    document, console = shown(page, tmp_path)

    assert console == []
    assert drawn(document) == ["latency", "throughput", "histogram", "percentiles", "lateness", "processor"]
    for series in ("p50", "p95", "p99", "planned rate", "answered", "http-503", "timeout"):
        assert f">{series}</div>" in document


def test_hostile_texts_run_nothing(hostile: Report, tmp_path: Path) -> None:
    document, console = shown(html.render(hostile), tmp_path)

    assert console == []
    assert document.count("<script") == 4
    assert document.count("<canvas") > 0


def test_an_aborted_run_is_a_page_too(aborted: Report, tmp_path: Path) -> None:
    document, console = shown(html.render(aborted), tmp_path)

    assert console == []
    assert "nothing to draw" in document
    assert "<canvas" not in document


def test_a_run_without_any_answer_shows_its_failures(refused: Report, tmp_path: Path) -> None:
    document, console = shown(html.render(refused), tmp_path)

    assert console == []
    assert "there is no distribution" in document
    assert ">failed: refused</div>" in document
    assert "<canvas" in document


def test_a_script_that_is_not_ours_would_not_run(reports: dict[Overall, Report], tmp_path: Path) -> None:
    planted = "<script>document.body.dataset.broken = 'yes'</script></main>"
    document, console = shown(html.render(reports[Overall.MET]).replace("</main>", planted), tmp_path)

    assert "data-broken" not in document
    assert any("Content Security Policy" in line for line in console)
