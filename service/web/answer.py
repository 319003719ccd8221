"""The leanest answer: bytes, ready to send."""

from __future__ import annotations

from typing import Any

from litestar.types import Receive, Send

JSON = b"application/json"
Headers = tuple[tuple[bytes, bytes], ...]


class Answer:
    """An ASGI application that sends ``body``; to HEAD it sends the headers alone."""

    __slots__ = ("_body", "_headers", "_status")

    def __init__(self, body: bytes, *, status: int = 200, media_type: bytes = JSON, headers: Headers = ()) -> None:
        self._status = status
        self._body = body
        self._headers = [(b"content-type", media_type), (b"content-length", b"%d" % len(body)), *headers]

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        """Send it."""
        await send({"type": "http.response.start", "status": self._status, "headers": self._headers})
        body = b"" if scope["method"] == "HEAD" else self._body
        await send({"type": "http.response.body", "body": body, "more_body": False})
