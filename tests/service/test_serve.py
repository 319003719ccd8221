"""The service as it really runs: processes, sockets, signals, embedded servers."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx
import msgspec
import psutil
import pytest

from service.workloads import WORKLOADS
from tests.service.running import PATIENCE, RunningService

EXAMPLE = next(iter(WORKLOADS[0].examples.values()))
PATH = f"/v1/{WORKLOADS[0].name}"


def wait_until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < deadline, f"never came true: {what}"
        time.sleep(0.01)


def half_sent(service: RunningService) -> tuple[socket.socket, bytes]:
    """A connection on which the service has read half a request and waits for the rest."""
    body = msgspec.json.encode(EXAMPLE)
    head = f"POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    connection = socket.create_connection(("127.0.0.1", service.port), timeout=PATIENCE)
    connection.sendall(head.encode() + body[:5])
    return connection, body[5:]


def read_to_the_end(connection: socket.socket) -> bytes:
    with connection:
        return b"".join(iter(lambda: connection.recv(65_536), b""))


def test_every_workload_answers_its_examples(running_service: RunningService) -> None:
    for workload in WORKLOADS:
        for name, example in workload.examples.items():
            answer = httpx.post(f"{running_service.url}/v1/{workload.name}", json=example, timeout=PATIENCE)
            assert answer.status_code == 200, name
            assert isinstance(msgspec.json.decode(answer.content, type=workload.answer), workload.answer)


def test_a_job_is_taken_on_and_answered_like_the_request_itself(running_service: RunningService) -> None:
    with httpx.Client(base_url=running_service.url, timeout=PATIENCE) as client:
        accepted = client.post(PATH, json=EXAMPLE, headers={"prefer": "respond-async"})
        assert accepted.status_code == 202
        place = accepted.headers["location"]
        wait_until(lambda: client.get(place).json()["state"] not in ("queued", "running"), "the job is finished")
        job = client.get(place).json()
        assert job["state"] == "succeeded", job
        assert job["answer"] == client.post(PATH, json=EXAMPLE).json()


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_refused_on_the_wire(running_service: RunningService, chunked: bool) -> None:
    body = b" " * (WORKLOADS[0].body_bytes + 1)
    content = iter([body[:1000], body[1000:]]) if chunked else body
    answer = httpx.post(running_service.url + PATH, content=content, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["type"]) == (413, "/problems/body-too-large")


@pytest.mark.parametrize(("version", "status"), [("1.1", b"400"), ("1.0", b"200")])
def test_who_names_no_host_speaks_an_old_version(running_service: RunningService, version: str, status: bytes) -> None:
    connection = socket.create_connection(("127.0.0.1", running_service.port), timeout=PATIENCE)
    connection.sendall(f"GET /health/live HTTP/{version}\r\nconnection: close\r\n\r\n".encode())
    assert read_to_the_end(connection).split(b" ")[1] == status


def test_the_wire_tells_nothing_of_the_server(running_service: RunningService) -> None:
    headers = httpx.get(running_service.url).headers
    assert headers["server"] == ""
    assert "x-powered-by" not in headers


def test_a_taken_port_is_said_in_one_sentence(running_service: RunningService, tmp_path: Path) -> None:
    variables = {
        **os.environ,
        "LOADSTONE_PORT": str(running_service.port),
        "LOADSTONE_DATA_DIR": str(tmp_path / "data"),
    }
    ended = subprocess.run(
        [sys.executable, "-m", "service", "serve"], env=variables, capture_output=True, timeout=PATIENCE
    )
    sentence = f"loadstone: port {running_service.port} at 127.0.0.1 is in use; choose another with LOADSTONE_PORT\n"
    assert (ended.returncode, ended.stdout, ended.stderr.decode()) == (2, b"", sentence)
    assert not (tmp_path / "data").exists()


def test_wrong_settings_are_said_one_to_a_line() -> None:
    variables = {**os.environ, "LOADSTONE_PROT": "1", "LOADSTONE_WORKERS": "none"}
    ended = subprocess.run(
        [sys.executable, "-m", "service", "serve"], env=variables, capture_output=True, timeout=PATIENCE
    )
    assert ended.returncode == 2
    assert ended.stderr.decode().splitlines() == [
        "loadstone: LOADSTONE_PROT is no setting (did you mean LOADSTONE_PORT?)",
        "loadstone: LOADSTONE_WORKERS must be a whole number, not 'none'",
    ]


def test_accepted_requests_are_answered_before_the_service_stops(tmp_path: Path) -> None:
    with RunningService(tmp_path, LOADSTONE_WORKERS="2", LOADSTONE_DRAIN_SECONDS="2") as service:
        service.wait_until_ready()
        connections = [half_sent(service) for _ in range(10)]
        wait_until(lambda: service.metric("http_server_active_requests") == 11, "all requests are being read")
        family = [service.supervisor, *service.supervisor.children(recursive=True)]

        service.process.send_signal(signal.SIGTERM)
        wait_until(lambda: not service.is_ready(), "load balancers are told")
        wait_until(lambda: not service.is_listening(), "no new requests are taken")
        for connection, rest in connections:
            connection.sendall(rest)
        answers = [read_to_the_end(connection) for connection, _ in connections]

        assert [answer.split(b"\r\n")[0] for answer in answers] == [b"HTTP/1.1 200 OK"] * 10
        assert service.process.wait(PATIENCE) == 0
        assert not [process for process in family if process.is_running()], "nobody is left"


def test_a_killed_worker_is_replaced_and_its_counts_live_on(tmp_path: Path) -> None:
    with RunningService(tmp_path) as service:
        service.wait_until_ready()
        httpx.post(service.url + PATH, json=EXAMPLE, timeout=PATIENCE)
        series = f'{{workload="{WORKLOADS[0].name}"'
        lanes = [f'loadstone_items_total{series},lane="{lane.name}"}}' for lane in WORKLOADS[0].lanes]
        before = sum(map(service.metric, lanes))
        workers = [child for child in service.supervisor.children() if "serve" in child.cmdline()]
        assert before > 0
        assert len(workers) == 1
        workers[0].kill()
        psutil.wait_procs(workers, PATIENCE)
        service.wait_until_ready()
        assert sum(map(service.metric, lanes)) == before


def test_a_worker_is_replaced_even_while_the_database_is_away(tmp_path: Path) -> None:
    with RunningService(tmp_path) as service:
        service.wait_until_ready()
        children = service.supervisor.children()
        database = [child for child in children if child.name() == "postgres"]
        workers = [child for child in children if "serve" in child.cmdline()]
        with (tmp_path / "data/postgres/postgresql.conf").open("a") as configuration:
            configuration.write("no_such_option = 1\n")  # so that it cannot be started again
        for process in (*database, *workers):
            process.kill()
        psutil.wait_procs(workers, PATIENCE)
        wait_until(service.is_listening, "the worker is replaced")
        assert httpx.post(service.url + PATH, json=EXAMPLE, timeout=PATIENCE).status_code == 200
        later = httpx.post(service.url + PATH, json=EXAMPLE, headers={"prefer": "respond-async"}, timeout=PATIENCE)
        assert (later.status_code, later.json()["type"]) == (503, "/problems/dependency-away")
        assert service.supervisor.is_running()


def test_a_service_that_is_stopped_while_it_starts_leaves_nobody(tmp_path: Path) -> None:
    with RunningService(tmp_path) as service:
        wait_until(lambda: bool(service.supervisor.children()), "the first server is being started")
        family = [service.supervisor, *service.supervisor.children(recursive=True)]
        assert service.stop() in (0, 128 + signal.SIGTERM)
        _, alive = psutil.wait_procs(family, PATIENCE)
        assert not alive


def test_nobody_outlives_a_killed_supervisor(tmp_path: Path) -> None:
    with RunningService(tmp_path) as service:
        service.wait_until_ready()
        children = service.supervisor.children(recursive=True)
        assert children
        service.process.kill()
        _, alive = psutil.wait_procs(children, PATIENCE)
        assert not alive
