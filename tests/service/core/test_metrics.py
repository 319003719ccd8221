from __future__ import annotations

import subprocess
import sys
import threading
from bisect import bisect_left
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.exposition import render
from service.core.metrics import ITEMS, LATENCY_EDGES, OTHER, QUEUE_WAIT, Layout, Metrics, layout_of
from tests.service.sample_workload import words_workload

DURATION = "http_server_request_duration_seconds"


def layout() -> Layout:
    return layout_of([words_workload()], ("/v1/words",), ("memory",))


def samples(metrics: Metrics) -> dict[str, float]:
    text = render(metrics, version="1.2", environment="staging", started_at=1.5).decode()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    assert len({line.rsplit(" ", 1)[0] for line in lines}) == len(lines), "no series twice"
    return {series: float(number) for series, number in (line.rsplit(" ", 1) for line in lines)}


def labels(method: str, route: str, status: str) -> str:
    return f'http_request_method="{method}",http_route="{route}",http_response_status_code="{status}"'


def test_requests_are_told_as_prometheus_expects_them() -> None:
    metrics = Metrics(layout())
    for seconds in (0.0005, 0.2, 0.3, 100.0):
        metrics.request_started()
        metrics.request_ended("POST", "/v1/words", 200, seconds)
    metrics.request_started()
    found = samples(metrics)
    series = labels("POST", "/v1/words", "200")
    edges = {
        edge: found[f'{DURATION}_bucket{{{series},le="{edge}"}}'] for edge in ("0.001", "0.2", "0.25", "60", "+Inf")
    }
    assert edges == {"0.001": 1, "0.2": 2, "0.25": 2, "60": 3, "+Inf": 4}
    assert found[f"{DURATION}_count{{{series}}}"] == 4
    assert found[f"{DURATION}_sum{{{series}}}"] == pytest.approx(100.5005)
    assert found["http_server_active_requests"] == 1
    assert found['loadstone_build_info{version="1.2",environment="staging"}'] == 1
    assert found["process_start_time_seconds"] == 1.5
    assert found["process_memory_usage_bytes"] > 1_000_000


@given(method=st.text(), route=st.text(), status=st.integers(-1, 1000))
def test_no_method_path_or_status_makes_a_new_series(method: str, route: str, status: int) -> None:
    metrics = Metrics(layout())
    metrics.request_started()
    metrics.request_ended(method, route, status, 0.01)
    counts = [series for series in samples(metrics) if series.startswith(f"{DURATION}_count")]
    assert len(counts) == 1
    assert f'http_route="{OTHER}"' in counts[0] or route == "/v1/words"


@given(st.lists(st.floats(0, 120)))
def test_a_histogram_counts_every_value_in_the_right_bucket(values: list[float]) -> None:
    metrics = Metrics(layout())
    distribution = metrics.distribution(QUEUE_WAIT, "words", "dear")
    for value in values:
        distribution.observe(value)
    row = metrics.readings()[0].cells[metrics.layout.offset(QUEUE_WAIT, "words", "dear") :][: QUEUE_WAIT.width]
    expected = np.bincount([bisect_left(LATENCY_EDGES, value) for value in values], minlength=len(LATENCY_EDGES) + 1)
    assert row[:-1].tolist() == expected.tolist()
    assert row[-1] == pytest.approx(sum(values))


COUNTING_WORKER = """
import sys
from pathlib import Path
from tests.service.core.test_metrics import layout
from service.core.metrics import ITEMS, Metrics
metrics = Metrics(layout(), Path(sys.argv[1]))
metrics.count(ITEMS, "words", "cheap").add(float(sys.argv[2]))
metrics.request_started()
print("counted", flush=True)
sys.stdin.read()
"""


class Worker:
    """A process that counts into a slot and lives until it is killed."""

    def __init__(self, folder: Path, amount: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", COUNTING_WORKER, str(folder), str(amount)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=Path(__file__).parents[3],
        )
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == b"counted\n"

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()


def test_sums_over_workers_never_fall_when_workers_die_and_come_back(tmp_path: Path) -> None:
    series = 'loadstone_items_total{workload="words",lane="cheap"}'
    scraper = Metrics(layout(), tmp_path)
    workers = [Worker(tmp_path, amount) for amount in (1, 10)]
    try:
        before = samples(scraper)
        assert (before[series], before["http_server_active_requests"], before["loadstone_workers"]) == (11, 2, 3)

        workers.pop().kill()
        after = samples(scraper)
        assert (after[series], after["http_server_active_requests"], after["loadstone_workers"]) == (11, 1, 2)
        assert after["process_cpu_time_seconds_total"] >= before["process_cpu_time_seconds_total"] > 0

        workers.append(Worker(tmp_path, 100))
        renewed = samples(scraper)
        assert (renewed[series], renewed["http_server_active_requests"], renewed["loadstone_workers"]) == (111, 2, 3)
        assert renewed["process_cpu_time_seconds_total"] >= after["process_cpu_time_seconds_total"]
        assert len(list(tmp_path.iterdir())) == 3, "the dead worker's slot was taken over"
    finally:
        for worker in workers:
            worker.kill()
        scraper.close()


def test_slots_of_another_layout_are_refused(tmp_path: Path) -> None:
    Metrics(layout(), tmp_path).close()
    with pytest.raises(ValueError, match="another layout"):
        Metrics(layout_of([words_workload()], ("/other",), ("memory",)), tmp_path)


def test_two_claims_at_once_get_two_slots(tmp_path: Path) -> None:
    found: list[Metrics] = []
    threads = [threading.Thread(target=lambda: found.append(Metrics(layout(), tmp_path))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for metrics in found:
        metrics.count(ITEMS, "words", "cheap").add()
    assert samples(found[0])['loadstone_items_total{workload="words",lane="cheap"}'] == 8
    for metrics in found:
        metrics.close()
