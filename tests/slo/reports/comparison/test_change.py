"""What is said of the difference of two figures."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slo.model import Reading, Unit
from slo.reports.comparison.change import TOO_FEW, Meaning, Tone, change


def reading(value: float | None, low: float | None = None, high: float | None = None, events: float = 1e6) -> Reading:
    return Reading(
        indicator="p95",
        title="",
        unit=Unit.SECONDS,
        value=value,
        low=low,
        high=high,
        confidence=0.95,
        effective_events=events,
    )


@pytest.mark.parametrize(
    ("meaning", "base", "other", "words", "tone"),
    [
        (Meaning.DURATION, (0.100, 0.099, 0.101), (0.104, 0.103, 0.105), "slower by 4 % (2.6 to 5.5 %)", Tone.WORSE),
        (Meaning.DURATION, (0.104, 0.103, 0.105), (0.100, 0.099, 0.101), "faster by 3.8 % (2.5 to 5.2 %)", Tone.BETTER),
        (
            Meaning.DURATION,
            (0.100, 0.090, 0.110),
            (0.104, 0.090, 0.120),
            "no clear difference: +4 % (−13 to +24 %)",
            Tone.OPEN,
        ),
        (Meaning.FAULTS, (0.0, 0.0, 0.001), (0.02, 0.015, 0.03), "more by 2 points (1.5 to 3 points)", Tone.WORSE),
        (Meaning.FAULTS, (0.02, 0.015, 0.03), (0.0, 0.0, 0.001), "fewer by 2 points (1.5 to 3 points)", Tone.BETTER),
        (Meaning.COST, (0.002, None, None), (0.0021, None, None), "+5 %", Tone.OPEN),
        (Meaning.AMOUNT, (80.0, 79.0, 81.0), (90.0, 89.0, 91.0), "more by 13 % (11 to 14 %)", Tone.OPEN),
    ],
)
def test_a_difference_is_told_with_its_interval_and_a_claim_only_where_zero_lies_outside(
    meaning: Meaning,
    base: tuple[float, float | None, float | None],
    other: tuple[float, float | None, float | None],
    words: str,
    tone: Tone,
) -> None:
    found = change(meaning, reading(*base), reading(*other))

    assert found is not None
    assert (found.words, found.tone) == (words, tone)


@given(st.sampled_from(Meaning), st.floats(1e-6, 10), st.floats(0, 0.9), st.floats(0, 10))
def test_a_figure_never_differs_from_itself(meaning: Meaning, value: float, below: float, above: float) -> None:
    figure = reading(value, value * (1 - below), value * (1 + above))

    found = change(meaning, figure, figure)

    assert found is not None
    assert found.value == 0
    assert found.tone is Tone.OPEN


def test_a_quantile_of_too_few_requests_claims_nothing() -> None:
    few, many = reading(1.0, 0.9, 1.1, events=3_000), reading(2.0, 1.9, 2.1, events=4_000)

    found = change(Meaning.DURATION, few, many, fraction=0.999)
    enough = change(Meaning.DURATION, many, reading(1.0, 0.9, 1.1, events=4_000), fraction=0.999)

    assert found is not None
    assert enough is not None
    assert found.words == f"+100 %, {TOO_FEW}"
    assert found.tone is Tone.OPEN
    assert enough.tone is Tone.BETTER


def test_a_doubt_takes_the_claim_away() -> None:
    found = change(Meaning.DURATION, reading(0.1, 0.09, 0.11), reading(0.2, 0.19, 0.21), doubt="not to be trusted")

    assert found is not None
    assert (found.words, found.tone, found.low) == ("+100 %, not to be trusted", Tone.OPEN, None)


@pytest.mark.parametrize(("base", "other"), [(None, 1.0), (1.0, None), (0.0, 1.0)])
def test_from_nothing_there_is_no_change(base: float | None, other: float | None) -> None:
    assert change(Meaning.DURATION, reading(base), reading(other)) is None
