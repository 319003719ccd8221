"""What the figures show, in sentences."""

from __future__ import annotations

from slo.model import Overall
from slo.reports.run.summary import Report


def test_a_missed_run_says_what_failed_when_and_for_how_long(reports: dict[Overall, Report]) -> None:
    report = reports[Overall.MISSED]
    failed, peak, beyond, shortfall = report.observations

    whole = next(totals for totals in report.routes if not totals.route)
    assert failed.startswith(f"{whole.failures} judged requests of {whole.requests:,} failed")
    assert f"{whole.outcomes['http-503']} × http-503" in failed
    assert peak.startswith("Failures peaked at 0:")
    assert "beyond 200 ms in" in beyond
    assert "the plan asked for 80/s" in shortfall


def test_a_healthy_run_has_nothing_to_say(reports: dict[Overall, Report]) -> None:
    assert reports[Overall.MET].observations == ()
