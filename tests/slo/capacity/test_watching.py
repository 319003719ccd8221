"""Looks at a service while a step runs."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from slo.capacity.watching import SECONDS, Watch, metrics, parsed
from slo.children import free_port

TEXT = """# HELP db_client_connection_max Connections that may be open.
# TYPE db_client_connection_max gauge
db_client_connection_max 10
db_client_connection_count{db_client_connection_state="used"} 2.5
odd{name="a b"} +Inf
wrong line here
"""


class _Metrics(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(TEXT.encode())

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(name="url")
def service_with_metrics() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), _Metrics) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_only_series_with_finite_values_are_read() -> None:
    assert parsed(TEXT) == {
        "db_client_connection_max": 10.0,
        'db_client_connection_count{db_client_connection_state="used"}': 2.5,
    }


def test_sights_are_as_far_apart_as_they_should_be(url: str) -> None:
    now = [0.0]
    watch = Watch(url, [min(os.sched_getaffinity(0))], clock=lambda: now[0])
    for moment in (0.0, 0.5, 1.0, 1.2, 2.5):
        now[0] = moment * SECONDS
        watch.look()

    assert [sight.samples["db_client_connection_max"] for sight in watch.sights] == [10.0, 10.0]
    assert all(sight.busy is None or 0 <= sight.busy <= 1 for sight in watch.sights)


def test_a_service_that_does_not_answer_gives_no_sight() -> None:
    now = [0.0]
    watch = Watch(f"http://127.0.0.1:{free_port()}", clock=lambda: now[0])
    now[0] = 2 * SECONDS
    watch.look()

    assert watch.sights == []
    assert metrics("ftp://nowhere.invalid") is None
