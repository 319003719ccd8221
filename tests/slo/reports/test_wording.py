"""Verdicts in words."""

from __future__ import annotations

import msgspec
import pytest

from slo.model import Comparison, Limit, Overall, State, Unit
from slo.reports import wording
from slo.reports.run.summary import Report
from tests.slo.reports.examples import verdict


def test_the_sentence_names_what_is_missed_by_how_much_and_what_was_asked(reports: dict[Overall, Report]) -> None:
    sentence = wording.sentence(reports[Overall.MISSED].judgement)

    assert sentence == (
        "The service misses 2 of 4 enforced objectives: "
        "“requests answered rightly within 200 ms” is 91.6 %, where at least 95 % is asked for."
    )


def test_an_undecided_run_says_between_what_the_truth_lies(reports: dict[Overall, Report]) -> None:
    sentence = wording.sentence(reports[Overall.INCONCLUSIVE].judgement)

    assert "does not decide 1 of 4 enforced objectives" in sentence
    assert "(94.2 to 97.1 %)" in sentence


def test_the_worst_enforced_objective_comes_first_and_what_is_not_enforced_last() -> None:
    limit = Limit(Comparison.AT_MOST, 1.0)
    verdicts = (
        verdict("aside", State.CRITICAL, 2.0, critical=limit, enforced=False),
        verdict("good", State.PASSED, 0.5, critical=limit),
        verdict("bad", State.CRITICAL, 2.0, critical=limit),
        verdict("bad-and-key", State.CRITICAL, 2.0, critical=limit, key=True),
    )

    assert [each.name for each in wording.worst_first(verdicts)] == ["bad-and-key", "bad", "good", "aside"]


def test_every_state_has_a_word_and_a_shape_of_its_own() -> None:
    assert set(wording.STATE_WORDS) == set(wording.STATE_SIGNS) == set(State)
    assert len(set(wording.STATE_SIGNS.values())) == len(State)
    assert len(set(wording.OVERALL_SIGNS.values())) == len(Overall)


def test_an_inconclusive_run_that_exits_0_does_not_claim_to_be_met(reports: dict[Overall, Report]) -> None:
    judgement = reports[Overall.INCONCLUSIVE].judgement
    strict = msgspec.structs.replace(judgement, strict=True, exit_code=4)

    assert "do not decide" in dict(wording.exit_codes(judgement))[0]
    assert dict(wording.exit_codes(strict))[0] == "all objectives met"


@pytest.mark.parametrize(
    ("low", "high", "unit", "text"),
    [
        (0.91, 0.93, Unit.RATIO, " (91 to 93 %)"),
        (0.0009, 0.0011, Unit.SECONDS, " (900 µs to 1.1 ms)"),
        (None, 0.93, Unit.RATIO, ""),
    ],
)
def test_an_interval_names_its_unit_once(low: float | None, high: float, unit: Unit, text: str) -> None:
    assert wording.interval(low, high, unit) == text


def test_plain_text_steers_no_terminal() -> None:
    assert wording.plain("a\x1b[31m\x00b\n c\u202e") == "a\ufffd[31m\ufffdb c\ufffd"


@pytest.mark.parametrize(
    ("text", "told"),
    [("median latency", "Median latency"), ("process.cpu.time per request", "process.cpu.time per request"), ("", "")],
)
def test_names_keep_their_first_letter(text: str, told: str) -> None:
    assert wording.capitalised(text) == told
