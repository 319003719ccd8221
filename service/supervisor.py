"""The parent of all processes of one service: starts what is missing, serves, and stops everything it started."""

from __future__ import annotations

import asyncio
import errno
import logging.config
import math
import os
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from granian.constants import HTTPModes, Interfaces, Loops
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.net import SocketSpec  # type: ignore[attr-defined]  # Granian gives it this name by an alias
from granian.server.mp import MPServer

from service.adapters import launch
from service.adapters.embedded import EmbeddedServers
from service.adapters.postgres import migrate
from service.adapters.traces import require_extra
from service.app import VERSION, Application, Instance
from service.core.call import PUBLIC_TENANT
from service.core.errors import SettingsError
from service.settings import Settings, without_secrets
from service.web.logs import logging_configuration

HEADER_MILLISECONDS = 5_000
"""How long a request's head may take to arrive, and a kept connection may be idle."""
CONNECTIONS = 8_192
"""That a worker keeps open; more wait. Requests are bounded by the concurrency limit, which knows more of them."""
OPEN_FILES = 65_536
"""That each process may have, connections among them, where the system allows so many."""
_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - a private folder is made in it


def serve(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, then answer what was accepted and stop everything.

    SettingsError or DependencyError before anything is served; SystemExit(1) when the workers keep dying.
    """
    refuse_taken_address(settings.host, settings.port)
    if settings.traces:
        require_extra()
    logging.config.dictConfig(logging_configuration(settings.log_level))
    _allow_open_files()
    with ExitStack() as stack:
        stack.enter_context(_ended_by_signal())
        complete = stack.enter_context(with_servers(settings))
        asyncio.run(migrate(_known(complete.database_url)))
        folder = tempfile.TemporaryDirectory(prefix="loadstone-", dir=_memory_folder())
        instance = Instance.create(Path(stack.enter_context(folder)))
        if settings.database_url is None:
            stack.enter_context(_own_worker(complete))
        sys.stdout.write(f"{_greeting(settings)}\n")
        sys.stdout.flush()
        _Server(complete, instance).run()


def _greeting(settings: Settings) -> str:
    data = settings.data_dir if settings.database_url is None else without_secrets(settings.database_url)
    greeting = f"Loadstone {VERSION} ({settings.environment}) serves {settings.url}, described at /docs; data in {data}"
    return greeting + ("" if settings.keys else f"; no keys are asked for: everybody is the tenant {PUBLIC_TENANT}")


def refuse_taken_address(host: str, port: int) -> None:
    """SettingsError when nobody could listen at ``host`` and ``port``."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as candidate:
            candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            candidate.bind(address)
    except UnicodeError:
        raise SettingsError([f"LOADSTONE_HOST {host} is no name of a host"]) from None
    except OSError as error:
        reason = "is in use" if error.errno == errno.EADDRINUSE else f"cannot be used: {error.strerror}"
        raise SettingsError([f"port {port} at {host} {reason}; choose another with LOADSTONE_PORT"]) from None


@contextmanager
def with_servers(settings: Settings) -> Iterator[Settings]:
    """``settings`` that name both servers; those that they did not name run embedded, as long as the block does."""
    if settings.database_url is not None and settings.redis_url is not None:
        yield settings
        return
    with EmbeddedServers(settings.data_dir) as servers:
        complete = msgspec.structs.replace(
            settings,
            database_url=settings.database_url or servers.start_postgres(),
            redis_url=settings.redis_url or servers.start_valkey(),
        )
        servers.keep()
        yield complete


class _Server(MPServer):
    """Granian with our settings; says that it drains before it stops."""

    def __init__(self, settings: Settings, instance: Instance) -> None:
        quiet = LogLevels.debug if settings.log_level == "debug" else LogLevels.warning
        super().__init__(
            "service.app",
            address=settings.host,
            port=settings.port,
            interface=Interfaces.ASGI,
            workers=settings.workers,
            loop=Loops.uvloop,
            http=HTTPModes.http1,
            http1_settings=HTTP1Settings(header_read_timeout=HEADER_MILLISECONDS),
            websockets=False,
            log_level=quiet,
            log_dictconfig=logging_configuration(settings.log_level),
            log_access=False,
            backpressure=CONNECTIONS,
            respawn_failed_workers=True,
            workers_kill_timeout=math.ceil(settings.shutdown_seconds),
        )
        self._settings = settings
        self._instance = instance
        self._listeners: list[tuple[Any, socket.socket]] = []

    def _init_shared_socket(self) -> None:
        """A listening socket for each worker, held here as well: a successor goes on with the callers that wait at it.

        In Granian's own way each worker opens one and closes it, which resets them.
        """
        spec = SocketSpec(self.bind_addr, self.bind_port, self.backlog)
        for _ in range(self.workers):
            holder = spec.build()
            listener = socket.socket(fileno=holder.get_fd())
            listener.set_inheritable(True)
            self._listeners.append((holder, listener))

    def _drop_shared_socket(self) -> None:
        for _, listener in self._listeners:
            listener.close()

    def _spawn_worker(
        self, idx: int, target: Any, callback_loader: Callable[[], Application], socket_loader: Any = None
    ) -> Any:
        self._shd, self._sso = self._listeners[idx]
        others = [listener for place, (_, listener) in enumerate(self._listeners) if place != idx]
        return super()._spawn_worker(idx, target, partial(_load, callback_loader, others))

    def run(self) -> None:
        """Serve until a signal comes."""
        self.serve(target_loader=partial(Application, self._settings, self._instance), wrap_loader=False)

    def shutdown(self, exit_code: int = 0) -> None:
        """Say that the service is not ready any more, give load balancers time to see it, then stop the workers."""
        self._instance.drain()
        time.sleep(self._settings.drain_seconds)
        super().shutdown(exit_code)  # type: ignore[no-untyped-call]  # Granian leaves it without types


def _load(load: Callable[[], Application], foreign: Sequence[socket.socket]) -> Application:
    """The application of a new worker, without the other workers' listeners, which came with the fork."""
    for listener in foreign:
        listener.close()
    return load()


@contextmanager
def _own_worker(settings: Settings) -> Iterator[None]:
    """A worker for the embedded database, which no other service can reach; the kernel ends it with this one."""
    variables = {
        **os.environ,
        "DATABASE_URL": _known(settings.database_url),
        "REDIS_URL": _known(settings.redis_url),
    }
    launcher = [sys.executable, "-I", "-S", launch.__file__, str(os.getpid()), str(int(signal.SIGTERM)), "-", "plain"]
    process = subprocess.Popen([*launcher, sys.executable, "-m", "service", "worker"], env=variables)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(settings.shutdown_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@contextmanager
def _ended_by_signal() -> Iterator[None]:
    """While the service starts, SIGTERM unwinds what was started already; Granian takes over once it serves."""

    def leave(number: int, frame: Any) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _allow_open_files() -> None:
    """Systems give programs 1,024 open files unless they ask for more; workers inherit what is asked for here."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def _memory_folder() -> Path | None:
    """Where files are memory, so that writing back never makes a worker wait; None means the system's default."""
    return _SHARED_MEMORY if _SHARED_MEMORY.is_dir() and os.access(_SHARED_MEMORY, os.W_OK) else None


def _known(url: str | None) -> str:
    if url is None:
        raise ValueError("the servers are not started yet")
    return url
