"""The leanest answer: bytes, ready to send, compressed at most once for each coding."""

from __future__ import annotations

import asyncio
from hashlib import blake2b
from typing import Any

from litestar.types import Receive, Send

from service.web.compression import SMALLEST, Coding
from service.web.exchange import KEY, Exchange, Headers

JSON = b"application/json"
VARY = (b"vary", b"accept-encoding")
LARGE = 131_072
"""From so many bytes on compression takes so long that a thread does it."""
_NOT_MODIFIED = 304
_OF_CONTENT = frozenset((b"content-type", b"content-length", b"content-encoding"))
"""Headers that tell of a body, which 304 does not have (RFC 9110, section 15.4.5)."""
_OBJECT_BYTES = 1_500

Form = tuple[int, list[tuple[bytes, bytes]], bytes]
"""Status, headers and body as they are sent."""


class Answer:
    """An ASGI application that sends ``body`` in the coding that the caller likes best; may be sent many times.

    With ``tagged`` it carries an ETag, and a caller who has it already gets 304 (RFC 9110, section 13.1.2).
    To HEAD it sends the headers alone.
    """

    __slots__ = ("_forms", "_head", "_status", "_tag", "body", "is_compressible")

    def __init__(
        self,
        body: bytes,
        *,
        status: int = 200,
        media_type: bytes = JSON,
        headers: Headers = (),
        tagged: bool = False,
        compressible: bool = True,
    ) -> None:
        self.body = body
        self.is_compressible = compressible and len(body) >= SMALLEST
        """Whether it is large enough to be worth it."""
        self._status = status
        self._tag = b'"%b"' % blake2b(body, digest_size=12).hexdigest().encode() if tagged else b""
        self._head = [(b"content-type", media_type), *headers]
        if self.is_compressible:
            self._head.append(VARY)
        self._forms: dict[Coding | None, Form] = {None: self._form(body)}

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Send it."""
        exchange: Exchange = scope[KEY]
        form = self.form(exchange, scope["method"]) or await self.made(exchange, scope["method"])
        await send({"type": "http.response.start", "status": form[0], "headers": form[1]})
        await send({"type": "http.response.body", "body": form[2], "more_body": False})

    def form(self, exchange: Exchange, method: str) -> Form | None:
        """What to send, if it is there already; `made` otherwise."""
        form = self._forms.get(self._coding(exchange))
        if form is None or not (self._tag or method == "HEAD"):
            return form
        status, headers, body = form
        if self._tag and _names(exchange.headers.get(b"if-none-match", b""), self._tag):
            kept = [pair for pair in headers if pair[0] not in _OF_CONTENT]
            return _NOT_MODIFIED, kept, b""
        return status, headers, b"" if method == "HEAD" else body

    async def made(self, exchange: Exchange, method: str) -> Form:
        """What to send, compressed as the caller likes it."""
        coding = self._coding(exchange)
        if coding is not None and coding not in self._forms:
            compress = coding.compress
            body = compress(self.body) if len(self.body) < LARGE else await asyncio.to_thread(compress, self.body)
            self._forms[coding] = self._form(body, coding.name)
        form = self.form(exchange, method)
        if form is None:
            raise AssertionError("the form was made just now")
        return form

    @property
    def size(self) -> int:
        """Bytes that it takes: its body, as much for the compressed ones, and the objects around (by tracemalloc)."""
        return _OBJECT_BYTES + (2 * len(self.body) if self.is_compressible else len(self.body))

    def _coding(self, exchange: Exchange) -> Coding | None:
        if not self.is_compressible:
            return None
        return exchange.compressor.choose(exchange.headers.get(b"accept-encoding"))

    def _form(self, body: bytes, coding: bytes = b"") -> Form:
        headers = [*self._head, (b"content-length", b"%d" % len(body))]
        if coding:
            headers.append((b"content-encoding", coding))
        if self._tag:
            # Each coding is a representation of its own; the comparison for GET is weak, so one tag serves all.
            headers.append((b"etag", b"W/" + self._tag))
        return self._status, headers, body


def _names(condition: bytes, tag: bytes) -> bool:
    """Whether an If-None-Match names ``tag``, by weak comparison."""
    return bool(condition) and any(part.strip().removeprefix(b"W/") in (tag, b"*") for part in condition.split(b","))
