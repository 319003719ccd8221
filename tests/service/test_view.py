"""A worker process seen from outside: its health, its metrics, and whom it fetches from."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from service.adapters.batches import PostgresBatches
from service.adapters.database import Database, open_database
from service.adapters.embedded import EmbeddedServers
from service.adapters.postgres import migrate
from service.core.batches import BatchState, BatchWish, Row

TENANT = "acme"
PATIENCE = 60.0
WORKER = [sys.executable, "-m", "service", "worker"]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with EmbeddedServers(tmp_path_factory.mktemp("servers")) as servers:
        url = servers.start_postgres()
        asyncio.run(migrate(url))
        yield url


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


async def completed(database: Database, rows: list[Row]) -> None:
    batches = PostgresBatches(database)
    batch = await batches.create(BatchWish(workload="comments", name="seen"), TENANT)
    await batches.add(batch.id, TENANT, [rows], [])
    await batches.uploaded(batch.id, TENANT, is_whole=True)
    async with asyncio.timeout(PATIENCE):
        while True:
            found = await batches.find(batch.id, TENANT)
            if found is not None and found.state is BatchState.COMPLETED:
                return
            await asyncio.sleep(0.05)


async def answered(client: httpx.AsyncClient, path: str) -> httpx.Response:
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                return await client.get(path)
            except httpx.TransportError:
                await asyncio.sleep(0.05)


@contextmanager
def worker(database: str, port: int) -> Iterator[subprocess.Popen[bytes]]:
    settings = {"DATABASE_URL": database, "LOADSTONE_WORKER_PORT": str(port), "PATH": "/usr/bin"}
    with subprocess.Popen(WORKER, env=settings) as process:
        try:
            yield process
        finally:
            process.kill()


async def test_a_worker_tells_what_it_did(database: str) -> None:
    port = free_port()
    with worker(database, port) as process:
        async with (
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
            open_database(database, size=2, application="tests") as store,
        ):
            assert (await answered(client, "/health/live")).json() == {"status": "pass"}
            assert (await client.get("/health/ready")).status_code == 200
            await completed(store, [Row(2, {"text": "lovely"}), Row(3, {"text": "x" * 100_000}), Row(4, {})])
            scraped = (await client.get("/metrics")).text
            assert (await client.get("/origins")).json() == {"origins": []}
            missing = await client.get("/elsewhere")
            assert (missing.status_code, missing.json()["title"]) == (404, "Not Found")
            assert (await client.post("/metrics")).status_code == 405
            assert (await client.head("/metrics")).content == b""
        process.terminate()
        assert process.wait(PATIENCE) == 0
    series = dict(line.rsplit(" ", 1) for line in scraped.splitlines() if not line.startswith("#"))
    assert series['loadstone_worker_chunks_total{workload="comments",outcome="completed"}'] == "1"
    assert series['loadstone_worker_rows_total{workload="comments"}'] == "3"
    failed = {name: text for name, text in series.items() if name.startswith("loadstone_worker_rows_failed_total")}
    assert sum(map(int, failed.values())) == 2
    assert series["loadstone_worker_chunks_in_hand"] == "0"
    assert series['loadstone_worker_restarts_total{reason="lost"}'] == "0"
    assert float(series['loadstone_worker_seconds_total{stage="database"}']) > 0.0
    assert float(series['loadstone_worker_seconds_total{stage="own"}']) > 0.0
    assert int(series['loadstone_worker_width{workload="comments"}']) > 0
    assert int(series["process_memory_usage_bytes"]) > 0


def test_a_port_that_is_taken_is_refused_in_one_sentence(database: str) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        settings = {"DATABASE_URL": database, "LOADSTONE_WORKER_PORT": str(port), "PATH": "/usr/bin"}
        done = subprocess.run(WORKER, env=settings, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 2
    assert f"loadstone: port {port} at 127.0.0.1 cannot be used" in done.stderr
    assert "Traceback" not in done.stderr
