"""What was read from a picture, before anybody asks what it means."""

from __future__ import annotations

from typing import Literal

import msgspec

EngineName = Literal["tesseract", "rapidocr"]
Rotation = Literal[0, 90, 180, 270]


class Box(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Where text stands, upright: pixels from the left and from the top of the picture as it was read."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def width(self) -> float:
        """Pixels."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Pixels."""
        return self.bottom - self.top


class Span(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """Text on one line without a wide gap, as the engine gives it: a word, some words, or the whole line."""

    text: str
    confidence: float
    """The engine's own: 0 to 1."""
    box: Box


class Page(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """All that was read, in no order that could be relied upon."""

    spans: tuple[Span, ...]
    width: int
    """Pixels of the upright picture as it was read, which may be smaller than its file says."""
    height: int
    engine: EngineName
    reason: str
    """Why this engine, as a sentence without its full stop."""
    rotation: Rotation = 0
    """Degrees, clockwise, by which the picture was turned to be upright, beyond what EXIF says."""
