"""Answers out of the bytes of one connection, however those are split; pure, the bytes are the caller's.

What can be wrong with an answer, all under `AnswerError`:

    AnswerError
    ├── NoAnswerError             the connection ended before a byte of it
    ├── AnswerCutShortError       … or in the middle of it
    ├── NotHttpError              it is no HTTP/1.x
    ├── AnswerTooLargeError       it is longer than anybody should send
    └── UndecodableAnswerError    its content coding is unknown, broken or cut short
"""

from __future__ import annotations

from typing import Any

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

LONGEST_HEAD_BYTES = 65_536
LONGEST_BODY_BYTES = 67_108_864
"""Also once it is inflated."""

_FIRST_FINAL_STATUS = 200


class AnswerError(Exception):
    """A request got no usable answer."""


class NoAnswerError(AnswerError):
    """The connection ended before a byte of the answer."""


class AnswerCutShortError(AnswerError):
    """The connection ended in the middle of the answer."""


class NotHttpError(AnswerError):
    """What came is no HTTP/1.x."""


class AnswerTooLargeError(AnswerError):
    """Head or body pass their bounds."""


class UndecodableAnswerError(AnswerError):
    """The body cannot be had without its content coding."""


class Answer:
    """A whole answer. Also what listeners to Locust's ``request`` event get as ``response``."""

    __slots__ = ("content", "fields", "status_code")

    def __init__(self, status_code: int, fields: dict[bytes, bytes], content: bytes) -> None:
        self.status_code = status_code
        self.fields = fields
        """Header fields as they came, names in lower case; of a name that came twice, the last one."""
        self.content = content
        """Without its content coding."""

    @property
    def headers(self) -> dict[str, str]:
        """`fields` as texts."""
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in self.fields.items()}

    @property
    def text(self) -> str:
        """The content as UTF-8, what is none replaced."""
        return self.content.decode("utf-8", "replace")


class AnswerParser:
    """Turns what one connection receives into answers, one after the other; useless once it has raised.

    The methods that begin with ``on_`` are called by the parser within.
    """

    def __init__(self) -> None:
        self._given: dict[bytes, bytes] = {}
        # Called for each header field: a method of the dictionary costs a third of what one of ours would.
        self.on_header = self._given.__setitem__
        self._fields: dict[bytes, bytes] = {}
        self._pieces: list[bytes] = []
        self._complete: Answer | None = None
        self._in_head = True
        self._received = 0
        self.keeps_alive = True
        """Whether another request may follow the last answer: its head allows it, and nothing came behind it."""
        self._parser: Any = HttpResponseParser(self)

    @property
    def has_begun(self) -> bool:
        """Whether a first byte of the next answer is there."""
        return self._received > 0

    def feed(self, data: bytes | memoryview) -> Answer | None:
        """The answer that ends in ``data``, its body still in its content coding; None while more is missing."""
        self._received += len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            if self._complete is None:
                raise NotHttpError(f"no answer of HTTP/1: {error}") from error
            self.keeps_alive = False
        answer = self._complete
        if answer is not None:
            self._complete = None
            self._received = 0
        elif self._in_head and self._received > LONGEST_HEAD_BYTES:
            raise AnswerTooLargeError(f"its head is longer than {LONGEST_HEAD_BYTES:,} bytes")
        elif self._received > LONGEST_BODY_BYTES:
            raise AnswerTooLargeError(f"it is longer than {LONGEST_BODY_BYTES:,} bytes")
        return answer

    def end(self) -> Answer:
        """The answer that the end of the connection completes, as it has no length; raises what else the end means.

        Source: RFC 9112, section 6.3, rule 8.
        """
        if not self._received:
            raise NoAnswerError("the connection ended without an answer")
        if self._in_head or b"content-length" in self._fields or b"transfer-encoding" in self._fields:
            raise AnswerCutShortError(f"the connection ended after {self._received:,} bytes of an answer")
        self.keeps_alive = False
        return self._whole()

    def on_message_begin(self) -> None:
        """Another answer begins; behind one that is complete, it is one that nobody asked for."""
        if self._complete is not None:
            self.keeps_alive = False
        self._given.clear()

    def on_headers_complete(self) -> None:
        """The head is whole; what fields come now are trailers, which nobody here needs."""
        self._in_head = False
        self._fields = {name.lower(): value for name, value in self._given.items()}

    def on_body(self, piece: bytes) -> None:
        """A piece of the body."""
        self._pieces.append(piece)

    def on_message_complete(self) -> None:
        """The answer is whole, or only announces the one to come (RFC 9110, section 15.2)."""
        self._in_head = True
        if self._parser.get_status_code() >= _FIRST_FINAL_STATUS and self._complete is None:
            self.keeps_alive = self._parser.should_keep_alive()
            self._complete = self._whole()

    def _whole(self) -> Answer:
        pieces = self._pieces
        content = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        pieces.clear()
        return Answer(self._parser.get_status_code(), self._fields, content)
