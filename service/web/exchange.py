"""One request and what goes with its answer: the state that all layers of the web share, a slot each."""

from __future__ import annotations

from collections.abc import Awaitable, Iterable
from time import perf_counter
from typing import TYPE_CHECKING, Any

from litestar.types import Send

from service.core.call import PUBLIC_TENANT
from service.web.server_timing import NAME as SERVER_TIMING
from service.web.server_timing import rendered
from service.web.tracing import Trace

if TYPE_CHECKING:
    from service.core.call import Timing
    from service.core.identity import Identity
    from service.web.compression import Compressor

KEY = "loadstone.exchange"
"""Where the `Exchange` lies in an ASGI scope."""

CLIENT_GONE = 499
"""The status of a request whose caller left before the answer began (nginx's number)."""

HARDENING = ((b"x-content-type-options", b"nosniff"), (b"server", b""))
"""The server says its name unless it is given another, even an empty one."""

Headers = tuple[tuple[bytes, bytes], ...]


class Exchange:
    """One request and the headers that every answer to it carries, whoever makes the answer."""

    __slots__ = ("_send", "added", "compressor", "headers", "identity", "started", "status", "timing", "told", "trace")

    def __init__(
        self, headers: dict[bytes, bytes], trace: Trace, started: float, compressor: Compressor, send: Send
    ) -> None:
        self.headers = headers
        """Of the request, names in lower case; see `joined`."""
        self.trace = trace
        self.started = started
        """In seconds of ``perf_counter``."""
        self.compressor = compressor
        self.status = CLIENT_GONE
        """Of the answer, once it began."""
        self.identity: Identity | None = None
        """Who asks, once the key is checked."""
        self.timing: Timing | None = None
        """Where the time goes, when somebody wants to know."""
        self.told: Timing | None = None
        """The same, when it is the caller who wants to know."""
        self.added = [(b"x-request-id", trace.request_id.encode("ascii")), *HARDENING]
        """Headers that the answer will carry beside its own."""
        if trace.traceparent:
            self.added.append((b"traceparent", trace.traceparent))
        self._send = send

    @property
    def tenant(self) -> str:
        """Whose data the request is about."""
        return PUBLIC_TENANT if self.identity is None else self.identity.tenant

    def completed(self, own: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
        """The headers of the answer that has these ``own`` ones and begins now."""
        if self.told is not None:
            return [*own, *self.added, (SERVER_TIMING, rendered(self.told, perf_counter() - self.started))]
        return [*own, *self.added]

    def send(self, message: Any) -> Awaitable[None]:
        """ASGI's ``send`` for all layers within; a plain function, since each coroutine on the way has its price."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message["headers"] = self.completed(message["headers"])
        return self._send(message)


def exchange_in(scope: Any) -> Exchange:
    """The exchange of the request that ``scope`` belongs to."""
    exchange: Exchange = scope[KEY]
    return exchange


def joined(headers: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """``headers`` by name; a name that is there more than once has its values joined by commas (RFC 9110, 5.3)."""
    pairs = headers if isinstance(headers, list) else list(headers)
    table = dict(pairs)
    if len(table) < len(pairs):
        table.clear()
        for name, value in pairs:
            table[name] = b"%b, %b" % (table[name], value) if name in table else value
    return table
