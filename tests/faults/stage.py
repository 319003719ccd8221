"""The stage of the fault tests: the service in its processes, between real servers that can be made to fail."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

import httpx
import psutil

from service.adapters.embedded import EmbeddedServers
from service.core.far_tier import READ_PATIENCE
from tests.faults import worker
from tests.faults.comments import PATH, fresh_texts
from tests.service.running import RunningService
from tests.support.cores import pinned
from tests.support.fault_proxy import FaultProxy

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.01
WAITED = READ_PATIENCE / 2
"""By so many seconds the median latency may rise in a fault; to wait for a cache that is away takes twice as long."""
NO_MEMORY = {"LOADSTONE_CACHE_BYTES": "0", "LOADSTONE_ANSWER_BYTES": "0"}
"""Settings of a service that keeps nothing itself, so that its servers are asked for everything."""
HITS = 'loadstone_cache_lookups_total{tier="redis",outcome="hit"}'


def wait_until(holds: Callable[[], bool], what: str) -> None:
    """Come back when ``holds``; it is asked again and again."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, f"never came true: {what}"
        time.sleep(POLL_SECONDS)


class Server:
    """One server, with all of its processes; ``start`` starts it and tells its main process."""

    def __init__(self, start: Callable[[], int]) -> None:
        self._start = start
        self._main = psutil.Process(start())

    @property
    def _family(self) -> list[psutil.Process]:
        return [self._main, *self._main.children(recursive=True)]

    def kill(self) -> None:
        """End it at once, as a crash does; comes back when all of it is gone."""
        family = self._family
        self._main.kill()
        _, alive = psutil.wait_procs(family, PATIENCE_SECONDS)
        assert not alive

    def stop(self) -> None:
        """Ask it to end, and wait until it has."""
        family = self._family
        self._main.send_signal(signal.SIGINT)
        _, alive = psutil.wait_procs(family, PATIENCE_SECONDS)
        assert not alive

    def start(self) -> None:
        """Start it again, at the same place, on the same data."""
        self._main = psutil.Process(self._start())

    def hang(self) -> None:
        """Stop it in the middle of whatever it does; it keeps its connections and answers nothing."""
        for process in self._family:
            process.suspend()

    def go_on(self) -> None:
        """Let it go on after `hang`."""
        for process in self._family:
            process.resume()


class Stage:
    """Servers, and a service that uses them: at once or, ``proxied``, through proxies. For the length of a block.

    With ``cores`` the service has those alone.
    """

    def __init__(
        self,
        folder: Path,
        settings: Mapping[str, str] = MappingProxyType({}),
        *,
        proxied: bool = False,
        cores: set[int] | None = None,
    ) -> None:
        self._folder = folder
        self._proxied = proxied
        self._cores = cores or os.sched_getaffinity(0)
        self.settings = {"LOADSTONE_ACCESS_LOG": "off", **settings}
        """The environment of the service, once the servers run."""
        self._stack = ExitStack()
        self.postgres: Server
        self.valkey: Server
        self.to_postgres: FaultProxy
        """Between service and database, when there are proxies."""
        self.to_valkey: FaultProxy
        self.database_url = ""
        """Of the server itself."""
        self.redis_url = ""
        self.service: RunningService

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            servers = stack.enter_context(EmbeddedServers(self._folder / "servers"))

            def postgres() -> int:
                self.database_url = servers.start_postgres()
                return servers._children[-1].pid

            def valkey() -> int:
                self.redis_url = servers.start_valkey()
                return servers._children[-1].pid

            self.postgres, self.valkey = Server(postgres), Server(valkey)
            self.settings |= {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}
            if self._proxied:
                self.to_postgres = stack.enter_context(FaultProxy(_postgres_socket(self.database_url)))
                self.to_valkey = stack.enter_context(FaultProxy(Path(unquote(urlsplit(self.redis_url).path))))
                self.settings["DATABASE_URL"] = (
                    f"postgresql://postgres@127.0.0.1:{self.to_postgres.port}/postgres?sslmode=disable"
                )
                self.settings["REDIS_URL"] = f"redis://127.0.0.1:{self.to_valkey.port}"
            with pinned(self._cores):
                self.service = stack.enter_context(RunningService(self._folder, **self.settings))
            self.service.wait_until_ready()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def workers(self) -> set[psutil.Process]:
        """The processes of the service that answer requests."""
        return {child for child in self.service.supervisor.children() if _is_worker(child)}

    def counted(self, instrument: str, *labels: str) -> float:
        """The sum of an instrument's series that have all of these labels (``http_route="/"``), as it is told now."""
        lines = httpx.get(f"{self.service.url}/metrics", timeout=PATIENCE_SECONDS).text.splitlines()
        series = (line.rsplit(" ", 1) for line in lines if line.startswith(f"{instrument}{{"))
        return sum(float(value) for name, value in series if all(label in name for label in labels))

    def wait_until_valkey_is_used(self) -> None:
        """Come back when the service keeps an outcome there and finds it again; it must keep nothing itself."""
        text = next(fresh_texts())
        wait_until(lambda: self._finds_in_valkey(text), "outcomes are kept in Valkey, and found there")

    def _finds_in_valkey(self, text: str) -> bool:
        before = self.service.metric(HITS)
        content = {"comments": [text], "quality": "good"}
        assert httpx.post(self.service.url + PATH, json=content, timeout=PATIENCE_SECONDS).status_code == 200
        return self.service.metric(HITS) > before

    @contextmanager
    def with_worker(self) -> Iterator[subprocess.Popen[bytes]]:
        """A process that answers jobs."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("LOADSTONE_")}
        with (self._folder / "worker.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", worker.__name__],
                env={**inherited, **self.settings},
                stdout=log,
                stderr=log,
                cwd=ROOT,
            )
        try:
            yield process
        finally:
            process.terminate()
            process.wait(PATIENCE_SECONDS)


def _is_worker(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):  # it may be gone by now
        return "serve" in process.cmdline()
    return False


def _postgres_socket(url: str) -> Path:
    return Path(parse_qs(urlsplit(url).query)["host"][0]) / ".s.PGSQL.5432"
