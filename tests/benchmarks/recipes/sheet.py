"""Paper to print on, measured in thousandths of its width, however many pixels it has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil
from typing import Final

from PIL import Image, ImageDraw, ImageFont

from tests.benchmarks.recipes.faces import Face, font

WIDTH: Final = 1000.0
LONGEST: Final = 4000.0
SHORTEST: Final = 1150.0
_TITLE, _HEADING = 1.8, 1.2
"""Sizes, as multiples of the text's."""

Colour = tuple[int, int, int]


class Sheet:
    """Everything is put somewhere below `y`, and where the next thing goes is given back."""

    def __init__(self, face: Face, size: float, leading: float, paper: Colour, ink: Colour, scale: float) -> None:
        self._face, self._size, self._leading = face, size, leading
        self._ink, self._scale = ink, scale
        self._image = Image.new("RGB", (round(WIDTH * scale), round(LONGEST * scale)), paper)
        self._pen = ImageDraw.Draw(self._image)
        self._lowest = 0.0

    def title(self, text: str, y: float, colour: Colour, centred: bool) -> float:
        """In large letters."""
        room = WIDTH - 2 * y
        for line in self._wrapped(text, self._bold(_TITLE), room):
            left = (WIDTH - self._length(line, self._bold(_TITLE))) / 2 if centred else y
            y = self._line(line, left, y, self._bold(_TITLE), colour, _TITLE)
        return y

    def heading(self, text: str, x: float, y: float, colour: Colour) -> float:
        """In bold letters, somewhat larger."""
        return self._line(text, x, y, self._bold(_HEADING), colour, _HEADING)

    def subheading(self, text: str, x: float, y: float) -> float:
        """In bold letters."""
        return self._line(text, x, y + 0.3 * self._size, self._bold(1), self._ink, 1)

    def paragraphs(self, texts: Sequence[str], sides: tuple[float, float], y: float, gap: float = 0) -> float:
        """Wrapped between the two ``sides``; ``gap``, in sizes, is below each."""
        plain = font(self._face.package, self._face.plain, self._pixels(1))
        for text in texts:
            for line in self._wrapped(text, plain, sides[1] - sides[0]):
                y = self._line(line, sides[0], y, plain, self._ink, 1)
            y += gap * self._size
        return y

    def rule(self, sides: tuple[float, float], y: float) -> None:
        """A thin line."""
        ends = [(side * self._scale, y * self._scale) for side in sides]
        self._pen.line(ends, (150, 150, 150), max(1, round(1.5 * self._scale)))

    def cut(self, margin: float) -> Image.Image:
        """The page, no longer than it has to be."""
        height = max(SHORTEST, self._lowest + margin)
        return self._image.crop((0, 0, self._image.width, round(min(height, LONGEST) * self._scale)))

    def _line(
        self, text: str, x: float, y: float, letters: ImageFont.FreeTypeFont, colour: Colour, times: float
    ) -> float:
        self._pen.text((x * self._scale, y * self._scale), text, colour, letters)
        below = y + times * self._size * self._leading
        self._lowest = max(self._lowest, below)
        return below

    def _wrapped(self, text: str, letters: ImageFont.FreeTypeFont, room: float) -> Iterator[str]:
        line = ""
        for word in text.split(" "):
            longer = f"{line} {word}" if line else word
            if line and self._length(longer, letters) > room:
                yield line
                line = word
            else:
                line = longer
        yield line

    def _length(self, text: str, letters: ImageFont.FreeTypeFont) -> float:
        return self._pen.textlength(text, letters) / self._scale

    def _bold(self, times: float) -> ImageFont.FreeTypeFont:
        return font(self._face.package, self._face.bold, self._pixels(times))

    def _pixels(self, times: float) -> int:
        return ceil(times * self._size * self._face.scale * self._scale)
