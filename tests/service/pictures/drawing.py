"""Pictures to try the engine with: drawn from a seed, with detail of all sizes as photos have."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from io import BytesIO
from typing import Any

import cv2
import numpy as np
from PIL import Image

from service.core.errors import AnalysisError
from service.pictures.pixels import Pixels


def photo(width: int = 640, height: int = 480, seed: int = 1) -> Pixels:
    """A picture in BGR that has the spectrum of photos, some shapes and sharp edges."""
    random = np.random.default_rng(seed)
    layers = np.zeros((height, width, 3), np.float32)
    for cells in (cells for cells in (3, 6, 12, 24, 48, 96, 192, 384) if cells <= max(width, height) // 2):
        light = random.normal(0, 1, (cells, cells, 1)) + random.normal(0, 0.3, (cells, cells, 3))
        coarse = (light * 40 / cells**0.4).astype(np.float32)
        layers += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    drawn = np.clip(layers + 128, 0, 255).astype(np.uint8)
    for _ in range(32):
        corner = random.integers(0, (width, height))
        other = corner + random.integers(1, 12 + min(width, height) // 4, 2)
        colour = tuple(int(value) for value in random.integers(0, 256, 3))
        cv2.rectangle(drawn, [int(v) for v in corner], [int(v) for v in other], colour, -1)
    return drawn


def file(pixels: Pixels, form: str = "JPEG", **options: Any) -> bytes:
    """``pixels`` in BGR as a file of one of Pillow's formats."""
    return saved(Image.fromarray(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)), form, **options)


def saved(picture: Image.Image, form: str, **options: Any) -> bytes:
    """One of Pillow's pictures as a file."""
    stream = BytesIO()
    picture.save(stream, form, **options)
    return stream.getvalue()


def png_claiming(width: int, height: int, *, rows: bytes = b"") -> bytes:
    """A PNG file whose header claims a size, with ``rows`` as its data."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(png_part(name, content) for name, content in parts)


def png_part(name: bytes, content: bytes) -> bytes:
    """One chunk of a PNG file."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def with_exif(jpeg: bytes, block: bytes) -> bytes:
    """A JPEG file with ``block`` as its EXIF."""
    segment = b"Exif\0\0" + block
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + jpeg[2:]


def refusal(attempt: Callable[[], object]) -> str | None:
    """The kind of error that ``attempt`` fails with, whose reason must be fit for a caller; None for none."""
    try:
        attempt()
    except AnalysisError as error:
        refused = error
    else:
        return None
    assert 0 < len(refused.reason) < 300
    assert " at 0x" not in refused.reason  # where some object lies in memory
    return refused.kind
