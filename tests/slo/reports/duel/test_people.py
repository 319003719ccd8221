"""The forms that people read: the page, the comment on a pull request, the terminal."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from slo import reports
from slo.duel.model import Duel, Outcome
from slo.histogram import Histogram
from slo.reports.duel import console, html, markdown, outcomes
from slo.reports.duel.facts import compared
from tests.slo.reports.duel import examples
from tests.slo.reports.examples import HOSTILE
from tests.slo.reports.pages import Page, drawn, loads_nothing, needs_browser, shown

FORMS = (html.render, markdown.render, console.render)


@pytest.fixture(scope="module")
def failed() -> Duel:
    """A duel that failed, with culprits of every kind."""
    return examples.duel(Outcome.FAILED)


@pytest.mark.parametrize("outcome", Outcome)
def test_every_form_says_the_outcome_and_what_was_compared(outcome: Outcome) -> None:
    duel = examples.duel(outcome)
    for form in FORMS:
        text = Page(form(duel)).text if form is html.render else form(duel)
        assert outcomes.HEADINGS[outcome] in text
        assert "41afb61d0c" in text
        assert "0 of 34 gates" in text.replace("\u00a0", " ")
        assert duel.repeat in text


def test_every_form_names_the_culprits_and_what_they_cost(failed: Duel) -> None:
    for form in FORMS:
        told = console.render(failed, width=160) if form is console.render else form(failed)
        text = Page(told).text if form is html.render else " ".join(told.split())
        for culprit in failed.culprits:
            assert culprit.function in text
        assert "service/engine/sentiment.py:41" in text
        assert "12,400 → 14,900 bytecodes" in text
        assert "edited by the change" in text


def test_a_duel_that_cannot_be_judged_claims_nothing() -> None:
    duel = examples.duel(Outcome.INVALID)
    for form in FORMS:
        text = " ".join(form(duel).split())
        assert outcomes.UNTRUSTED in text
        assert text.replace("\u00a0", " ").lower().count("the generator used 93 % of its core") == 1
    assert "undecided" in html.render(duel)


def test_an_acceptance_is_told_with_its_reason() -> None:
    for form in FORMS:
        assert "Accepted: we now check spelling too (until 2026-06-30)." in " ".join(
            form(examples.duel(Outcome.ACCEPTED)).split()
        )


def test_the_page_loads_nothing_and_only_links_what_lies_beside_it(failed: Duel) -> None:
    text = html.render(failed)

    loads_nothing(text)
    assert [given["href"] for tag, given in Page(text).elements if tag == "a"] == ["./difference%20cpu.svg"]


def test_the_page_draws_every_interval_and_every_window(failed: Duel) -> None:
    elements = Page(html.render(failed)).elements
    drawings = [given for tag, given in elements if tag == "svg" and given.get("role") == "img"]
    dots = [given for tag, given in elements if tag == "circle" and "dot" in (given.get("class") or "")]

    measured = [each for each in failed.findings if each.change is not None]
    windows = sum(len(launch) for each in failed.findings for launch in each.launches)
    panels = sum(bool(each.launches) for each in failed.findings)
    assert len(drawings) == len(measured) + panels
    assert len(dots) == windows


def test_both_distributions_share_their_edges_and_add_up(failed: Duel) -> None:
    (overlay,) = msgspec.json.decode(Page(html.render(failed)).scripts[0])["overlays"]

    assert overlay["edges_ms"] == sorted(set(overlay["edges_ms"]))
    assert sum(overlay["base"]) == pytest.approx(1.0)
    assert sum(overlay["head"]) == pytest.approx(1.0)
    assert (overlay["base"][-1], overlay["head"][-1]) == (0.0, 0.0)
    p50 = Histogram.decode(failed.distributions[0].base).quantile(0.5) * 1000
    assert overlay["marks"][0] == {"label": "p50", "base_ms": p50, "head_ms": pytest.approx(1.12 * p50, rel=0.1)}


def test_no_text_breaks_out_of_the_page() -> None:
    page = Page(html.render(examples.attacked()))

    assert len(page.scripts) == 4
    assert "alert(1)" not in "".join(page.scripts)
    assert page.text.count("</script><script>alert(1)") >= 10
    assert all(str(given["href"]).startswith("./") for tag, given in page.elements if tag == "a")


def test_the_comment_is_found_again_and_links_the_guilty_lines(failed: Duel) -> None:
    text = markdown.render(failed)

    assert text.startswith("<!-- loadstone-gate -->\n\n### ❌")
    target = f"../blob/{examples.COMMIT}/service/engine/sentiment.py#L41-L58"
    assert f"[service/engine/sentiment.py:41]({target})" in text
    dirty = msgspec.structs.replace(failed.samples.head, commit=f"{examples.COMMIT}+dirty")
    samples = msgspec.structs.replace(failed.samples, head=dirty)
    assert "../blob" not in markdown.render(msgspec.structs.replace(failed, samples=samples))


def test_markdown_tables_stay_whole_and_nothing_is_markup() -> None:
    text = markdown.render(examples.attacked()).removeprefix(markdown.MARKER)

    tables = [part for part in text.split("\n\n") if part.startswith("|")]
    assert len(tables) >= 5
    for table in tables:
        assert len({len(re.split(r"(?<!\\)\|", line)) for line in table.splitlines()}) == 1
    assert set(re.findall(r"<(/?\w+)", text)) <= {
        "details", "/details", "summary", "/summary", "br", "pre", "/pre", "code", "/code"
    }  # fmt: skip
    assert "@all" not in text
    assert "\x1b" not in text
    assert "](" not in text


@pytest.mark.parametrize("character", ["@", "é", "\U0001f4a5", "x"])
def test_a_comment_is_never_too_long(character: str) -> None:
    duel = examples.attacked(character * 5_000)
    many = msgspec.structs.replace(duel, findings=duel.findings * 30, culprits=duel.culprits * 30)

    text = markdown.render(many)

    assert len(text.encode()) <= markdown.MOST_BYTES
    assert text.startswith(markdown.MARKER)
    assert outcomes.HEADINGS[Outcome.FAILED] in text
    assert "too long for a comment" in text
    assert text.count("<details>") == text.count("</details>")


@pytest.mark.parametrize("width", [60, 100, 160])
def test_the_terminal_gets_no_more_columns_than_it_has(width: int) -> None:
    for duel in (examples.duel(Outcome.FAILED), examples.attacked()):
        text = console.render(duel, width=width)
        assert max(map(len, text.splitlines())) <= width
        assert "\x1b" not in text
    assert "\x1b[" in console.render(duel, width=width, colour=True)


def test_the_forms_are_written_and_their_places_told(failed: Duel, tmp_path: Path) -> None:
    places = reports.write_duel(failed, tmp_path / "new")

    assert {name: path.name for name, path in places.items()} == {
        "html": "duel.html",
        "markdown": "duel.md",
        "json": "duel.json",
        "junit": "duel-junit.xml",
        "sarif": "duel.sarif",
    }
    assert sorted((tmp_path / "new").iterdir()) == sorted(places.values())
    told = reports.terminal_duel(failed, places)
    assert compared(failed) in told
    assert str(places["html"]) in told


@needs_browser
@pytest.mark.parametrize("duel", [examples.duel(Outcome.FAILED), examples.attacked(HOSTILE)], ids=("failed", "hostile"))
def test_a_browser_draws_the_duel_and_runs_nothing_else(duel: Duel, tmp_path: Path) -> None:
    document, said = shown(html.render(duel), tmp_path)

    assert said == []
    assert drawn(document) == ["latency0"]
    assert document.count("<script") == 4
    assert all(f">{side}</div>" in document for side in ("base", "head"))


@needs_browser
def test_a_duel_that_measured_nothing_has_a_page_too(tmp_path: Path) -> None:
    whole = examples.duel(Outcome.INVALID)
    samples = msgspec.structs.replace(whole.samples, series=())
    empty = msgspec.structs.replace(
        whole, samples=samples, findings=(), distributions=(), blind=(), known=None, repeat=""
    )

    document, said = shown(html.render(empty), tmp_path)

    assert said == []
    assert drawn(document) == []
    assert "nothing was measured" in document
    assert markdown.render(empty)
    assert console.render(empty)
