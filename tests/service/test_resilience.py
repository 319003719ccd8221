"""The running service outlives its servers, refuses before its memory ends, and sends the traces it is asked for."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Queue

import httpx
import msgspec
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from service.core.database_report import DatabaseReport
from service.workloads import WORKLOADS
from tests.service.running import PATIENCE, RunningService
from tests.service.waiting import wait_until

EXAMPLE = next(iter(WORKLOADS[0].examples.values()))
PATH = f"/v1/{WORKLOADS[0].name}"


def job_is_taken_on(client: httpx.Client) -> bool:
    return client.post(PATH, json=EXAMPLE, headers={"prefer": "respond-async"}).status_code == 202


def test_embedded_servers_that_are_killed_come_back_and_the_workers_find_them(tmp_path: Path) -> None:
    with RunningService(tmp_path) as service, httpx.Client(base_url=service.url, timeout=PATIENCE) as client:

        def children() -> dict[int, str]:
            return {child.pid: child.name() for child in service.supervisor.children()}

        service.wait_until_ready()
        assert job_is_taken_on(client)
        before = children()
        killed = {pid for pid, name in before.items() if name in ("postgres", "valkey-server")}
        for pid in killed:
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: "the embedded postgres runs again" in service.log.read_text())
        wait_until(lambda: "the embedded redis runs again" in service.log.read_text())
        wait_until(lambda: client.get("/health").json()["status"] == "pass")
        assert job_is_taken_on(client)
        assert client.post(PATH, json=EXAMPLE).status_code == 200
        after = children()
        assert sorted(after.values()) == sorted(before.values())
        assert before.keys() - after.keys() == killed, "nobody else was started anew"
        assert service.stop() == 0


def test_the_database_is_reported_on(running_service: RunningService) -> None:
    with httpx.Client(base_url=running_service.url, timeout=PATIENCE) as client:
        assert job_is_taken_on(client)
        answer = client.get("/v1/database")
    told = msgspec.json.decode(answer.content, type=DatabaseReport)
    (submit,) = (query for query in told.queries if query.name == "submit_job")
    assert submit.service.calls >= 1
    assert submit.service.mean_ms
    assert told.connections.limit > told.connections.used
    assert told.statistics.startswith("pg_stat_statements is not in this database")


def test_a_worker_over_its_memory_refuses_new_work_and_lives(tmp_path: Path) -> None:
    with RunningService(tmp_path, LOADSTONE_MEMORY_BYTES=str(2**26)) as service:
        wait_until(service.is_listening)
        with httpx.Client(base_url=service.url, timeout=PATIENCE) as client:
            wait_until(lambda: client.get("/health/live").status_code == 200)
            refused = client.post(PATH, json=EXAMPLE)
            assert (refused.status_code, refused.json()["type"]) == (503, "/problems/overloaded")
            assert int(refused.headers["retry-after"]) >= 1
            health = client.get("/health")
            assert health.json()["checks"]["memory:utilization"][0]["status"] == "fail"
            assert service.metric('loadstone_workers_short_of_memory{relief="all"}') == 1
        assert service.stop() == 0
    assert "memory runs out: what is not cached is refused" in service.log.read_text()


class Collector(ThreadingHTTPServer):
    """Takes traces by OTLP over HTTP."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Taker)
        self.taken: Queue[ExportTraceServiceRequest] = Queue()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/v1/traces"


class Taker(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.taken.put(ExportTraceServiceRequest.FromString(body))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as collector:
        thread = threading.Thread(target=collector.serve_forever)
        thread.start()
        yield collector
        collector.shutdown()
        thread.join()


def test_a_request_that_its_caller_samples_is_traced_into_its_stages(tmp_path: Path, collector: Collector) -> None:
    variables = {"LOADSTONE_TRACES": "on", "LOADSTONE_TRACES_URL": collector.url, "LOADSTONE_SERVER_TIMING": "asked"}
    with RunningService(tmp_path, **variables) as service:
        service.wait_until_ready()
        trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0"
        with httpx.Client(base_url=service.url, timeout=PATIENCE) as client:
            for sampled in ("0", "1"):
                headers = {"traceparent": trace + sampled, "prefer": "respond-async", "x-server-timing": "1"}
                answer = client.post(PATH, json=EXAMPLE, headers=headers)
                assert answer.status_code == 202
                assert "db;dur=" in answer.headers["server-timing"]
        spans = [
            span
            for resource in collector.taken.get(timeout=PATIENCE).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]
        assert service.metric('loadstone_traces_total{outcome="sent"}') == 1
    assert [span.name for span in spans].count(f"POST {PATH}") == 1
    assert {span.trace_id.hex() for span in spans} == {"0af7651916cd43dd8448eb211c80319c"}
    assert "db" in {span.name for span in spans}
