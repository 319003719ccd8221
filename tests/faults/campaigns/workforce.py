"""Worker processes of a campaign, any number, that can be killed, stopped in their tracks and replaced."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import psutil

from tests.faults.ground import PATIENCE_SECONDS

ROOT = Path(__file__).resolve().parents[3]
REAL = ("-m", "service", "worker")
"""How Python is told to be a worker."""


class Worker:
    """One worker: the process that was started, and those that it starts itself and starts again when they end."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                list(command), env=dict(environment), stdout=output, stderr=output, cwd=ROOT
            )

    @property
    def has_ended(self) -> bool:
        """Whether it has ended, however that came."""
        return self._process.poll() is not None

    def holds_as(self, name: str) -> bool:
        """Whether this is a name under which it holds chunks: such a one ends with a process id."""
        return int(name.rpartition(":")[2]) in {process.pid for process in self._family}

    def kill(self) -> None:
        """End all of it at once, as when a machine is lost; comes back when it is gone."""
        family = self._family
        self._process.kill()
        self._process.wait(PATIENCE_SECONDS)
        _, alive = psutil.wait_procs(family, PATIENCE_SECONDS)
        assert not alive

    def kill_inside(self, name: str) -> None:
        """End the one process that is called so, as a crash does; comes back when it is gone."""
        inside = psutil.Process(int(name.rpartition(":")[2]))
        inside.kill()
        inside.wait(PATIENCE_SECONDS)

    def ask_to_end(self) -> None:
        """It is to end when what it has in hand is done or given back."""
        self._process.send_signal(signal.SIGTERM)

    def wait(self) -> None:
        """Come back when it has ended."""
        self._process.wait(PATIENCE_SECONDS)

    def hang(self) -> None:
        """Stop it in the middle of whatever it does."""
        for process in self._family:
            process.suspend()

    def go_on(self) -> None:
        """Let it go on after `hang`."""
        for process in self._family:
            process.resume()

    @property
    def _family(self) -> list[psutil.Process]:
        try:
            main = psutil.Process(self._process.pid)
            return [main, *main.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []


class Workforce:
    """``size`` workers with ``settings`` in their environment, their words in one log; ended with the block.

    ``command`` is how Python is told to be one, ``prefix`` what goes before that.
    """

    def __init__(
        self,
        size: int,
        settings: Mapping[str, str],
        log: Path,
        command: Sequence[str] = REAL,
        prefix: Sequence[str] = (),
    ) -> None:
        self._size = size
        self._settings = settings
        self._log = log
        self._command = (*prefix, sys.executable, *command)
        self.workers: list[Worker] = []
        self.crashes = 0
        """Workers that ended by themselves and were replaced."""

    def __enter__(self) -> Self:
        self.workers = [self._started() for _ in range(self._size)]
        return self

    def __exit__(self, *_: object) -> None:
        for worker in self.workers:
            worker.go_on()
            worker.kill()

    def stop(self) -> None:
        """Ask all of them to end; comes back when they have, with what they had in hand done or given back."""
        for worker in self.workers:
            worker.ask_to_end()
        for worker in self.workers:
            worker.wait()

    def restore(self) -> None:
        """Replace who ended by himself, as whatever keeps workers running would."""
        for place, worker in enumerate(self.workers):
            if worker.has_ended:
                self.crashes += 1
                self.workers[place] = self._started()

    def replace(self, worker: Worker) -> None:
        """Kill ``worker``, and let another one begin in its place."""
        place = self.workers.index(worker)
        worker.kill()
        self.workers[place] = self._started()

    def relieve(self, worker: Worker) -> None:
        """Let another one begin, then ask ``worker`` to end and wait until it has."""
        place = self.workers.index(worker)
        self.workers[place] = self._started()
        worker.ask_to_end()
        worker.wait()

    def _started(self) -> Worker:
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("LOADSTONE_")}
        return Worker(self._command, {**inherited, **self._settings}, self._log)
