"""The page: whole, alone, and closed to what the texts in it try."""

from __future__ import annotations

import hashlib
import re
from importlib.resources import files

import msgspec
import pytest

from slo.model import Overall
from slo.reports import wording
from slo.reports.run import html
from slo.reports.run.summary import Report
from tests.slo.reports.examples import HOSTILE
from tests.slo.reports.pages import Page, loads_nothing

ASSETS = files("slo.reports") / "assets"


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
    loads_nothing(html.render(reports[Overall.MISSED]))


def test_no_text_breaks_out(hostile: Report) -> None:
    page = Page(html.render(hostile))

    assert len(page.scripts) == 4
    assert "alert(1)" not in "".join(page.scripts[1:])
    assert page.text.count("</script><script>alert(1)") >= 5
    data = msgspec.json.decode(page.scripts[0])
    assert HOSTILE in data["timeline"]["failed_by_outcome_per_s"]


def test_an_aborted_run_has_a_page_without_charts(aborted: Report) -> None:
    page = Page(html.render(aborted))

    assert "nothing to draw" in page.text
    assert page.text.count("the run was aborted: its record has no end") == 1
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
