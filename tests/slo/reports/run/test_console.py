"""The report on a terminal."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from slo.model import Distrust, Overall
from slo.reports import wording
from slo.reports.run import console, markdown
from slo.reports.run.summary import Report


@pytest.mark.parametrize("overall", Overall)
def test_a_log_has_the_verdict_every_objective_and_the_places(overall: Overall, reports: dict[Overall, Report]) -> None:
    report = reports[overall]
    text = console.render(report, places={"html": Path("runs/report.html")}, width=100)

    assert text.splitlines()[1].startswith(f"{wording.OVERALL_SIGNS[overall]} {wording.OVERALL_WORDS[overall]}")
    for verdict in report.judgement.verdicts:
        assert verdict.name in text
    assert "html      runs/report.html" in text
    assert "\x1b" not in text


@pytest.mark.parametrize("width", [60, 80, 140])
def test_lines_keep_to_the_width(width: int, reports: dict[Overall, Report]) -> None:
    text = console.render(reports[Overall.MISSED], width=width)

    assert max(map(len, text.splitlines())) <= width


def test_colour_is_added_and_never_the_only_sign(reports: dict[Overall, Report]) -> None:
    coloured = console.render(reports[Overall.MISSED], colour=True)

    assert "\x1b[" in coloured
    assert "✖ missed" in coloured


def test_no_text_steers_the_terminal(hostile: Report) -> None:
    assert "\x1b" not in console.render(hostile)


def test_a_run_that_cannot_be_trusted_claims_nothing(reports: dict[Overall, Report]) -> None:
    text = console.render(reports[Overall.UNJUDGED], width=120)

    assert wording.UNTRUSTED in text
    assert "473 of 4,290 arrivals were dropped" in text


def test_a_single_doubt_is_told_once_and_several_are_listed(reports: dict[Overall, Report]) -> None:
    doubted = reports[Overall.UNJUDGED]
    doubts = [Distrust(code=f"doubt-{number}", reason=f"reason {number}", evidence={}) for number in range(2)]
    told = []
    for count in (1, 2):
        headline = f"The run cannot be judged: reason 0{' (and 1 more reason)' * (count - 1)}."
        judgement = msgspec.structs.replace(doubted.judgement, distrusts=tuple(doubts[:count]), headline=headline)
        report = msgspec.structs.replace(doubted, judgement=judgement)
        told.append([form(report).lower().count("reason 0") for form in (console.render, markdown.render)])
    assert told == [[1, 1], [2, 2]]
