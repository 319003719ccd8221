"""Two workers on machines of their own share a batch over TCP: both do a part, nothing is lost or done twice."""

from __future__ import annotations

import asyncio
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from service.adapters.batches import PostgresBatches
from service.adapters.database import open_database
from service.adapters.embedded import EmbeddedServers
from service.adapters.postgres import migrate
from service.core.batches import BatchState, BatchWish, Row, RowResult, RowState
from tests.service.waiting import wait_until
from tests.support.fault_proxy import FaultProxy
from tests.support.machines import Machine, machines

ROOT = Path(__file__).resolve().parents[2]
TENANT = "acme"
CHUNK_ROWS = 20
ROWS = [Row(line, {"text": f"comment {line} is lovely", "id": f"n{line}"}) for line in range(2, 1502)]
PATIENCE = 100.0


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


class Servers:
    """PostgreSQL and Valkey, which listen at no network; machines reach them by ways that are opened for them."""

    def __init__(self, embedded: EmbeddedServers) -> None:
        self.postgres, self._valkey = embedded.start_postgres(), embedded.start_valkey()
        folder = unquote(parse_qs(urlsplit(self.postgres).query)["host"][0])
        self._postgres_socket = Path(folder) / ".s.PGSQL.5432"
        self._valkey_socket = Path(unquote(urlsplit(self._valkey).path))

    @contextmanager
    def reached_from(self, machine: Machine) -> Iterator[dict[str, str]]:
        """The settings of a worker there."""
        with (
            FaultProxy(self._postgres_socket, (machine.gate, 0)) as postgres,
            FaultProxy(self._valkey_socket, (machine.gate, 0)) as valkey,
        ):
            yield {
                "DATABASE_URL": f"postgresql://postgres@{machine.gate}:{postgres.port}/postgres",
                "REDIS_URL": f"redis://{machine.gate}:{valkey.port}",
            }


@contextmanager
def worker(machine: Machine, settings: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [*machine.prefix, sys.executable, "-m", "tests.service.slow_worker"]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=os.environ | settings, stderr=output, cwd=ROOT)
    with process:
        try:
            wait_until(lambda: process.poll() is not None or "the worker is ready" in log.read_text())
            yield process
        finally:
            process.kill()


async def done(url: str) -> list[RowResult]:
    """The results of a batch of `ROWS` that the workers do."""
    async with open_database(url, size=2, application="tests") as database:
        batches = PostgresBatches(database)
        batch = await batches.create(BatchWish(workload="comments", name="shared"), TENANT)
        chunks = [ROWS[begin : begin + CHUNK_ROWS] for begin in range(0, len(ROWS), CHUNK_ROWS)]
        await batches.add(batch.id, TENANT, chunks, [])
        await batches.uploaded(batch.id, TENANT, is_whole=True)
        async with asyncio.timeout(PATIENCE):
            while True:
                found = await batches.find(batch.id, TENANT)
                if found is not None and found.state is BatchState.COMPLETED:
                    break
                await asyncio.sleep(0.05)
        portions = batches.results(batch.id, TENANT, state=None, error=None, after=0, most=None)
        return [result async for portion in portions for result in portion]


def parts(logs: Sequence[Path]) -> list[int]:
    """How many rows each says that it did."""
    return [sum(map(int, re.findall(r"is through with batch \S+ here: (\d+) rows", log.read_text()))) for log in logs]


def test_workers_on_two_machines_share_a_batch(tmp_path: Path) -> None:
    with EmbeddedServers(tmp_path / "servers") as embedded, ExitStack() as stack:
        servers = Servers(embedded)
        asyncio.run(migrate(servers.postgres))
        places = stack.enter_context(machines("one", "other"))
        assert len({machine.address for machine in places}) == 2
        logs = [tmp_path / f"{machine.name}.log" for machine in places]
        processes = [
            stack.enter_context(worker(machine, stack.enter_context(servers.reached_from(machine)), log))
            for machine, log in zip(places, logs, strict=True)
        ]
        results = asyncio.run(done(servers.postgres))
        for process in processes:
            process.terminate()
            assert process.wait(PATIENCE) == 0
    assert [(result.line, result.id, result.state) for result in results] == [
        (row.line, row.fields["id"], RowState.SUCCEEDED) for row in ROWS
    ]
    assert sum(parts(logs)) == len(ROWS), "no row was done twice"
    assert all(parts(logs)), "both did a part"
