"""The user as Locust and others' listeners see it, and against the service itself."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from slo import record
from slo.histogram import Histogram
from slo.record import OK
from tests.loadtests.conftest import HERE, Locust, Target
from tests.service.running import RunningService

PAUSE_SECONDS = 0.5
SHOP = """
description = "Searches while products are put in"
seed = 5
arrivals = "poisson"
objectives = ["products"]

[[stages]]
name = "steady"
seconds = 4
rate = 20

[mix]
products = 1.0

[payloads.products]
stock = 10
placing = 0.2
together = 2
pictured = 0.0
ways = { text = 0.5, filtered = 0.5 }
"""
ROUTES = ("/v1/products", "/v1/products/search")
Starts = Callable[..., Locust]
Plans = Callable[..., str]


def test_listeners_hear_of_every_request_and_slow_ones_delay_none(
    target: Callable[..., Target], locust: Starts, plan: Plans, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = tmp_path / "heard.jsonl"
    monkeypatch.setenv("HEARD", str(heard))
    monkeypatch.setenv("PAUSE_SECONDS", str(PAUSE_SECONDS))
    path = plan(seconds=1.0, rate=60.0, more="users = 2")
    run = locust("-f", str(HERE / "listening.py"), "--headless", "--plan", path, "--host", target().url)
    code, output = run.finish()
    assert code == 0, output
    kept = record.read(run.record)
    latency = Histogram.merged(Histogram.decode(cell.latency) for cell in kept.cells)
    facts = [json.loads(line) for line in heard.read_text().splitlines()]
    assert len(facts) == sum(cell.outcomes[OK] for cell in kept.cells) == latency.count
    assert sum(fact["response_length"] for fact in facts) == sum(cell.response_bytes for cell in kept.cells)
    assert max(fact["response_time"] for fact in facts) == pytest.approx(latency.longest * 1000.0, rel=0.01)
    assert latency.quantile(0.5) < PAUSE_SECONDS / 5, "answers are stamped when they come, whoever listens"
    for fact in facts:
        assert (fact["request_type"], fact["name"], fact["context"]) == ("POST", "/v1/comments", {})
        assert (fact["exception"], fact["status"], fact["length"]) == (None, 200, fact["response_length"])
        assert fact["url"].endswith("/v1/comments")
    starts = sorted(fact["start_time"] for fact in facts)
    assert all(later - earlier < 1.0 for earlier, later in pairwise(starts)), "when each was due, on the wall clock"


def test_jobs_are_come_back_for_and_their_answers_checked(locust: Starts, plan: Plans, tmp_path: Path) -> None:
    folder = tmp_path / "service"
    folder.mkdir()
    path = Path(plan(seconds=2.0, rate=40.0))
    path.write_text(path.read_text() + "jobs = 0.5\n")
    with RunningService(folder, LOADSTONE_ACCESS_LOG="off") as service:
        service.wait_until_ready()
        run = locust("--headless", "--plan", str(path), "--host", service.url)
        code, output = run.finish()
        assert code == 0, output
        kept = record.read(run.record)
        jobs = service.metric('loadstone_jobs_submitted_total{workload="comments"}')
    seen = {name for cell in kept.cells for name in cell.outcomes}
    assert seen == {OK}
    latency = Histogram.merged(Histogram.decode(cell.latency) for cell in kept.cells)
    assert 0 < jobs < latency.count
    assert latency.count - latency.at_most(1.0) >= jobs, "the service lets nobody come back before a second has passed"


def test_what_is_asked_at_another_door_is_a_route_of_its_own(locust: Starts, tmp_path: Path) -> None:
    folder = tmp_path / "service"
    folder.mkdir()
    path = tmp_path / "shop.toml"
    path.write_text(SHOP)
    with RunningService(folder, LOADSTONE_ACCESS_LOG="off") as service:
        service.wait_until_ready()
        run = locust("--headless", "--plan", str(path), "--host", service.url)
        code, output = run.finish()
        assert code == 0, output
        kept = record.read(run.record)
    sent = {route: sum(cell.outcomes[OK] for cell in kept.cells if cell.route == route) for route in ROUTES}
    assert {cell.route for cell in kept.cells} == set(ROUTES)
    assert {name for cell in kept.cells for name in cell.outcomes} == {OK}
    assert sent["/v1/products/search"] > sent["/v1/products"] > 0
