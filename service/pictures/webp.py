"""The header of a WebP file, read without decoding (RFC 9649)."""

from __future__ import annotations

from service.core.errors import AnalysisError


def size_of(content: bytes) -> tuple[int, int]:
    """Width and height; AnalysisError for a file that ends before them."""
    kind, start = content[12:16], content[20:30]
    if len(start) < 10:
        raise AnalysisError("the WebP file ends in its header", "damaged")
    if kind == b"VP8X":
        return 1 + int.from_bytes(start[4:7], "little"), 1 + int.from_bytes(start[7:10], "little")
    if kind == b"VP8L":
        packed = int.from_bytes(start[1:5], "little")
        return 1 + (packed & 0x3FFF), 1 + (packed >> 14 & 0x3FFF)
    return int.from_bytes(start[6:8], "little") & 0x3FFF, int.from_bytes(start[8:10], "little") & 0x3FFF
