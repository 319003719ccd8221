"""A regression that somebody answers for passes up to its size and its day, and not further."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest

from slo import accepted
from slo.duel.metrics import METRICS
from slo.duel.model import Finding, Outcome
from slo.model import Unit

TODAY = datetime.date(2026, 6, 1)
GOOD = """[[accepted]]
metric = "cpu-per-request"
workload = "comments"
size = "+12%"
reason = "Answers are checked now."
expires = 2026-12-31
"""


def loaded(folder: Path, text: str) -> tuple[accepted.Acceptance, ...]:
    path = folder / "accepted.toml"
    path.write_text(text)
    return accepted.load(path, METRICS, TODAY)


def finding(change: float, outcome: Outcome = Outcome.FAILED, workload: str = "comments") -> Finding:
    return Finding(
        metric="cpu-per-request",
        title="CPU time",
        workload=workload,
        unit=Unit.SECONDS_PER_REQUEST,
        outcome=outcome,
        reason="It is slower.",
        base=1.0,
        head=1.0 + change,
        change=change,
    )


def test_the_shipped_file_accepts_nothing() -> None:
    assert accepted.load(Path(accepted.__file__).with_name("accepted.toml"), METRICS, TODAY) == ()


@pytest.mark.parametrize(
    ("change", "workload", "outcome"),
    [
        (0.12, "comments", Outcome.ACCEPTED),
        (0.1201, "comments", Outcome.FAILED),
        (-0.05, "comments", Outcome.FAILED),
        (0.05, "", Outcome.FAILED),
    ],
)
def test_only_what_is_within_the_size_is_accepted(
    tmp_path: Path, change: float, workload: str, outcome: Outcome
) -> None:
    (judged,), _ = accepted.applied([finding(change, workload=workload)], loaded(tmp_path, GOOD), TODAY)
    assert judged.outcome is outcome
    assert judged.acceptance == ("Answers are checked now. (until 2026-12-31)" if outcome is Outcome.ACCEPTED else "")
    assert ("beyond the +12 %" in judged.reason) == (outcome is Outcome.FAILED and workload == "comments")


def test_it_counts_on_its_last_day_and_not_after(tmp_path: Path) -> None:
    acceptances = loaded(tmp_path, GOOD)
    last = acceptances[0].expires
    assert accepted.applied([finding(0.1)], acceptances, last).findings[0].outcome is Outcome.ACCEPTED
    (judged,), remarks = accepted.applied([finding(0.1)], acceptances, last + datetime.timedelta(days=1))
    assert judged.outcome is Outcome.FAILED
    assert "expired on 2026-12-31" in remarks[0]


@pytest.mark.parametrize(
    ("outcome", "told"),
    [(Outcome.PASSED, "can be removed"), (Outcome.INCONCLUSIVE, None), (Outcome.FAILED, None)],
)
def test_what_covers_nothing_any_more_is_told(tmp_path: Path, outcome: Outcome, told: str | None) -> None:
    _, remarks = accepted.applied([finding(0.01, outcome)], loaded(tmp_path, GOOD), TODAY)
    assert bool(remarks) == (told is not None)
    assert told is None or told in remarks[0]


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("cpu-per-request", "cpu", "entry 1: metric: there is no 'cpu'"),
        ("+12%", "12", "entry 1: size: '12' is no change"),
        ("+12%", "+0%", "entry 1: size: "),
        ("2026-12-31", "2027-07-01", "entry 1: expires: 2027-07-01 is more than a year ahead"),
        ("2026-12-31", '"soon"', "entry 1: expires: "),
        ("Answers are checked now.", "short", "entry 1: reason: "),
        ("workload", "workloads", "entry 1: "),
        ("[[accepted]]", "[accepted]", "in two brackets"),
        ("[[accepted]]", "[[allowed]]", "unknown key 'allowed'"),
        ('"+12%"', "", "no TOML"),
    ],
)
def test_a_file_that_says_something_else_is_refused_in_a_sentence(
    tmp_path: Path, old: str, new: str, sentence: str
) -> None:
    with pytest.raises(accepted.AcceptedError) as caught:
        loaded(tmp_path, GOOD.replace(old, new))
    assert sentence in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path / "accepted.toml"))
