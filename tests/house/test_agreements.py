"""What two rooms must agree on without importing one another."""

from __future__ import annotations

from service.core import metrics
from slo.spec import LATENCY_EDGES


def test_thresholds_of_objectives_are_bucket_edges_of_the_service() -> None:
    assert tuple(LATENCY_EDGES) == tuple(metrics.LATENCY_EDGES)
