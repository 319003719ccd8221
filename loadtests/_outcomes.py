"""The name under which a request's end is counted."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator

import gevent
from geventhttpclient.response import HTTPConnectionClosed, HTTPParseError

TIMEOUT = "timeout"
WRONG_ANSWER = "wrong-answer"
GENERATOR_ERROR = "generator-error"
"""The fault is the load test's own; counted, so that no arrival vanishes."""

_NAMES: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
    ((gevent.Timeout, TimeoutError), TIMEOUT),
    (ConnectionRefusedError, "refused"),
    ((ConnectionResetError, ConnectionAbortedError, BrokenPipeError, HTTPConnectionClosed), "reset"),
    (socket.gaierror, "unresolved"),
    (ssl.SSLError, "tls"),
    (HTTPParseError, "not-http"),
)


def of_status(status: int) -> str:
    """Of an answer whose status was not the expected one."""
    return f"http-{status}"


def of_error(error: BaseException) -> str:
    """Of a request that got no whole answer; what lies behind a wrapping error counts."""
    for cause in _causes(error):
        for kinds, name in _NAMES:
            if isinstance(cause, kinds):
                return name
    return "no-answer"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """``error`` and what it wraps, by chaining or, as geventhttpclient does it, by an attribute."""
    seen: set[int] = set()
    found: object = error
    while isinstance(found, BaseException) and id(found) not in seen:
        seen.add(id(found))
        yield found
        found = getattr(found, "error", None) or found.__cause__ or found.__context__
