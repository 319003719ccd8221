"""What measuring costs: one request must stay under 3 µs."""

from __future__ import annotations

from pathlib import Path

from pytest_benchmark.fixture import BenchmarkFixture

from service.core.exposition import render
from service.core.metrics import QUEUE_WAIT, Metrics, layout_of
from service.web.routes import all_routes
from service.workloads import WORKLOADS


def metrics_in(folder: Path) -> Metrics:
    return Metrics(layout_of(WORKLOADS, all_routes(WORKLOADS), ("memory", "redis")), folder)


def test_one_request(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    metrics = metrics_in(tmp_path)

    def record() -> None:
        metrics.request_started()
        metrics.request_ended("POST", "/v1/comments", 200, 0.0123)

    benchmark(record)


def test_one_request_on_an_unknown_path(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    metrics = metrics_in(tmp_path)

    def record() -> None:
        metrics.request_started()
        metrics.request_ended("GET", "/nowhere", 404, 0.0001)

    benchmark(record)


def test_one_observation(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    lane = WORKLOADS[0].lanes[0].name
    benchmark(metrics_in(tmp_path).distribution(QUEUE_WAIT, WORKLOADS[0].name, lane).observe, 0.0123)


def test_one_scrape_of_four_workers(benchmark: BenchmarkFixture, tmp_path: Path) -> None:
    workers = [metrics_in(tmp_path) for _ in range(4)]
    for metrics in workers:
        for route in all_routes(WORKLOADS):
            metrics.request_started()
            metrics.request_ended("GET", route, 200, 0.001)
    benchmark(render, workers[0], version="1", environment="development", started_at=0.0)
