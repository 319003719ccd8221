"""The real service as a child process, for tests."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

import httpx
import psutil

from slo.children import free_port

PATIENCE = 60.0
"""Seconds after which a test gives up waiting; nothing is expected to take nearly as long."""


class RunningService:
    """``python -m service serve`` in ``folder``, with the settings in ``variables``; ended with the block."""

    def __init__(self, folder: Path, **variables: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log = folder / "service.log"
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("LOADSTONE_")}
        inherited.pop("DATABASE_URL", None)
        inherited.pop("REDIS_URL", None)
        settings = {"LOADSTONE_PORT": str(self.port), "LOADSTONE_DATA_DIR": str(folder / "data"), **variables}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "service", "serve"],
                env={**inherited, **settings},
                stdout=log,
                stderr=log,
                cwd=Path(__file__).parents[2],
                start_new_session=True,
            )
        self.supervisor = psutil.Process(self.process.pid)

    def wait_until_ready(self) -> None:
        """Come back when requests can be sent."""
        deadline = time.monotonic() + PATIENCE
        while not self.is_ready():
            assert self.process.poll() is None, f"the service ended: {self.log.read_text()}"
            assert time.monotonic() < deadline, f"the service is not ready: {self.log.read_text()}"
            time.sleep(0.02)

    def metric(self, series: str) -> float:
        """The value of one series."""
        lines = httpx.get(f"{self.url}/metrics").text.splitlines()
        return float(dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))[series])

    def is_listening(self) -> bool:
        """Whether new connections are taken."""
        with socket.socket() as caller:
            return caller.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> int:
        """Send SIGTERM and wait; the exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            children = self.supervisor.children(recursive=True)
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                for process in (*children, self.supervisor):
                    process.kill()
                self.process.wait()
                raise

    def is_ready(self) -> bool:
        """Whether the service says that requests can be sent."""
        try:
            return httpx.get(f"{self.url}/health/ready").status_code == 200
        except httpx.TransportError:
            return False
