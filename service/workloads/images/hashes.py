"""Perceptual hashes: near for pictures that look alike, whatever their size, compression and format.

pHash   64 bits: the lowest 8 x 8 frequencies of the picture at 32 x 32, each above or below their median
PDQ    256 bits: frequencies 1 to 16 of the picture at 64 x 64, each above or below their median, after Jarosz's
       filter (two passes of a box in each direction); Davis, Rosen: "PDQ and TMK + PDQF", 2019. Filter, sampling and
       transform are linear, so each direction is one matrix here: eight times as fast as the authors' code.
"""

from __future__ import annotations

from functools import lru_cache
from math import sqrt
from typing import Final, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from service.pictures.pixels import Pixels

Matrix: TypeAlias = NDArray[np.float32]

EDGE = 512
"""Pictures are hashed at this size, as PDQ's authors advise of larger ones. Smaller ones are enlarged to it: PDQ's
filter goes by pixels, so that a copy of another size would have another hash."""

_PDQ_SIDE: Final = 64
_PDQ_FREQUENCIES: Final = 16
_PHASH_SIDE: Final = 32
_PHASH_FREQUENCIES: Final = 8
_FULL_QUALITY: Final = 90
"""Sum of gradients, in hundredths of the range, from which a picture counts as full of detail."""


def prepared(grey: Pixels) -> Pixels:
    """A grey picture of `EDGE` pixels at most, enlarged to them if it is smaller."""
    height, width = grey.shape
    longer = max(height, width)
    if longer >= EDGE:
        return grey
    size = max(1, round(width * EDGE / longer)), max(1, round(height * EDGE / longer))
    return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_LINEAR), dtype=np.uint8)


def phash(grey: Pixels) -> str:
    """The pHash of a grey picture, 16 hexadecimal digits."""
    small = cv2.resize(grey, (_PHASH_SIDE, _PHASH_SIDE), interpolation=cv2.INTER_AREA).astype(np.float32)
    waves = _waves(_PHASH_SIDE, 0, _PHASH_FREQUENCIES)
    strengths = waves @ small @ waves.T
    return _digits((strengths > np.median(strengths)).ravel())


def pdq(grey: Pixels) -> tuple[str, int]:
    """The PDQ hash of a grey picture, 64 hexadecimal digits, and its quality, 0 to 100."""
    height, width = grey.shape
    small = _sampling(height) @ grey.astype(np.float32) @ _sampling(width).T
    waves = _waves(_PDQ_SIDE, 1, _PDQ_FREQUENCIES)
    strengths = (waves @ small @ waves.T).ravel()
    median = np.partition(strengths, strengths.size // 2 - 1)[strengths.size // 2 - 1]
    return _digits((strengths > median)[::-1]), _quality(small)


def distance(one: str, other: str) -> int:
    """In how many bits two hashes differ."""
    return (int(one, 16) ^ int(other, 16)).bit_count()


def _quality(small: Matrix) -> int:
    steps = (np.abs(np.diff(small, axis=axis)) * (100 / 255) for axis in (0, 1))
    return min(100, int(sum(int(step.astype(np.int32).sum()) for step in steps) / _FULL_QUALITY))


def _digits(bits: NDArray[np.bool_]) -> str:
    return np.packbits(bits).tobytes().hex()


@lru_cache(maxsize=4)
def _waves(side: int, first: int, count: int) -> Matrix:
    """``count`` cosines from frequency ``first`` on, as rows over ``side`` places (DCT II)."""
    frequencies = np.arange(first, first + count)[:, None]
    places = 2 * np.arange(side)[None, :] + 1
    waves = sqrt(2 / side) * np.cos(np.pi / (2 * side) * frequencies * places)
    return np.asarray(waves, dtype=np.float32)


@lru_cache(maxsize=EDGE)
def _sampling(length: int) -> Matrix:
    """Jarosz's filter along ``length`` places, and from it the values at 64 places, as one matrix."""
    window = (length + 2 * _PDQ_SIDE - 1) // (2 * _PDQ_SIDE)
    ahead = (window + 2) // 2
    places = np.arange(length)
    starts = np.maximum(places + ahead - window, 0)[:, None]
    ends = np.minimum(places + ahead, length)[:, None]
    box = ((places >= starts) & (places < ends)) / (ends - starts)
    samples = ((np.arange(_PDQ_SIDE) + 0.5) * length / _PDQ_SIDE).astype(int)
    return np.asarray(box[samples] @ box, dtype=np.float32)
