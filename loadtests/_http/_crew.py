"""Greenlets that are kept waiting for work: starting one for each request would cost more than most of its work."""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable
from typing import Any

import gevent
from greenlet import getcurrent, greenlet


class Crew:
    """Does jobs in the order in which they are handed in, soon, and never in the greenlet that hands them in.

    While jobs do not wait for anything, one member does them all, one after the other. A job that waits keeps its
    member, and another one goes on with the rest, so no job ever holds up those behind it.
    """

    def __init__(self) -> None:
        self._hub: Any = gevent.get_hub()
        self._jobs: deque[tuple[Callable[[Any], object], Any]] = deque()
        self._idle: list[Any] = []
        self._called = False
        self._dismissed = False

    def hand(self, job: Callable[[Any], object], argument: Any) -> None:
        """Have ``job(argument)`` done; also called from the event loop itself."""
        self._jobs.append((job, argument))
        if not self._called:
            self._called = True
            self._hub.loop.run_callback(self._call)

    def dismiss(self) -> None:
        """Let members go as soon as they have nothing to do."""
        self._dismissed = True
        self._hub.loop.run_callback(self._call)

    def _call(self) -> None:
        """Runs in the event loop, so every switch comes back here: from a member that waits, or is done."""
        self._called = False
        while self._jobs:
            member = self._idle.pop() if self._idle else greenlet(self._serve, self._hub)
            member.switch()
        while self._dismissed and self._idle:
            self._idle.pop().switch()

    def _serve(self) -> None:
        jobs = self._jobs
        while not self._dismissed or jobs:
            while jobs:
                job, argument = jobs.popleft()
                try:
                    job(argument)
                except BaseException:  # whatever it is, it must not take the jobs behind it along
                    self._hub.handle_error(self, *sys.exc_info())
            if not self._dismissed:
                self._idle.append(getcurrent())
                self._hub.switch()
