"""Logs as JSON lines on standard error, cheap enough for one line per request.

Access lines gather for a moment and leave in pieces that a pipe takes whole (PIPE_BUF), so that the lines
of several processes never mix; what the program has to say leaves at once. No line tells a key or a password.
"""

from __future__ import annotations

import asyncio
import logging
import os
import select
import time
import traceback
from collections.abc import Callable
from typing import Any

import msgspec

from service.core.keys import redacted
from service.core.metrics import OTHER
from service.web.tracing import Trace

_FLUSH_SECONDS = 0.2
_LONGEST_PATH = 256
_LONGEST_METHOD = 16
_KEY_BEGIN = "ls_"
_encode = msgspec.json.Encoder().encode


class AccessLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is logged of each request."""

    time: str
    level: str
    message: str
    request_id: str
    method: str
    route: str
    path: str
    status: int
    duration_ms: float
    trace_id: str = ""


class ProgramLine(msgspec.Struct, frozen=True, omit_defaults=True):
    """What the program says of itself."""

    time: str
    level: str
    message: str
    logger: str
    request_id: str = ""
    trace_id: str = ""
    traceback: str = ""


class LineWriter:
    """Writes lines to a file descriptor, in pieces of whole lines."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._pending = bytearray()
        self._timer: asyncio.TimerHandle | None = None

    def write(self, line: bytes) -> None:
        """Write ``line`` with others, a moment later."""
        if len(self._pending) + len(line) >= select.PIPE_BUF:
            self.flush()
        self._pending += line
        self._pending += b"\n"
        if self._timer is None:
            try:
                self._timer = asyncio.get_running_loop().call_later(_FLUSH_SECONDS, self.flush)
            except RuntimeError:  # no loop, no later
                self.flush()

    def flush(self) -> None:
        """Write what waits."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        piece = bytes(self._pending)
        self._pending.clear()
        try:
            while piece:
                piece = piece[os.write(self._descriptor, piece) :]
        except OSError:
            return  # nobody reads any more, and there is nobody to tell


class Timestamps:
    """Unix times as UTC text with milliseconds; the text of a whole second is made once."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._second = -1
        self._text = ""

    def now(self) -> str:
        """This moment, such as ``2026-05-01T12:00:00.123Z``."""
        return self.of(self._clock())

    def of(self, moment: float) -> str:
        """``moment`` as text."""
        second = int(moment)
        if second != self._second:
            self._text = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(second))
            self._second = second
        return f"{self._text}.{int((moment - second) * 1000):03d}Z"


class AccessLog:
    """One line per request."""

    def __init__(self, writer: LineWriter, timestamps: Timestamps) -> None:
        self._writer = writer
        self._timestamps = timestamps

    def write(self, trace: Trace, method: str, route: str, path: str, status: int, seconds: float) -> None:
        """Log one answered request; a key that its sender put in a wrong place is starred."""
        request_id = trace.request_id
        if _KEY_BEGIN in path:
            path = redacted(path)
        if _KEY_BEGIN in request_id:
            request_id = redacted(request_id)
        if len(method) > _LONGEST_METHOD:
            method = OTHER
        self._writer.write(
            _encode(
                AccessLine(
                    self._timestamps.now(),
                    "info",
                    "request",
                    request_id,
                    method,
                    route,
                    path[:_LONGEST_PATH],
                    status,
                    round(seconds * 1000, 3),
                    trace.trace_id,
                )
            )
        )

    def flush(self) -> None:
        """Write what waits."""
        self._writer.flush()


class JsonFormatter(logging.Formatter):
    """A log record as one JSON line; a `Trace` given as ``extra={"trace": …}`` is told too."""

    def __init__(self) -> None:
        super().__init__()
        self._timestamps = Timestamps()

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        trace: Trace | None = getattr(record, "trace", None)
        error = "".join(traceback.format_exception(*record.exc_info)) if record.exc_info else ""
        return _encode(
            ProgramLine(
                time=self._timestamps.of(record.created),
                level=record.levelname.lower(),
                message=redacted(record.getMessage()),
                logger=record.name.lstrip("_"),
                request_id=redacted(trace.request_id) if trace else "",
                trace_id=trace.trace_id if trace else "",
                traceback=redacted(error),
            )
        ).decode()


def logging_configuration(level: str) -> dict[str, Any]:
    """For ``logging.config.dictConfig``: everything from ``level`` on as JSON lines on standard error."""
    chatty = "WARNING" if level.upper() == "INFO" else level.upper()
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": JsonFormatter}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json", "stream": "ext://sys.stderr"}},
        "root": {"level": level.upper(), "handlers": ["stderr"]},
        "loggers": {"_granian": {"level": chatty, "handlers": [], "propagate": True}},
    }
