"""Pictures to send: JPEG files as cameras make them, any number of each size, of which much is known beforehand.

A picture is one of some motifs, which are drawn when first needed, and its number in a comment inside the file: so no
two are equal by bytes, and another one costs no more than copying it. Motifs are clouds of all sizes, the fine ones
fainter than the coarse ones, as in photographs, with some sharp edges in front of them.

Source: D. J. Field, Relations between the statistics of natural images and the response properties of cortical cells,
Journal of the Optical Society of America A 4 (1987): amplitudes fall with the frequency, 1/f.
"""

from __future__ import annotations

import hashlib
import io
from functools import cache
from random import Random
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from loadtests._payloads._jpeg import numbered

if TYPE_CHECKING:
    from PIL.Image import Image

Size = Literal["tiny", "small", "large"]
EDGES = MappingProxyType({"tiny": (160, 120), "small": (512, 384), "large": (1152, 864)})
"""Width and height in pixels, by size: 0.02, 0.2 and 1 megapixel."""
MOTIFS = 16
HIGHEST_NUMBER = 10**15
QUALITY = 85
"""Of the JPEG files, as cameras have it."""

_OCTAVES = (3, 6, 12, 24, 48, 96, 192)
"""Grains of the clouds along the width."""
_NOISE = 3.0
"""Of the sensor: standard deviation, of 255 levels."""
_SHAPES = 10


class Picture(NamedTuple):
    """A file, and what an analysis of it has to find."""

    content: bytes
    width: int
    height: int
    brightness: float
    """Mean luma: 0 black to 1 white."""

    @property
    def sha256(self) -> str:
        """Of the file, in hexadecimal digits."""
        return hashlib.sha256(self.content).hexdigest()


def picture(size: Size, number: int) -> Picture:
    """The picture of that ``number``, from 0 to `HIGHEST_NUMBER`; the same in every process."""
    motif = _motif(size, number % MOTIFS)
    return motif._replace(content=numbered(motif.content, number))


def draw_motifs(size: Size) -> None:
    """Have all motifs of ``size`` ready, so that no picture takes longer than others; takes up to two seconds."""
    for number in range(MOTIFS):
        _motif(size, number)


@cache
def _motif(size: Size, number: int) -> Picture:
    width, height = EDGES[size]
    drawn = _drawn(Random(f"motif {number}"), width, height)
    file = io.BytesIO()
    drawn.save(file, "JPEG", quality=QUALITY)
    brightness = float(np.asarray(drawn.convert("L"), np.float64).mean()) / 255.0
    return Picture(file.getvalue(), width, height, brightness)


def _drawn(draw: Random, width: int, height: int) -> Image:
    from PIL import Image, ImageDraw

    generator = np.random.default_rng(draw.randrange(2**32))
    clouds = np.zeros((height, width, 3), np.float32)
    for octave in _OCTAVES:
        grains = generator.normal(size=(max(octave * height // width, 2), octave, 3))
        layer = [
            Image.fromarray(grains[..., channel].astype(np.float32)).resize((width, height), Image.Resampling.BICUBIC)
            for channel in range(3)
        ]
        clouds += np.stack([np.asarray(each) for each in layer], axis=-1) * (90.0 / octave**0.7)
    tone = generator.uniform(70, 180, size=3)
    clouds += generator.normal(scale=_NOISE, size=(height, width, 1))
    picture = Image.fromarray(np.clip(clouds + tone, 0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(picture)
    for _ in range(_SHAPES):
        left, top = draw.randrange(width), draw.randrange(height)
        box = (left, top, left + draw.randrange(4, width // 3), top + draw.randrange(4, height // 3))
        colour = (draw.randrange(256), draw.randrange(256), draw.randrange(256))
        (pen.ellipse if draw.random() < 0.5 else pen.rectangle)(box, fill=colour)
    return picture
