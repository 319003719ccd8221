"""Request bodies: read within limits of type, size and time; JSON is decoded strictly."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Container, Iterable, Mapping
from typing import Any, Generic, TypeVar

import msgspec
from litestar.types import Receive

from service.core.deadlines import Deadlines
from service.core.errors import InvalidRequestError, OverloadError
from service.web.problems import (
    BAD_REQUEST,
    BODY_TIMEOUT,
    BODY_TOO_LARGE,
    MALFORMED_BODY,
    UNREAD,
    UNSUPPORTED_MEDIA_TYPE,
    ProblemError,
)

Value = TypeVar("Value")
_PLACE = re.compile(r" - at `(\$[^`]*)`\Z")
_LONGEST_REASON = 300
JSON = b"application/json"
UNANNOUNCED = 65_536
"""Bytes that are promised at first to a body that does not say how long it is."""


class BodyRoom:
    """Bounds the memory that bodies on their way may take, in all of one worker: ``capacity`` bytes."""

    __slots__ = ("_capacity", "taken")

    def __init__(self, capacity: int) -> None:
        self._capacity = capacity
        self.taken = 0
        """Bytes that are promised to bodies on their way."""

    def take(self, size: int) -> None:
        """Promise ``size`` bytes, to be given back; OverloadError when there is no room."""
        # One body always fits, however large: a limit that refuses it for ever would be one on its size.
        if self.taken and self.taken + size > self._capacity:
            raise OverloadError("too many bytes of other requests are still on their way", retry_after=1.0)
        self.taken += size

    def give_back(self, size: int) -> None:
        """The body is read, or never will be."""
        self.taken -= size


class BodyPromise:
    """The bytes of ``room`` that one body has; a body that did not announce its size gets more as it comes."""

    __slots__ = ("_room", "_size")

    def __init__(self, room: BodyRoom, size: int) -> None:
        room.take(size)
        self._room = room
        self._size = size

    def cover(self, size: int) -> None:
        """Have room for ``size`` bytes and as many again as were there; OverloadError when there is none."""
        if size > self._size:
            more = max(size, 2 * self._size) - self._size
            self._room.take(more)
            self._size += more

    def end(self) -> None:
        """The body is read, or never will be."""
        self._room.give_back(self._size)


class ByteReader:
    """Reads bodies of ``media_types``, at most ``limit`` bytes, each under the common deadline."""

    def __init__(self, media_types: Iterable[bytes], limit: int, deadlines: Deadlines, room: BodyRoom) -> None:
        self.media_types = frozenset(media_types)
        self._limit = limit
        self._deadlines = deadlines
        self._room = room

    async def read(self, headers: Mapping[bytes, bytes], receive: Receive) -> bytes:
        """The body's bytes; ProblemError when a limit is broken, OverloadError when there is no room for it."""
        promise = BodyPromise(self._room, self._announced(headers))
        task: asyncio.Task[object] | None = asyncio.current_task()
        if task is None:
            raise RuntimeError("a body is read by a task")
        self._deadlines.enter(task)
        try:
            message: Any = await receive()
            if message.get("more_body", False) or message["type"] == "http.disconnect":
                return await self._rest(message, receive, promise)
            body: bytes = message.get("body", b"")
        except asyncio.CancelledError:
            if not self._deadlines.leave(task):
                raise
            detail = f"The body may take {self._deadlines.seconds:g} seconds."
            raise ProblemError(BODY_TIMEOUT, detail, headers=UNREAD) from None
        finally:
            self._deadlines.leave(task)
            promise.end()
        if len(body) > self._limit:
            raise self._too_large()
        return body

    async def _rest(self, message: Any, receive: Receive, promise: BodyPromise) -> bytes:
        chunks: list[bytes] = []
        size = 0
        while True:
            if message["type"] == "http.disconnect":
                raise ProblemError(BAD_REQUEST, "The connection was closed before the whole body arrived.")
            chunk = message.get("body", b"")
            size += len(chunk)
            if size > self._limit:
                raise self._too_large()
            promise.cover(size)
            chunks.append(chunk)
            if not message.get("more_body", False):
                return b"".join(chunks)
            message = await receive()

    def _announced(self, headers: Mapping[bytes, bytes]) -> int:
        """How many bytes may come; ProblemError when type, coding or announced size are wrong already."""
        media_type = headers.get(b"content-type", b"")
        if media_type not in self.media_types and not is_among(media_type, self.media_types):
            raise unsupported(self.media_types)
        coding = headers.get(b"content-encoding")
        if coding is not None and coding.strip().lower() not in (b"", b"identity"):
            raise ProblemError(
                UNSUPPORTED_MEDIA_TYPE, "Send the body uncompressed, without Content-Encoding.", headers=UNREAD
            )
        announced = headers.get(b"content-length")
        if announced is None or not announced.isdigit():
            return min(UNANNOUNCED, self._limit)
        size = int(announced)
        if size > self._limit:
            raise self._too_large()
        return size

    def _too_large(self) -> ProblemError:
        return ProblemError(BODY_TOO_LARGE, f"At most {self._limit:,} bytes are read here.", headers=UNREAD)


class BodyReader(ByteReader, Generic[Value]):
    """Reads bodies of one kind: JSON of type ``kind``."""

    mark = ""
    """Equal bytes are equal questions: nothing beside them matters."""

    def __init__(self, kind: type[Value], limit: int, deadlines: Deadlines, room: BodyRoom) -> None:
        super().__init__((JSON,), limit, deadlines, room)
        self._decoder = msgspec.json.Decoder(kind)

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


def unsupported(media_types: Iterable[bytes]) -> ProblemError:
    """The refusal of whatever is of none of ``media_types``."""
    named = ", ".join(sorted(media_type.decode("ascii") for media_type in media_types))
    return ProblemError(UNSUPPORTED_MEDIA_TYPE, f"Send the body as Content-Type: {named}.", headers=UNREAD)


def is_among(media_type: bytes, media_types: Container[bytes]) -> bool:
    """Whether a Content-Type names one of ``media_types``, in UTF-8 if it names an encoding."""
    _, *parameters = media_type.lower().split(b";")
    charsets = [
        value.strip(b' "')
        for name, _, value in (item.partition(b"=") for item in parameters)
        if name.strip() == b"charset"
    ]
    return essence_of(media_type) in media_types and all(charset in (b"utf-8", b"utf8") for charset in charsets)


def essence_of(media_type: bytes) -> bytes:
    """A Content-Type without its parameters, in lower case."""
    return media_type.partition(b";")[0].strip().lower()
