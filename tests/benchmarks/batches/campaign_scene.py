"""A service, its workers and an origin, in which campaigns of pictures are run."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import msgspec
import psutil
from rich.progress import Progress

from loadtests._origin import path_of
from loadtests._payloads._pictures import Size, picture
from service.adapters.embedded import EmbeddedServers
from service.adapters.postgres import migrate
from service.core.batches import BatchState
from service.core.pool import cores
from service.remote import RemoteService
from slo.children import await_ready, child, free_port
from tests.benchmarks.batches.expenses import Meter
from tests.service.running import RunningService

ROOT = Path(__file__).resolve().parents[3]
HOST = "127.0.0.1"
FIRST_LINE = 2
"""Of a CSV file with a header."""
LOOK_SECONDS = 0.5
STALL_SECONDS = 120.0


class CampaignError(Exception):
    """The campaign did not come to its end, or not to the right one."""


class Progressing(msgspec.Struct, frozen=True):
    """A batch, as far as it is looked at here."""

    id: str
    state: BatchState
    items: int
    done: int
    failed: int
    started_at: float | None
    finished_at: float | None

    @property
    def seconds(self) -> float:
        """From its start to its end, once it is completed."""
        assert self.started_at is not None
        assert self.finished_at is not None
        return self.finished_at - self.started_at


class _Picture(msgspec.Struct, frozen=True):
    sha256: str


class _Result(msgspec.Struct, frozen=True):
    line: int
    state: str
    result: _Picture | None = None
    reason: str | None = None


class Scene:
    """A service with workers and an origin; ``size`` and ``options`` are those of all batches."""

    def __init__(self, service: RemoteService, meter: Meter, origin: str, size: Size, options: str) -> None:
        self._service = service
        self.meter = meter
        self.origin = origin
        self.size = size
        self.options = options

    def url(self, number: int) -> str:
        """Where the picture of that number is."""
        return f"{self.origin}{path_of(self.size, number)}"

    def uploaded(self, numbers: Sequence[int]) -> Progressing:
        """A batch of these pictures, which is not started."""
        body = "".join(["url\n", *(f"{self.url(number)}\n" for number in numbers)]).encode()
        query = urlencode({"workload": "images", "auto_start": "false", "options": self.options})
        headers = {"content-type": "text/csv", "content-length": str(len(body))}
        return self._service.ask(Progressing, "POST", f"/v1/batches?{query}", body, headers)

    def worked_off(self, batch: Progressing, progress: Progress, what: str) -> Progressing:
        """``batch`` when it is completed, once it has been started; CampaignError when nothing becomes of it."""
        path = f"/v1/batches/{batch.id}"
        task = progress.add_task(what, total=batch.items)
        now = self._service.ask(Progressing, "POST", f"{path}/start")
        done, changed = now.done, time.monotonic()
        while now.state is not BatchState.COMPLETED:
            if time.monotonic() > changed + STALL_SECONDS:
                raise CampaignError(f"nothing was done for {STALL_SECONDS:.0f} s: {now}")
            time.sleep(LOOK_SECONDS)
            now = self._service.ask(Progressing, "GET", path)
            if now.done != done:
                done, changed = now.done, time.monotonic()
            progress.update(task, completed=done)
        return now

    def check(self, batch: Progressing, numbers: Sequence[int], progress: Progress) -> None:
        """Raise CampaignError unless each of ``numbers`` has one result, of its own picture."""
        decode = msgspec.json.Decoder(_Result).decode
        missing = dict(enumerate(numbers, FIRST_LINE))
        lines = self._service.lines(f"/v1/batches/{batch.id}/results", "application/x-ndjson")
        for found in map(decode, progress.track(lines, total=len(numbers), description="holding results against them")):
            number = missing.pop(found.line, None)
            if number is None:
                raise CampaignError(f"line {found.line} has a second result, or was never sent")
            if found.result is None or found.result.sha256 != picture(self.size, number).sha256:
                raise CampaignError(f"the result of line {found.line} is wrong: {found.state}, {found.reason}")
        if missing:
            raise CampaignError(f"{len(missing):,} rows have no result")


@contextmanager
def opened(folder: Path, size: Size, options: str, workers: int) -> Iterator[Scene]:
    """Everything is there, its logs in ``folder``."""
    with ExitStack() as stack:
        servers = stack.enter_context(EmbeddedServers(folder / "servers"))
        database, postgres = servers.start_postgres(), _newest()
        cache, valkey = servers.start_valkey(), _newest()
        asyncio.run(migrate(database))
        origin, giver = _origin(stack, folder)
        settings = {
            "DATABASE_URL": database,
            "REDIS_URL": cache,
            "LOADSTONE_FETCH_ALLOW": urlsplit(origin).netloc,
        }
        service = stack.enter_context(RunningService(folder, **settings))
        service.wait_until_ready()
        parts = {"postgres": postgres, "valkey": valkey, "service": service.supervisor, "origin": giver}
        meter = Meter(parts, [_worker(stack, folder, settings) for _ in range(workers)], cores())
        yield Scene(RemoteService(service.url), meter, origin, size, options)


def _newest() -> psutil.Process:
    """The server that was started last."""
    return max(psutil.Process().children(), key=lambda process: process.create_time())


def _origin(stack: ExitStack, folder: Path) -> tuple[str, psutil.Process]:
    port, log = free_port(), folder / "origin.log"
    command = [sys.executable, "-m", "loadtests._origin", "--port", str(port)]
    process = stack.enter_context(child(command, log, os.environ, os.sched_getaffinity(0), folder=ROOT))
    url = f"http://{HOST}:{port}"
    await_ready(process, url, log)
    return url, psutil.Process(process.pid)


def _worker(stack: ExitStack, folder: Path, settings: Mapping[str, str]) -> psutil.Process:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("LOADSTONE_")}
    command = [sys.executable, "-m", "service", "worker"]
    everywhere = os.sched_getaffinity(0)
    process = child(command, folder / "workers.log", {**inherited, **settings}, everywhere, folder=ROOT)
    return psutil.Process(stack.enter_context(process).pid)
