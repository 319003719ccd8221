"""Photos to measure with: those of a folder, or drawn ones where there is none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

import cv2
import numpy as np

from service.pictures.pixels import Pixels, fitted
from tests.service.pictures.drawing import file, photo

SUFFIXES = frozenset({".jpg", ".jpeg"})
QUALITY = 85


def paths_in(folders: Sequence[Path]) -> list[Path]:
    """The photos in ``folders`` and below, in an order that is the same everywhere."""
    found = {path for folder in folders for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES}
    return sorted(found, key=lambda path: (path.name, path.as_posix()))


def read(paths: Sequence[Path], most: int, *, edge: int = 4_096, seed: int = 1) -> Iterator[Pixels]:
    """Up to ``most`` of them, drawn from a seed, a longer side of ``edge`` at most; as many drawn ones for no paths."""
    if not paths:
        yield from (photo(1_600, 1_200, number) for number in range(most))
    for path in sorted(Random(seed).sample(list(paths), min(most, len(paths)))):
        pixels = cv2.imread(str(path), cv2.IMREAD_COLOR)
        if pixels is not None:
            yield fitted(np.asarray(pixels, np.uint8), edge)


def with_megapixels(pixels: Pixels, megapixels: float) -> bytes:
    """A JPEG file of the picture, made larger or smaller."""
    height, width = pixels.shape[:2]
    scale = (megapixels * 1e6 / (width * height)) ** 0.5
    size = round(width * scale), round(height * scale)
    way = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return file(np.asarray(cv2.resize(pixels, size, interpolation=way), np.uint8), quality=QUALITY)
