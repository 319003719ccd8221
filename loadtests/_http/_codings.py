"""Bodies as they were before a content coding (RFC 9110, section 8.4), inflated within bounds."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import brotli
import zstandard

from loadtests._http._answers import AnswerTooLargeError, UndecodableAnswerError

CODINGS = "gzip, br, zstd"
"""What an ``Accept-Encoding`` may ask for, as this module understands it."""

_GZIP_WINDOW = 16 + zlib.MAX_WBITS
_ZSTD_WINDOW_BYTES = 8_388_608
"""The largest that RFC 9659 lets a server use over HTTP."""
_MOST_CODINGS = 3


def decoded(body: bytes, codings: bytes, most: int) -> bytes:
    """``body`` without ``codings``, the value of its ``Content-Encoding``, which name the innermost one first.

    Raises `UndecodableAnswerError`, or `AnswerTooLargeError` as soon as more than ``most`` bytes come out.
    """
    names = [name.strip() for name in codings.decode("latin-1").lower().split(",")]
    if len(names) > _MOST_CODINGS:
        raise UndecodableAnswerError(f"{len(names)} content codings one upon the other")
    for name in reversed(names):
        inflate = _INFLATERS.get(name.removeprefix("x-"))
        if inflate is None:
            raise UndecodableAnswerError(f"the content coding {name!r} was not asked for")
        try:
            body = inflate(body, most + 1)
        except (zlib.error, brotli.error, zstandard.ZstdError, EOFError) as error:
            raise UndecodableAnswerError(f"no {name}: {error}") from error
        if len(body) > most:
            raise AnswerTooLargeError(f"its body is longer than {most:,} bytes once inflated")
    return body


def _identity(body: bytes, _: int) -> bytes:
    return body


def _gzip(body: bytes, most: int) -> bytes:
    """All members of a gzip file (RFC 1952, section 2.2)."""
    pieces: list[bytes] = []
    while body and most > 0:
        inflater = zlib.decompressobj(_GZIP_WINDOW)
        pieces.append(inflater.decompress(body, most))
        most -= len(pieces[-1])
        if not inflater.eof and most > 0:
            raise EOFError("it is cut short")
        body = inflater.unused_data
    return b"".join(pieces)


def _brotli(body: bytes, most: int) -> bytes:
    inflater = brotli.Decompressor()
    pieces = [inflater.process(body, output_buffer_limit=most)]
    missing = most - len(pieces[0])
    while missing > 0 and not inflater.can_accept_more_data():
        pieces.append(inflater.process(b"", output_buffer_limit=missing))
        missing -= len(pieces[-1])
    if missing > 0 and not inflater.is_finished():
        raise EOFError("it is cut short")
    return b"".join(pieces)


def _zstd(body: bytes, most: int) -> bytes:
    """One frame (RFC 8878); one that announces too much is believed, and none of it inflated."""
    announced = zstandard.get_frame_parameters(body).content_size
    if announced != zstandard.CONTENTSIZE_UNKNOWN and announced > most:
        raise AnswerTooLargeError(f"its body is {announced:,} bytes long once inflated")
    inflater = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_BYTES)
    return inflater.decompress(body, max_output_size=most, allow_extra_data=False)


_INFLATERS: dict[str, Callable[[bytes, int], bytes]] = {
    "identity": _identity,
    "gzip": _gzip,
    "br": _brotli,
    "zstd": _zstd,
}
