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

_CLOCK_MONOTONIC = 1
_FLAGS = os.O_NONBLOCK | os.O_CLOEXEC
_READABLE = 1
_SHORTEST_SECONDS = 20e-6


class _Time(ctypes.Structure):
    _fields_ = (("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long))


class _Setting(ctypes.Structure):
    _fields_ = (("interval", _Time), ("value", _Time))


class Alarm:
    """One sleeper's timer; a context manager, as it holds a file descriptor."""

    def __init__(self) -> None:
        self._descriptor = -1
        self._watcher: Any = None
        self._setting = _Setting()
        self._kernel: Any = ctypes.CDLL(None)
        if hasattr(self._kernel, "timerfd_create"):
            self._descriptor = self._kernel.timerfd_create(_CLOCK_MONOTONIC, _FLAGS)

    def sleep(self, seconds: float) -> None:
        """Let other greenlets run for ``seconds``; also for 0 or less, once."""
        if self._descriptor < 0 or seconds < _SHORTEST_SECONDS:
            gevent.sleep(max(seconds, 0.0))
            return
        hub: Any = gevent.get_hub()
        if self._watcher is None:
            self._watcher = hub.loop.io(self._descriptor, _READABLE)
        value = self._setting.value
        value.seconds = int(seconds)
        value.nanoseconds = int((seconds - value.seconds) * 1e9)
        self._kernel.timerfd_settime(self._descriptor, 0, ctypes.byref(self._setting), None)
        hub.wait(self._watcher)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._watcher is not None:
            self._watcher.close()
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1
