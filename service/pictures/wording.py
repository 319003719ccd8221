"""What decoders say, fit for callers."""

from __future__ import annotations


def told(error: Exception) -> str:
    """An error of a decoder as a part of a sentence, without addresses of objects."""
    text = str(error).split(" <", 1)[0].strip()
    return text if text and len(text) < 120 else type(error).__name__
