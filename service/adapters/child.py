"""A server run as a child process: started, awaited, stopped, its last words quoted when it fails."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from service.adapters import launch
from service.core.errors import DependencyError

START_SECONDS = 30.0
STOP_SECONDS = 10.0
POLL_SECONDS = 0.005
ACCOUNT = "nobody"
"""Who PostgreSQL runs as when the service is root: the account that is always there, so that none is created."""


class ChildServer:
    """One server process with its log; ``name`` is what errors call it.

    The kernel ends it when the thread that started it ends, however that happens: start servers from a
    thread that outlives them. A terminal's Ctrl-C does not reach it, so the owner can finish its work first.
    """

    def __init__(self, name: str, log: Path, *, stop_signal: signal.Signals, unprivileged: bool, reach: bool) -> None:
        self.name = name
        self.log = log
        self._stop_signal = stop_signal
        self._account = ACCOUNT if unprivileged and os.geteuid() == 0 else "-"
        self._reach = "reach" if reach else "plain"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Process id; 0 when it was never started."""
        process = self._process
        return process.pid if process else 0

    @property
    def has_ended(self) -> bool:
        """Whether it was started, and ended without being stopped."""
        process = self._process
        return process is not None and process.poll() is not None

    def run(self, command: Sequence[str], folder: Path) -> None:
        """Run a preparing ``command`` in ``folder`` to its end; `DependencyError` when it fails."""
        process = self._spawn(command, folder)
        try:
            code = process.wait(START_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise DependencyError(self.name, f"was not prepared within {START_SECONDS:.0f} seconds") from None
        if code != 0:
            raise DependencyError(self.name, f"could not be prepared: {self.last_words()}")

    def start(self, command: Sequence[str], folder: Path, is_ready: Callable[[], bool]) -> None:
        """Start ``command`` in ``folder`` and wait until ``is_ready``; `DependencyError` when it ends or hangs."""
        process = self._process = self._spawn(command, folder)
        deadline = time.monotonic() + START_SECONDS
        while not is_ready():
            if process.poll() is not None:
                raise DependencyError(self.name, f"did not start: {self.last_words()}")
            if time.monotonic() > deadline:
                self.stop()
                reason = f"did not get ready within {START_SECONDS:.0f} seconds: {self.last_words()}"
                raise DependencyError(self.name, reason)
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        """Ask it to end, then insist; safe to call twice."""
        process, self._process = self._process, None
        if process is None:
            return
        for step in (self._stop_signal, signal.SIGQUIT, signal.SIGKILL):
            process.send_signal(step)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                continue
            return

    def last_words(self) -> str:
        """The last line of its log."""
        lines = self.log.read_text(errors="replace").split("\n") if self.log.exists() else []
        return next((line.strip() for line in reversed(lines) if line.strip()), f"its log {self.log} is empty")

    def _spawn(self, command: Sequence[str], folder: Path) -> subprocess.Popen[bytes]:
        prefix = [sys.executable, "-I", "-S", launch.__file__]
        terms = [str(os.getpid()), str(self._stop_signal.value), self._account, self._reach]
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [*prefix, *terms, *command],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
