"""What the services and workers of the fault tests stand on: real servers, and ways to them, that can fail."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Self
from urllib.parse import parse_qs, unquote, urlsplit

import psutil

from service.adapters.embedded import EmbeddedServers
from tests.support.fault_proxy import FaultProxy

PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.01


def wait_until(holds: Callable[[], bool], what: str, patience: float = PATIENCE_SECONDS) -> None:
    """Come back when ``holds``; it is asked again and again."""
    deadline = time.monotonic() + patience
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

    @property
    def is_running(self) -> bool:
        """Whether its main process is there."""
        return self._main.is_running() and self._main.status() != psutil.STATUS_ZOMBIE

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


class Ground:
    """PostgreSQL and Valkey with their data in ``folder``; ``proxied``, there is a proxy before each of them.

    For the length of a block.
    """

    def __init__(self, folder: Path, *, proxied: bool = False) -> None:
        self.folder = folder
        """Where the servers keep their data."""
        self._proxied = proxied
        self._stack = ExitStack()
        self.postgres: Server
        self.valkey: Server
        self.to_postgres: FaultProxy
        """When there are proxies."""
        self.to_valkey: FaultProxy
        self.database_url = ""
        """Of the server itself."""
        self.redis_url = ""
        self.settings: dict[str, str] = {}
        """The environment of who is to use the servers, by the proxies where there are some."""

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            servers = stack.enter_context(EmbeddedServers(self.folder))

            def postgres() -> int:
                self.database_url = servers.start_postgres()
                return servers._children[-1].pid

            def valkey() -> int:
                self.redis_url = servers.start_valkey()
                return servers._children[-1].pid

            self.postgres, self.valkey = Server(postgres), Server(valkey)
            self.settings = {"DATABASE_URL": self.database_url, "REDIS_URL": self.redis_url}
            if self._proxied:
                self.to_postgres = stack.enter_context(FaultProxy(_postgres_socket(self.database_url)))
                self.to_valkey = stack.enter_context(FaultProxy(Path(unquote(urlsplit(self.redis_url).path))))
                self.settings["DATABASE_URL"] = (
                    f"postgresql://postgres@127.0.0.1:{self.to_postgres.port}/postgres?sslmode=disable"
                )
                self.settings["REDIS_URL"] = f"redis://127.0.0.1:{self.to_valkey.port}"
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()


def _postgres_socket(url: str) -> Path:
    return Path(parse_qs(urlsplit(url).query)["host"][0]) / ".s.PGSQL.5432"
