"""Has the origin run for as long as somebody sends requests that need it."""

from __future__ import annotations

import http.client
import subprocess
import sys
import time
from typing import Any

import gevent

from loadtests._origin import HOST, PLACE, PORT
from loadtests._origin._server import HELLO
from loadtests._planning._plan import Plan
from loadtests._workloads import payloads_of

START_SECONDS = 20.0
_ANSWER_SECONDS = 2.0
_LOOK_SECONDS = 0.1


class NoOriginError(Exception):
    """There is nobody to fetch pictures from; says why."""


class OriginKeeper:
    """Starts an origin when there is none at its place, and ends the one that it started."""

    def __init__(self) -> None:
        self._child: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Come back when it answers; raises `NoOriginError`."""
        if is_there():
            return
        command = [sys.executable, "-m", "loadtests._origin", "--port", str(PORT)]
        self._child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        latest = time.monotonic() + START_SECONDS
        while not is_there():
            if self._child.poll() is not None or time.monotonic() > latest:
                raise NoOriginError(f"no pictures can be served at {PLACE}: {self._end()}")
            gevent.sleep(_LOOK_SECONDS)

    def stop(self, **_: Any) -> None:
        """End what was started; may be asked by an event."""
        if self._child is not None:
            self._end()

    def _end(self) -> str:
        """The last thing it said."""
        assert self._child is not None
        self._child.terminate()
        _, said = self._child.communicate()
        self._child = None
        lines = said.decode("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "it does not answer"


def needs_origin(plan: Plan) -> bool:
    """Whether the target is told where pictures are."""
    tables = (plan.payloads.of(name, payloads_of(name).Payloads) for name in plan.mix)
    return any(getattr(table, "fetches", False) for table in tables)


def is_there() -> bool:
    """Whether an origin answers at its place."""
    connection = http.client.HTTPConnection(HOST, PORT, timeout=_ANSWER_SECONDS)
    try:
        connection.request("GET", "/")
        return connection.getresponse().read() == HELLO
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
