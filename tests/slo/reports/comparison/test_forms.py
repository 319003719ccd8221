"""The comparison as a page, as Markdown and on a terminal."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from slo import reports
from slo.reports.comparison import console, html, markdown
from slo.reports.comparison.summary import Comparison, Judged, compare
from tests.slo.reports.comparison.conftest import Change
from tests.slo.reports.pages import Page, drawn, loads_nothing, needs_browser, shown


def test_the_page_has_a_column_for_every_run_and_loads_nothing(two: Comparison, five: Comparison) -> None:
    for comparison, number in ((two, 2), (five, 5)):
        text = html.render(comparison)
        loads_nothing(text)
        labels = [given["data-label"] for tag, given in Page(text).elements if tag == "td"]
        assert set(labels) == set("ABCDE"[:number])
        assert len({labels.count(letter) for letter in set(labels)}) == 1


def test_the_page_says_what_is_slower_and_by_how_much(two: Comparison) -> None:
    text = Page(html.render(two)).text.replace("\u00a0", " ")

    assert re.search(r"▲ slower by 3\d % \(\d+ to \d+ %\)", text)
    assert "regression" not in text
    assert "before is the baseline" in text


def test_no_text_breaks_out_of_the_page(five: Comparison) -> None:
    page = Page(html.render(five))

    assert len(page.scripts) == 4
    assert "alert(1)" not in "".join(page.scripts)
    assert page.text.count("</script><script>alert(1)") >= 5


def test_markdown_tables_stay_whole_and_nothing_is_markup(five: Comparison) -> None:
    text = markdown.render(five)

    tables = [part for part in text.split("\n\n") if part.startswith("|")]
    assert len(tables) >= 6
    for table in tables:
        assert len({len(re.split(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1
    assert set(re.findall(r"<(/?\w+)", text)) == {"details", "/details", "summary", "/summary"}
    assert "@all" not in text
    assert "\x1b" not in text


@pytest.mark.parametrize("width", [60, 100, 200])
def test_the_terminal_gets_no_more_columns_than_it_has(five: Comparison, two: Comparison, width: int) -> None:
    for comparison in (five, two):
        text = console.render(comparison, width=width)
        assert max(map(len, text.splitlines())) <= width
        assert "\x1b" not in text
    assert "slower by 3" in " ".join(text.split())


def test_the_forms_are_written_under_names_of_their_own(two: Comparison, tmp_path: Path) -> None:
    places = reports.write_comparison(two, tmp_path / "new")

    assert {name: path.name for name, path in places.items()} == {
        "html": "comparison.html",
        "markdown": "comparison.md",
    }
    assert sorted((tmp_path / "new").iterdir()) == sorted(places.values())


@needs_browser
def test_every_chart_is_drawn_and_hostile_texts_run_nothing(five: Comparison, tmp_path: Path) -> None:
    document, said = shown(html.render(five), tmp_path)

    assert said == []
    assert drawn(document) == ["percentiles", "latency", "answered", "failed"]
    assert document.count("<script") == 4
    assert len(re.findall(r'<button type="button" class="run [^>]*aria-pressed="true">', document)) == 5


@needs_browser
def test_runs_can_be_hidden_and_another_quantile_shown(two: Comparison, tmp_path: Path) -> None:
    clicks = "".join(
        f"document.querySelector('{which}').click();"
        for which in ('.run[data-letter="B"]', '[data-quantile="p99_ms"]', '.switch[data-for="percentiles"]')
    )
    page = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", html.render(two))

    document, said = shown(page.replace("</body>", f"<script>{clicks}</script></body>"), tmp_path)

    assert said == []
    assert drawn(document) == ["percentiles", "latency", "answered"]
    assert re.findall(r'data-letter="(\w)" aria-pressed="(\w+)"', document) == [("A", "true"), ("B", "false")]
    assert re.findall(r'data-quantile="(\w+)" aria-pressed="true"', document) == ["p99_ms"]
    assert 'data-other="Logarithmic">Logarithmic</button>' in document


@needs_browser
def test_runs_without_any_answer_have_a_page_too(unanswered: Judged, tmp_path: Path) -> None:
    document, said = shown(html.render(compare([unanswered, unanswered])), tmp_path)

    assert said == []
    assert drawn(document) == ["answered", "failed"]
    assert "there is no latency to draw" in document


def test_a_run_that_saw_nothing_can_be_compared(other: Change) -> None:
    nothing = other("nothing", cells=(), pulses=(), footer=None)

    page = Page(html.render(compare([other("before"), nothing])))
    alone = Page(html.render(compare([nothing, nothing])))

    assert "B cannot be trusted" in page.text
    assert "nothing to draw" in alone.text
    assert msgspec.json.decode(alone.scripts[0])["start_s"] == []
