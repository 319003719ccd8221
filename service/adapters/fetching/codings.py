"""Compressed content, undone within bounds: no more is made of it than may be there."""

from __future__ import annotations

import zlib
from typing import Final

from service.adapters.fetching import failures

_WINDOWS: Final = {"gzip": 16 + zlib.MAX_WBITS, "x-gzip": 16 + zlib.MAX_WBITS, "deflate": zlib.MAX_WBITS}


def is_plain(coding: str) -> bool:
    """Whether content of this Content-Encoding is as it was."""
    return coding.strip().lower() in ("", "identity")


def undone(content: bytes, coding: str, most: int) -> bytes:
    """``content`` as it was before ``coding``; AnalysisError when that is unknown, broken or more than ``most`` bytes.

    Takes some 10 ms for what is as large as it may be.
    """
    window = _WINDOWS.get(coding.strip().lower())
    if window is None:
        raise failures.unreadable_coding(coding)
    decompressor = zlib.decompressobj(window)
    try:
        plain = decompressor.decompress(content, most + 1)
    except zlib.error:
        raise failures.unreadable_coding(coding) from None
    if len(plain) > most:
        raise failures.too_large(most)
    if not decompressor.eof:
        raise failures.unreadable_coding(coding)
    return plain
