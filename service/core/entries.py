"""What the cache holds, and the envelope in which it travels to the tiers outside of the process.

byte 0            bytes 1-8            bytes 9-16           the rest
form and flags    fresh until then     gone after then      an encoded outcome, or kind, NUL and reason of a failure
                  Unix time, big-endian float64             (UTF-8); a Zstandard frame when the flag says so
"""

from __future__ import annotations

import struct
from math import isfinite

import msgspec
import zstandard

from service.core.errors import AnalysisError

COMPRESSED_FROM = 512
"""Smaller ones are sent as they are: five microseconds would save a fifth of 260 bytes, but half of 520 and
four fifths of 4 KiB (measured on outcomes of comments)."""
LARGEST_VALUE = 4 * 2**20
"""More bytes are neither sent nor unpacked."""

_HEAD = struct.Struct(">Bdd")
_FORM = 0x20
_COMPRESSED = 0x01
_FAILED = 0x02
_LEVEL = 3


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One outcome in the nearest tier."""

    value: bytes | AnalysisError
    """The encoded outcome, or the failure that is its outcome for now."""
    fresh_until: float
    """On the cache's clock; afterwards it still answers, but should be made anew."""
    shared: bool = True
    """Whether the tiers outside of the process are meant to have it too."""

    @property
    def size(self) -> int:
        """Bytes of the value and of this object around it."""
        value = self.value
        return _OBJECT_BYTES + (len(value) if isinstance(value, bytes) else len(value.reason) + _ERROR_BYTES)


_OBJECT_BYTES = 64
_ERROR_BYTES = 400
"""What an exception costs beside its text (measured with tracemalloc)."""


class Letter:
    """An outcome as the tiers outside of the process keep it; times are Unix seconds."""

    __slots__ = ("ends_at", "envelope", "fresh_until", "saved", "value")

    def __init__(
        self, value: bytes | AnalysisError, fresh_until: float, ends_at: float, envelope: bytes | None = None
    ) -> None:
        self.value = value
        self.fresh_until = fresh_until
        self.ends_at = ends_at
        self.envelope = envelope
        """Made when the first tier needs it."""
        self.saved = 0
        """Bytes by which compression made the envelope smaller."""

    @property
    def size(self) -> int:
        """Bytes of the value, for who bounds the memory that letters take on their way."""
        value = self.value
        return len(value) if isinstance(value, bytes) else len(value.reason) + _ERROR_BYTES


class Codec:
    """Seals letters for the way and opens what comes back; for one thread."""

    __slots__ = ("_compress", "_decompress")

    def __init__(self) -> None:
        self._compress = zstandard.ZstdCompressor(level=_LEVEL).compress
        self._decompress = zstandard.ZstdDecompressor().decompress

    def seal(self, letter: Letter) -> bytes | None:
        """The envelope of ``letter``, made once; None when its value is too large to be sent."""
        if letter.envelope is not None:
            return letter.envelope
        flags, value = _FORM, letter.value
        if isinstance(value, AnalysisError):
            flags, value = flags | _FAILED, f"{value.kind}\0{value.reason}".encode()
        if len(value) > LARGEST_VALUE:
            return None
        if len(value) >= COMPRESSED_FROM:
            packed = self._compress(value)
            if len(packed) < len(value):
                letter.saved = len(value) - len(packed)
                flags, value = flags | _COMPRESSED, packed
        letter.envelope = _HEAD.pack(flags, letter.fresh_until, letter.ends_at) + value
        return letter.envelope

    def open(self, envelope: bytes) -> Letter | None:
        """The letter in ``envelope``; None for what is no sound envelope."""
        if len(envelope) < _HEAD.size:
            return None
        flags, fresh_until, ends_at = _HEAD.unpack_from(envelope)
        if flags & ~(_COMPRESSED | _FAILED) != _FORM or not isfinite(fresh_until) or not isfinite(ends_at):
            return None
        content = envelope[_HEAD.size :]
        try:
            if flags & _COMPRESSED:
                content = self._unpacked(content)
            if len(content) > LARGEST_VALUE:
                return None
            value = _failure(content.decode()) if flags & _FAILED else content
        except (zstandard.ZstdError, UnicodeDecodeError):
            return None
        return Letter(value, fresh_until, ends_at, envelope)

    def _unpacked(self, frame: bytes) -> bytes:
        # A frame that says its size is given so much memory and no more; others are not ours.
        if not 0 <= zstandard.frame_content_size(frame) <= LARGEST_VALUE:
            raise zstandard.ZstdError("the frame does not say its size, or is too large")
        return self._decompress(frame)


def _failure(text: str) -> AnalysisError:
    kind, _, reason = text.partition("\0")
    return AnalysisError(reason, kind)
