"""How large a picture may be. All of it is known before a pixel is decoded."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from threading import Lock

from service.core.errors import AnalysisError

MOST_BYTES = 20_000_000
MOST_PIXELS = 50_000_000
LONGEST_SIDE = 16_384
LARGE_PIXELS = 12_000_000
"""Larger pictures that have to be decoded as a whole, at 4 to 12 bytes a pixel, are decoded one at a time."""

_LARGE = Lock()


def check_bytes(count: int) -> None:
    """Raises AnalysisError ``too-large`` for a file of more than `MOST_BYTES`."""
    if count > MOST_BYTES:
        raise AnalysisError(f"the file has {count:,} bytes; at most {MOST_BYTES:,} are read", "too-large")


def check_size(width: int, height: int) -> None:
    """Raises AnalysisError for a size that no picture has, or one that is not decoded (``too-many-pixels``)."""
    if width < 1 or height < 1:
        raise AnalysisError("the picture has no pixels", "damaged")
    if max(width, height) > LONGEST_SIDE:
        reason = f"the picture is {width:,} x {height:,}; at most {LONGEST_SIDE:,} pixels a side are read"
        raise AnalysisError(reason, "too-many-pixels")
    if width * height > MOST_PIXELS:
        reason = f"the picture has {width * height:,} pixels; at most {MOST_PIXELS:,} are read"
        raise AnalysisError(reason, "too-many-pixels")


def turn(pixels: int) -> AbstractContextManager[object]:
    """For as long as a picture of so many pixels is decoded: a large one waits until no other is in memory."""
    return _LARGE if pixels > LARGE_PIXELS else nullcontext()
