"""The page: whole, alone, and closed to what the texts in it try."""

from __future__ import annotations

import hashlib
import re
from html.parser import HTMLParser
from importlib.resources import files

import msgspec
import pytest

from slo.model import Overall
from slo.reports import html, wording
from slo.reports.summary import Report
from tests.slo.reports.examples import HOSTILE

ASSETS = files("slo.reports") / "assets"


class Page(HTMLParser):
    """The elements of a page, its texts, and what its scripts hold."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag == "script":
            self.scripts.append("")

    def handle_data(self, data: str) -> None:
        if self.lasttag == "script":
            self.scripts[-1] += data
        elif self.lasttag != "style":
            self.text += data


@pytest.mark.parametrize("overall", Overall)
def test_the_page_says_the_verdict_in_words_and_in_a_shape(overall: Overall, reports: dict[Overall, Report]) -> None:
    text = html.render(reports[overall])
    page = Page(text)

    assert wording.OVERALL_WORDS[overall] in page.text
    assert wording.sentence(reports[overall].judgement).split(":")[0] in page.text
    signs = [given["class"] for tag, given in page.elements if tag == "svg" and "sign" in (given.get("class") or "")]
    state = {Overall.UNJUDGED: "unjudged"}.get(overall, str(overall))
    assert signs[0] == f"sign sign-{state}"


def test_the_page_loads_nothing(reports: dict[Overall, Report]) -> None:
    text = html.render(reports[Overall.MISSED])
    page = Page(text)

    for tag, given in page.elements:
        assert not {"src", "srcset", "action", "poster"} & set(given), tag
        assert tag != "link" or given["href"] == "data:,"
        assert tag != "a"
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|WebSocket|EventSource|sendBeacon|import\(", text)
    policy = next(given["content"] for _, given in page.elements if given.get("http-equiv"))
    assert policy is not None
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert "unsafe-inline" not in policy.partition("script-src")[2]


def test_no_text_breaks_out(hostile: Report) -> None:
    page = Page(html.render(hostile))

    assert len(page.scripts) == 3
    assert "alert(1)" not in page.scripts[1] + page.scripts[2]
    assert page.text.count("</script><script>alert(1)") >= 5
    data = msgspec.json.decode(page.scripts[0])
    assert HOSTILE in data["timeline"]["failed_by_outcome_per_s"]


def test_an_aborted_run_has_a_page_without_charts(aborted: Report) -> None:
    page = Page(html.render(aborted))

    assert "nothing to draw" in page.text
    assert "The record has no footer." in page.text
    assert not [given for _, given in page.elements if given.get("class") == "plot"]


def test_the_charts_have_a_line_for_every_threshold(reports: dict[Overall, Report]) -> None:
    data = msgspec.json.decode(Page(html.render(reports[Overall.MISSED])).scripts[0])

    assert data["thresholds"] == [{"label": "objective: 200 ms", "threshold_ms": 200.0}]


def test_the_charting_library_is_the_published_one() -> None:
    readme = (ASSETS / "README.md").read_text()
    published = dict(line.split("  ")[::-1] for line in re.findall(r"^[0-9a-f]{64}  \S+$", readme, re.MULTILINE))

    assert set(published) == {"uPlot.iife.min.js", "uPlot.min.css", "LICENSE.uplot"}
    for name, digest in published.items():
        assert hashlib.sha256((ASSETS / name).read_bytes()).hexdigest() == digest
