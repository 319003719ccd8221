"""The stage of the fault tests: the service in its processes, between real servers that can be made to fail."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import Self

import httpx
import psutil

from service.core.far_tier import READ_PATIENCE
from tests.faults import worker
from tests.faults.comments import PATH, fresh_texts
from tests.faults.ground import PATIENCE_SECONDS, Ground, wait_until
from tests.service.running import RunningService
from tests.support.cores import pinned

ROOT = Path(__file__).resolve().parents[2]
WAITED = READ_PATIENCE / 2
"""By so many seconds the median latency may rise in a fault; to wait for a cache that is away takes twice as long."""
NO_MEMORY = {"LOADSTONE_CACHE_BYTES": "0", "LOADSTONE_ANSWER_BYTES": "0"}
"""Settings of a service that keeps nothing itself, so that its servers are asked for everything."""
HITS = 'loadstone_cache_lookups_total{tier="redis",outcome="hit"}'


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
        self.ground: Ground
        self.service: RunningService

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self.ground = stack.enter_context(Ground(self._folder / "servers", proxied=self._proxied))
            self.settings |= self.ground.settings
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
