"""The run in sums."""

from __future__ import annotations

from slo.model import Overall
from slo.reports.run.summary import Report
from tests.slo.reports import examples


def test_a_workload_is_the_sum_of_its_routes(reports: dict[Overall, Report]) -> None:
    whole, *routes = reports[Overall.MISSED].routes

    assert (whole.workload, whole.route) == ("comments", "")
    assert [totals.route for totals in routes] == ["POST /v1/comments", "POST /v1/comments?quality=good"]
    for name in ("requests", "failures", "items", "request_bytes", "response_bytes"):
        assert getattr(whole, name) == sum(getattr(totals, name) for totals in routes)
    assert whole.outcomes["timeout"] == sum(totals.outcomes.get("timeout", 0) for totals in routes)
    assert whole.longest_ms == max(totals.longest_ms for totals in routes)


def test_only_judged_requests_count(judged: dict[Overall, examples.Judged], reports: dict[Overall, Report]) -> None:
    run, judgement = judged[Overall.MET]
    whole = reports[Overall.MET].routes[0]

    assert whole.requests == judgement.run.requests < sum(cell.requests for cell in run.cells)
    assert whole.requests_per_s == round(whole.requests / judgement.run.judged_seconds, 3)


def test_the_generator_is_told_as_it_was(reports: dict[Overall, Report], aborted: Report) -> None:
    healthy, saturated = reports[Overall.MET].generator, reports[Overall.UNJUDGED].generator

    assert (healthy.dropped, healthy.started) == (0, healthy.intended)
    assert saturated.dropped == saturated.intended - saturated.started > 0
    assert saturated.lateness_p99_ms > healthy.lateness_p99_ms
    assert healthy.processes == {"generator-1": "finished"}
    assert aborted.generator.processes == {}
