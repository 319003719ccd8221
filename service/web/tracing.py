"""Which request is which: request ids and W3C trace contexts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from itertools import count

_SANE_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_TRACEPARENT = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
"""https://www.w3.org/TR/trace-context/#traceparent-header, as far as version 00 goes."""


class Trace:
    """The names under which one request is known."""

    __slots__ = ("request_id", "trace_id", "traceparent")

    def __init__(self, request_id: str, trace_id: str = "", traceparent: bytes = b"") -> None:
        self.request_id = request_id
        self.trace_id = trace_id
        """Of the caller's trace, empty without one."""
        self.traceparent = traceparent
        """As the caller sent it."""


def request_ids(random_bytes: Callable[[int], bytes]) -> Callable[[], str]:
    """A maker of request ids: 12 random digits of its own and a running number."""
    prefix = random_bytes(6).hex()
    numbers = count(1)
    return lambda: f"{prefix}-{next(numbers):08x}"


def trace_of(headers: Mapping[bytes, bytes], new_id: Callable[[], str]) -> Trace:
    """The caller's own request id and trace where they are sane, a new id otherwise; names are in lower case."""
    request_id = headers.get(b"x-request-id")
    known = request_id.decode("ascii") if request_id and _SANE_ID.fullmatch(request_id) else new_id()
    traceparent = headers.get(b"traceparent")
    if traceparent and (match := _TRACEPARENT.fullmatch(traceparent)):
        return Trace(known, match[1].decode("ascii"), traceparent)
    return Trace(known)
