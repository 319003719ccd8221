"""Rows of a chunk as one value: MessagePack under Zstandard, some 20 bytes a row where URLs resemble each other."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import zstandard

from service.core.batches import Row

LEVEL = 1
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(tuple[Row, ...]).decode


def packed(rows: Sequence[Row]) -> bytes:
    """``rows`` as they are kept."""
    return zstandard.ZstdCompressor(level=LEVEL).compress(_encode(rows))


def unpacked(value: bytes) -> tuple[Row, ...]:
    """The rows in ``value``, which is of our own making."""
    return _decode(zstandard.ZstdDecompressor().decompress(value))
