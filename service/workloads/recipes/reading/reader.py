"""Pictures to pages: which engine reads, and what is done when it was the wrong one."""

from __future__ import annotations

from typing import Final

from service.core.errors import AnalysisError
from service.pictures.decoding import decoded
from service.pictures.pixels import fitted
from service.workloads.recipes.messages import EngineWish
from service.workloads.recipes.page import EngineName, Page, Span
from service.workloads.recipes.reading import tesseract
from service.workloads.recipes.reading.mending import doubts, mended
from service.workloads.recipes.reading.orientation import Upright, upright
from service.workloads.recipes.reading.rapid import Rapid
from service.workloads.recipes.reading.regions import cut_out, levelled
from service.workloads.recipes.reading.traits import traits_of

READING_EDGE: Final = 2_000
"""Pixels of the longer side at which text is read, at most."""
DENSE: Final = 40
"""Regions of text on a page; a card has half as many."""
UNSURE: Final = 0.8
"""Share of the letters; an engine that doubts more of what it read cannot read this print."""
NOTHING: Final = 0.3
"""An engine that is less sure of a region has read into it what is not there."""

_ASKED: Final = "it was asked for"


class Reader:
    """Reads one picture after the other, text in ``threads`` threads."""

    def __init__(self, threads: int) -> None:
        self._rapid = Rapid(threads)

    def page(self, content: bytes, wish: EngineWish) -> Page:
        """What stands in a picture's file; AnalysisError for no picture, or an engine that is not there."""
        if wish == "tesseract" and not tesseract.languages():
            raise AnalysisError("tesseract is not installed here, or has neither Spanish nor English", "no-engine")
        picture = upright(fitted(decoded(content, READING_EDGE).pixels, READING_EDGE), self._rapid)
        if wish == "tesseract":
            spans = tuple(each.span for each in tesseract.read(picture.pixels))
            return _page(picture, spans, "tesseract", _ASKED)
        if wish == "rapidocr":
            return self._photographed(picture, _ASKED)
        return self._chosen(picture)

    def _chosen(self, picture: Upright) -> Page:
        if not tesseract.languages():
            return self._photographed(picture, "no other engine is installed")
        if not picture.regions:
            return self._photographed(picture, "no print was seen")
        if picture.regions >= DENSE:
            return self._photographed(picture, "the text is dense")
        if doubted := traits_of(picture.pixels).doubts:
            return self._photographed(picture, " and ".join(doubted))
        return self._printed(picture)

    def _printed(self, picture: Upright) -> Page:
        printed = tesseract.read(picture.pixels)
        if doubts(printed) > UNSURE:
            return self._photographed(picture, "the print looks clean, but tesseract was not sure of what it read")
        spans, again = mended(printed, picture.pixels, self._rapid)
        reason = f"the print is clean; rapidocr read {again} of its spans again" if again else "the print is clean"
        return _page(picture, spans, "tesseract", reason)

    def _photographed(self, picture: Upright, reason: str) -> Page:
        pixels = picture.pixels
        quads = self._rapid.found(pixels)
        lines = self._rapid.read([cut_out(pixels, quad) for quad in quads])
        boxes = levelled(quads, pixels.shape[1], pixels.shape[0])
        spans = [
            Span(line.text.strip(), line.confidence, box)
            for line, box in zip(lines, boxes, strict=True)
            if line.text.strip() and line.confidence >= NOTHING
        ]
        return _page(picture, tuple(spans), "rapidocr", reason)


def _page(picture: Upright, spans: tuple[Span, ...], engine: EngineName, reason: str) -> Page:
    height, width = picture.pixels.shape[:2]
    told = reason if spans else f"{reason}; no text was found"
    return Page(spans, width, height, engine, told, picture.rotation)
