"""Which request is which: request ids and W3C trace contexts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count
from typing import Any

KEY = "loadstone.trace"
"""Where the `Trace` lies in an ASGI scope."""

_SANE_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_TRACEPARENT = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
"""https://www.w3.org/TR/trace-context/#traceparent-header, as far as version 00 goes."""


@dataclass(frozen=True, slots=True)
class Trace:
    """The names under which one request is known."""

    request_id: str
    trace_id: str = ""
    """Of the caller's trace, empty without one."""
    traceparent: bytes = b""
    """As the caller sent it."""


def trace_in(scope: Any) -> Trace:
    """The trace of the request that ``scope`` belongs to."""
    trace: Trace = scope[KEY]
    return trace


def request_ids(random_bytes: Callable[[int], bytes]) -> Callable[[], str]:
    """A maker of request ids: 12 random digits of its own and a running number."""
    prefix = random_bytes(6).hex()
    numbers = count(1)
    return lambda: f"{prefix}-{next(numbers):08x}"


def trace_of(headers: Iterable[tuple[bytes, bytes]], new_id: Callable[[], str]) -> Trace:
    """The caller's own request id and trace where they are sane, a new id otherwise; names are in lower case."""
    request_id = traceparent = b""
    for name, value in headers:
        if name == b"x-request-id":
            request_id = value
        elif name == b"traceparent":
            traceparent = value
    known = request_id.decode("ascii") if request_id and _SANE_ID.fullmatch(request_id) else new_id()
    if traceparent and (match := _TRACEPARENT.fullmatch(traceparent)):
        return Trace(known, match[1].decode("ascii"), traceparent)
    return Trace(known)
