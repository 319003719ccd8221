"""Sleeping to the tenth of a millisecond among greenlets.

gevent's timers end with a millisecond of `epoll_wait`, rounded up: every arrival would start some 1 ms late,
which is a third of a quick answer's latency. A timer of the kernel that is waited for like a socket
(timerfd_create(2), Linux) wakes the loop when it is due. Elsewhere gevent's own timers have to do.
"""

from __future__ import annotations

import ctypes
import os
from typing import Any, Self

import gevent
from greenlet import getcurrent

_CLOCK_MONOTONIC = 1
_FLAGS = os.O_NONBLOCK | os.O_CLOEXEC
_READABLE = 1


class _Time(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Setting(ctypes.Structure):
    _fields_ = (("interval", _Time), ("value", _Time))


class Alarm:
    """One sleeper's timer; a context manager, as it holds a file descriptor."""

    def __init__(self) -> None:
        self._descriptor = -1
        self._watcher: Any = None
        self._is_watched = False
        self._sleeper: Any = None
        self._hub: Any = gevent.get_hub()
        self._setting = _Setting()
        self._pointer = ctypes.byref(self._setting)
        self._kernel: Any = ctypes.CDLL(None)
        if hasattr(self._kernel, "timerfd_create"):
            self._descriptor = self._kernel.timerfd_create(_CLOCK_MONOTONIC, _FLAGS)
            self._watcher = self._hub.loop.io(self._descriptor, _READABLE)

    def sleep(self, seconds: float) -> None:
        """Let other greenlets run for ``seconds``; also for 0 or less, once."""
        if self._watcher is None or seconds <= 0.0:
            gevent.sleep(max(seconds, 0.0))
            return
        value = self._setting.value
        value.seconds = whole = int(seconds)
        value.nanoseconds = int((seconds - whole) * 1e9) or 1
        self._kernel.timerfd_settime(self._descriptor, 0, self._pointer, None)
        if not self._is_watched:
            self._is_watched = True
            self._watcher.start(self._ring)
        self._sleeper = getcurrent()
        try:
            self._hub.switch()
        finally:
            self._sleeper = None

    def _ring(self) -> None:
        """Runs in the event loop. Watching goes on, as setting the timer anew silences it, unless nobody does that."""
        if self._sleeper is None:
            self._is_watched = False
            self._watcher.stop()
        else:
            self._sleeper.switch()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._watcher is not None:
            self._watcher.close()
            self._watcher = None
            os.close(self._descriptor)
