"""From blocks to ratios, percentiles and what speaks against them."""

from __future__ import annotations

from random import Random
from typing import Any, Literal

import msgspec
import pytest

from loadtests._http._answers import AnswerParser
from slo.documentation import put
from slo.histogram import Histogram
from slo.stats import Estimate
from tests.benchmarks.generator import findings, recorded, tables
from tests.benchmarks.generator.__main__ import PAGE
from tests.benchmarks.generator.findings import FAST, FORMS, OPEN, OURS, Block, Form, Measured, Percentile

COSTS: dict[Form, float] = {"ours": 30e-6, "FastHttpUser": 96e-6, "ours, open model": 48e-6}


def block(form: Form, number: int, *, drift: float = 1.0, failures: int = 0) -> Block:
    seconds = 10_000 * COSTS[form] * drift
    return Block(
        form=form, number=number, requests=10_000, failures=failures, cpu_seconds=seconds, seconds=seconds * 1.25
    )


def measured(**changes: Any) -> Measured:
    drifts = (1.0, 1.4, 0.8, 2.0)
    whole = Measured(
        started_at="2024-06-01T10:00:00Z",
        machine="a machine",
        python="3.11",
        locust="2.47",
        users=16,
        block_seconds=1.0,
        one_core=False,
        blocks=tuple(block(form, number, drift=drift) for number, drift in enumerate(drifts) for form in FORMS),
        percentiles=(Percentile(fraction=0.5, exact_ms=0.5, recorded_ms=0.5009, locust_ms=1.0),),
        latencies=1000,
    )
    return msgspec.structs.replace(whole, **changes)


def test_what_slows_the_machine_meets_both_and_leaves_their_ratio() -> None:
    ways: tuple[Literal["cpu", "clock"], ...] = ("cpu", "clock")
    for by in ways:
        times = findings.ratio(measured(), by=by)
        assert (times.value, times.low, times.high) == pytest.approx((3.2, 3.2, 3.2))
    assert findings.ratio(measured(), OPEN).value == pytest.approx(2.0)
    assert isinstance(findings.rate(measured(), OURS), Estimate)
    assert findings.misses(measured()) == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"blocks": tuple(block(form, 0, failures=form == FAST) for form in FORMS)}, "1 requests failed"),
        (
            {"blocks": tuple(block(form, n, drift=1 + n % 2 * (form == OURS)) for n in range(6) for form in FORMS)},
            "not surely the goal of 2.5",
        ),
        (
            {"percentiles": (Percentile(fraction=0.99, exact_ms=0.05, recorded_ms=0.051, locust_ms=0.0),)},
            "the percentile at 0.99 is off by 2.00%",
        ),
    ],
)
def test_what_falls_short_is_said(changes: dict[str, Any], sentence: str) -> None:
    assert any(sentence in miss for miss in findings.misses(measured(**changes)))


def test_percentiles_of_a_record_are_those_of_its_latencies() -> None:
    random = Random(5)
    latencies = [random.lognormvariate(-8.0, 1.0) for _ in range(20_000)]
    found = findings.percentiles(
        [latency * 1000 for latency in latencies],
        Histogram.of(latencies),
        {str(fraction): 1.0 for fraction in findings.FRACTIONS},
    )
    for each in found:
        assert each.exact_ms == pytest.approx(sorted(latencies)[round(each.fraction * 20_000) - 1] * 1000)
        assert each.error <= findings.TOLERANCE


def test_the_recorded_answer_is_one_and_right() -> None:
    answer = AnswerParser().feed(recorded.answer())
    assert answer is not None
    recorded.EXCHANGE.check(answer.content)


def test_the_page_has_a_place_for_the_tables() -> None:
    text = tables.markdown(measured())
    assert "| ours | FastHttpUser | processor time | 3.20 | 3.20 to 3.20 | ≥ 2.5 |" in text
    assert all(f"| {form} |" in text for form in FORMS)
    assert text in put(PAGE.read_text(encoding="utf-8"), "measured", text)
