"""Pictures to pages: which engine reads, and what is done when it was the wrong one."""

from __future__ import annotations

from typing import Final

import numpy as np

from service.core.errors import AnalysisError
from service.pictures.decoding import decoded
from service.pictures.pixels import Pixels, fitted
from service.workloads.recipes.messages import EngineWish
from service.workloads.recipes.page import Page, Span
from service.workloads.recipes.reading import tesseract
from service.workloads.recipes.reading.orientation import upright
from service.workloads.recipes.reading.rapid import Rapid
from service.workloads.recipes.reading.regions import cut_out, levelled
from service.workloads.recipes.reading.traits import traits_of

READING_EDGE: Final = 2_000
"""Pixels of the longer side at which text is read, at most."""
SURE: Final = 0.8
"""Tesseract is believed when it is so sure of what it read, on average over the letters."""
FEW: Final = 20
"""Letters; who reads no more of a page has missed most of it."""


class Reader:
    """Reads one picture after the other, text in ``threads`` threads."""

    def __init__(self, threads: int) -> None:
        self._rapid = Rapid(threads)

    def page(self, content: bytes, wish: EngineWish) -> Page:
        """What stands in a picture's file; AnalysisError for no picture, or an engine that is not there."""
        if wish == "tesseract" and not tesseract.languages():
            raise AnalysisError("tesseract is not installed here, or has neither Spanish nor English", "no-engine")
        pixels = fitted(decoded(content, READING_EDGE).pixels, READING_EDGE)
        if wish == "tesseract":
            return _printed(pixels, "it was asked for")
        if wish == "rapidocr":
            return self._photographed(pixels, "it was asked for")
        return self._chosen(pixels)

    def _chosen(self, pixels: Pixels) -> Page:
        if not tesseract.languages():
            return self._photographed(pixels, "no other engine is installed")
        if doubts := traits_of(pixels).doubts:
            return self._photographed(pixels, " and ".join(doubts))
        page = _printed(pixels, "the print is clean")
        if _sureness(page.spans) < SURE:
            return self._photographed(pixels, "the print looks clean, but tesseract was not sure of what it read")
        return page

    def _photographed(self, pixels: Pixels, reason: str) -> Page:
        pixels, quads, rotation = upright(pixels, self._rapid)
        height, width = pixels.shape[:2]
        lines = self._rapid.read([cut_out(pixels, quad) for quad in quads])
        spans = [
            Span(line.text.strip(), line.confidence, box)
            for line, box in zip(lines, levelled(quads, width, height), strict=True)
            if line.text.strip()
        ]
        return Page(tuple(spans), width, height, "rapidocr", reason, rotation)


def _printed(pixels: Pixels, reason: str) -> Page:
    height, width = pixels.shape[:2]
    return Page(tuple(tesseract.read(np.ascontiguousarray(pixels))), width, height, "tesseract", reason)


def _sureness(spans: tuple[Span, ...]) -> float:
    """Mean confidence of the letters; 0 for few of them."""
    letters = sum(len(span.text) for span in spans)
    return sum(len(span.text) * span.confidence for span in spans) / letters if letters > FEW else 0.0
