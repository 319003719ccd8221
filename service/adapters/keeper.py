"""Starts servers again that end by themselves."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence

from service.adapters.child import ChildServer
from service.core.errors import DependencyError

LOOK_SECONDS = 0.1
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 30.0
SOUND_SECONDS = 60.0
"""A server that ran for so long has nothing to do with how it ended before."""

_log = logging.getLogger(__name__)

Start = Callable[[], None]
"""Starts a server; raises `DependencyError` when that fails."""


class Keeper:
    """A thread that looks after ``servers``, each with what starts it again.

    The kernel ends a server when the thread that started it ends, so `close` ends what this one started again.
    """

    def __init__(
        self, servers: Sequence[tuple[ChildServer, Start]], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._wards = [_Ward(server, start, clock) for server, start in servers]
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="keeper", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Start nothing again from now on; stops the servers, last first."""
        self._over.set()
        for ward in reversed(self._wards):
            ward.server.stop()  # which also ends the wait for one that is just starting
        self._thread.join()
        for ward in reversed(self._wards):
            ward.server.stop()

    def _keep(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            for ward in self._wards:
                if ward.needs_start() and not self._over.is_set():
                    ward.start()


class _Ward:
    """One server, and how it did so far."""

    def __init__(self, server: ChildServer, start: Start, clock: Callable[[], float]) -> None:
        self.server = server
        self._start = start
        self._clock = clock
        self._pause = FIRST_PAUSE
        self._started_at = clock()
        self._due: float | None = None
        """When to start it again; None while it runs."""

    def needs_start(self) -> bool:
        now = self._clock()
        if self._due is None and self.server.has_ended:
            if now - self._started_at > SOUND_SECONDS:
                self._pause = FIRST_PAUSE
            self._plan(f"ended by itself, its last words: {self.server.last_words()}")
        return self._due is not None and now >= self._due

    def start(self) -> None:
        try:
            self._start()
        except (DependencyError, OSError) as error:
            self._plan(f"could not be started again: {error}")
            return
        self._started_at, self._due = self._clock(), None
        _log.warning("the embedded %s runs again", self.server.name)

    def _plan(self, what: str) -> None:
        _log.error("the embedded %s %s; trying in %.1f s", self.server.name, what, self._pause)
        self._due = self._clock() + self._pause
        self._pause = min(LONGEST_PAUSE, self._pause * 2)
