"""The page in a real browser, which is the one optional program that these tests use."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from slo.model import Overall
from slo.reports import html
from slo.reports.summary import Report

BROWSER = next((path for path in map(shutil.which, ("chromium", "/usr/bin/chromium")) if path), None)
pytestmark = pytest.mark.skipif(BROWSER is None, reason="needs chromium: apt-get install chromium")
OPTIONS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--enable-logging=stderr",
    "--virtual-time-budget=5000",
    "--dump-dom",
)


def shown(report: Report, folder: Path, change: tuple[str, str] = ("", "")) -> tuple[str, list[str]]:
    """The page's document after its scripts have run, and what the browser's console said."""
    page = folder / "report.html"
    page.write_text(html.render(report).replace(*change), encoding="utf-8")
    done = subprocess.run(
        [str(BROWSER), *OPTIONS, f"--user-data-dir={folder / 'profile'}", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
    )
    return done.stdout, [line for line in done.stderr.splitlines() if "CONSOLE" in line]


def test_every_chart_is_drawn_and_the_console_is_silent(reports: dict[Overall, Report], tmp_path: Path) -> None:
    opened = ('<details class="card">', '<details class="card" open>')
    document, console = shown(reports[Overall.MISSED], tmp_path, opened)

    assert console == []
    drawn = re.findall(r'class="plot" id="(\w+)"><div[^>]*class="uplot', document)
    assert drawn == ["latency", "throughput", "histogram", "percentiles", "lateness", "processor"]
    assert document.count("<canvas") == len(drawn)
    for series in ("p50", "p95", "p99", "planned rate", "answered", "http-503", "timeout"):
        assert f">{series}</div>" in document


def test_hostile_texts_run_nothing(hostile: Report, tmp_path: Path) -> None:
    document, console = shown(hostile, tmp_path)

    assert console == []
    assert document.count("<script") == 3
    assert document.count("<canvas") > 0


def test_an_aborted_run_is_a_page_too(aborted: Report, tmp_path: Path) -> None:
    document, console = shown(aborted, tmp_path)

    assert console == []
    assert "nothing to draw" in document
    assert "<canvas" not in document


def test_a_run_without_any_answer_shows_its_failures(refused: Report, tmp_path: Path) -> None:
    document, console = shown(refused, tmp_path)

    assert console == []
    assert "there is no distribution" in document
    assert ">failed: refused</div>" in document
    assert "<canvas" in document


def test_a_script_that_is_not_ours_would_not_run(reports: dict[Overall, Report], tmp_path: Path) -> None:
    planted = ("</main>", "<script>document.body.dataset.broken = 'yes'</script></main>")
    document, console = shown(reports[Overall.MET], tmp_path, planted)

    assert "data-broken" not in document
    assert any("Content Security Policy" in line for line in console)
