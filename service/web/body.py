"""Request bodies: read within limits of type, size and time, and decoded strictly."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from typing import Any, Generic, TypeVar

import msgspec
from litestar.types import Receive

from service.core.errors import InvalidRequestError
from service.web.problems import (
    BAD_REQUEST,
    BODY_TIMEOUT,
    BODY_TOO_LARGE,
    MALFORMED_BODY,
    UNSUPPORTED_MEDIA_TYPE,
    ProblemError,
)

Value = TypeVar("Value")
_PLACE = re.compile(r" - at `(\$[^`]*)`\Z")
_LONGEST_REASON = 300


class BodyReader(Generic[Value]):
    """Reads bodies of one kind: JSON of type ``kind``, at most ``limit`` bytes, arriving within ``seconds``."""

    def __init__(self, kind: type[Value], limit: int, seconds: float) -> None:
        self._decoder = msgspec.json.Decoder(kind)
        self._limit = limit
        self._seconds = seconds

    async def read(self, headers: Iterable[tuple[bytes, bytes]], receive: Receive) -> bytes:
        """The body's bytes; ProblemError when a limit is broken."""
        self._check(headers)
        chunks: list[bytes] = []
        size = 0
        try:
            async with asyncio.timeout(self._seconds):
                while True:
                    message: Any = await receive()
                    if message["type"] == "http.disconnect":
                        raise ProblemError(BAD_REQUEST, "The connection was closed before the whole body arrived.")
                    chunk = message.get("body", b"")
                    size += len(chunk)
                    if size > self._limit:
                        raise self._too_large()
                    if not message.get("more_body", False):
                        return b"".join((*chunks, chunk)) if chunks else chunk
                    chunks.append(chunk)
        except TimeoutError:
            detail = f"The body may take {self._seconds:g} seconds."
            raise ProblemError(BODY_TIMEOUT, detail, headers={"connection": "close"}) from None

    def decode(self, body: bytes) -> Value:
        """The value in ``body``; ProblemError for what is no JSON, InvalidRequestError for what breaks a rule."""
        if not body:
            raise ProblemError(MALFORMED_BODY, "The request has no body.")
        try:
            return self._decoder.decode(body)
        except msgspec.ValidationError as error:
            raise _invalid(str(error)) from None
        except msgspec.DecodeError as error:
            raise ProblemError(MALFORMED_BODY, f"{error}.") from None
        except UnicodeDecodeError:
            raise ProblemError(MALFORMED_BODY, f"Byte {first_undecodable(body)} is no UTF-8.") from None
        except RecursionError:
            raise ProblemError(MALFORMED_BODY, "The JSON is nested too deeply.") from None

    def _check(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        media_type = b""
        for name, value in headers:
            if name == b"content-type":
                media_type = value
            elif name == b"content-encoding" and value.strip().lower() not in (b"", b"identity"):
                raise ProblemError(UNSUPPORTED_MEDIA_TYPE, "Send the body uncompressed, without Content-Encoding.")
            elif name == b"content-length" and value.isdigit() and int(value) > self._limit:
                raise self._too_large()
        if media_type != b"application/json" and not is_json(media_type):
            raise ProblemError(UNSUPPORTED_MEDIA_TYPE, "Send the body as Content-Type: application/json.")

    def _too_large(self) -> ProblemError:
        return ProblemError(BODY_TOO_LARGE, f"At most {self._limit:,} bytes are read here.")


def _invalid(message: str) -> InvalidRequestError:
    """What the decoder says, by place and reason; it quotes names of the caller's, which may be long."""
    match = _PLACE.search(message)
    reason = message[: match.start()] if match else message
    shown = reason if len(reason) <= _LONGEST_REASON else f"{reason[:_LONGEST_REASON]}…"
    return InvalidRequestError(match[1] if match else "$", shown)


def first_undecodable(body: bytes) -> int:
    """The position of the first byte that is no UTF-8; the decoder only knows it within its string."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.start
    return len(body)


def is_json(media_type: bytes) -> bool:
    """Whether a Content-Type names JSON in UTF-8."""
    essence, *parameters = media_type.lower().split(b";")
    charsets = [
        value.strip(b' "')
        for name, _, value in (item.partition(b"=") for item in parameters)
        if name.strip() == b"charset"
    ]
    return essence.strip() == b"application/json" and all(charset in (b"utf-8", b"utf8") for charset in charsets)
