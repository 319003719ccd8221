"""How often the verdict on blur is right, and how often copies are found: counted, on photos."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from math import sqrt
from pathlib import Path

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

from service.pictures.decoding import decoded
from service.pictures.pixels import Pixels, Pyramid, fitted, grey
from service.workloads.images import hashes, quality
from service.workloads.images.likeness import PDQ_LEAST_QUALITY, PDQ_NEAR, PHASH_NEAR, is_near
from service.workloads.images.messages import Quality
from tests.benchmarks.images.photos import paths_in
from tests.service.pictures.drawing import file


class Judged(msgspec.Struct, frozen=True):
    """Photos of one kind, and how many of them were called blurred."""

    kind: str
    photos: int
    blurred: int


class Labelled(msgspec.Struct, frozen=True):
    """Photos that people called sharp or blurred. Half of each kind set a threshold, by which the others are judged."""

    sharp: int
    blurred: int
    weakest_sharp: float
    """Sharpness."""
    strongest_blurred: float
    threshold: float
    """That the first half would set: the geometric mean of its nearest two."""
    right: int
    judged: int
    """In the second half."""
    shipped_right: int
    """Of all, with the threshold that is shipped."""


class Copies(msgspec.Struct, frozen=True):
    """One kind of copies, and how many are found by their hashes."""

    kind: str
    copies: int
    by_pdq: int
    """With PDQ alone."""
    by_phash: int
    """With pHash alone."""
    by_rule: int
    """With both, as the service does."""


class Strangers(msgspec.Struct, frozen=True):
    """Pairs of different photos, and how many are taken for copies."""

    pairs: int
    by_pdq: int
    by_phash: int
    by_rule: int
    nearest: int
    """Least distance of two PDQ hashes."""


def judgement(pixels: Pixels) -> Quality:
    """The quality of a picture, by the way of the analysis."""
    fine = fitted(grey(pixels), quality.EDGE, cv2.INTER_LINEAR)
    return quality.quality_of(fine, fitted(fine, hashes.EDGE))


def labelled(folder: Path) -> Labelled | None:
    """The photos below ``folder/blur`` and ``folder/noblur``; None where there are none."""
    kinds = [
        [judgement(decoded(path.read_bytes(), quality.EDGE).pixels) for path in paths_in([folder / name])]
        for name in ("noblur", "blur")
    ]
    if not all(len(kind) > 1 for kind in kinds):
        return None
    sharp, blurred = ([found.sharpness for found in kind] for kind in kinds)
    threshold = sqrt(min(sharp[::2]) * max(blurred[::2]))
    right = sum(value >= threshold for value in sharp[1::2]) + sum(value < threshold for value in blurred[1::2])
    return Labelled(
        sharp=len(sharp),
        blurred=len(blurred),
        weakest_sharp=min(sharp),
        strongest_blurred=max(blurred),
        threshold=threshold,
        right=right,
        judged=len(sharp[1::2]) + len(blurred[1::2]),
        shipped_right=sum(not found.is_blurred for found in kinds[0])
        + sum(bool(found.is_blurred) for found in kinds[1]),
    )


def spoiled(photos: Sequence[Pixels]) -> list[Judged]:
    """The verdict on photos as they are, and out of focus or shaken by so many pixels of 1,024."""
    return [
        Judged(
            kind, len(photos), sum(bool(judgement(spoil(fitted(photo, quality.EDGE))).is_blurred) for photo in photos)
        )
        for kind, spoil in _SPOILT.items()
    ]


def _focus(radius: float) -> Callable[[Pixels], Pixels]:
    return lambda pixels: np.asarray(cv2.GaussianBlur(pixels, (0, 0), radius), np.uint8)


def _shake(length: int, angle: float) -> Callable[[Pixels], Pixels]:
    line = np.zeros((length, length), np.float32)
    line[length // 2] = 1
    turn = cv2.getRotationMatrix2D(((length - 1) / 2, (length - 1) / 2), angle, 1)
    kernel = cv2.warpAffine(line, turn, (length, length))
    return lambda pixels: np.asarray(cv2.filter2D(pixels, -1, kernel / kernel.sum()), np.uint8)


_SPOILT: dict[str, Callable[[Pixels], Pixels]] = {
    "as they are": lambda pixels: pixels,
    "out of focus, Gaussian of 2.4 pixels": _focus(2.4),
    "out of focus, Gaussian of 4 pixels": _focus(4),
    "shaken, 15 pixels to the side": _shake(15, 0),
    "shaken, 15 pixels upwards": _shake(15, 90),
    "shaken, 15 pixels across": _shake(15, 45),
    "shaken, 25 pixels across": _shake(25, 30),
}


def _cropped(pixels: Pixels, share: float) -> Pixels:
    height, width = pixels.shape[:2]
    top, left = round(height * share / 2), round(width * share / 2)
    return np.ascontiguousarray(pixels[top : height - top, left : width - left])


COPIES: dict[str, Callable[[Pixels], bytes]] = {
    "JPEG of quality 40": lambda pixels: file(pixels, quality=40),
    "WebP of quality 60": lambda pixels: file(pixels, "WEBP", quality=60, method=0),
    "half as large": lambda pixels: file(fitted(pixels, max(pixels.shape) // 2), quality=85),
    "a longer side of 256": lambda pixels: file(fitted(pixels, 256), quality=85),
    "brighter by a tenth": lambda pixels: file(
        np.asarray(cv2.convertScaleAbs(pixels, alpha=1.1), np.uint8), quality=85
    ),
    "cropped by 3 %": lambda pixels: file(_cropped(pixels, 0.03), quality=85),
    "cropped by 6 %": lambda pixels: file(_cropped(pixels, 0.06), quality=85),
    "mirrored (not meant to be found)": lambda pixels: file(np.ascontiguousarray(pixels[:, ::-1]), quality=85),
}


def copies(photos: Sequence[Pixels], tell: Callable[[str], None]) -> tuple[list[Copies], Strangers]:
    """How many copies of each kind are found, and how many different photos are taken for copies."""
    known = [_hashes(photo) for photo in photos]
    found = []
    for kind, change in COPIES.items():
        tell(f"copies: {kind}")
        made = [_hashes(decoded(change(photo), quality.EDGE).pixels) for photo in photos]
        pairs = [(one, other) for one, other in zip(known, made, strict=True) if _meaningful(one, other)]
        apart = [(hashes.distance(one[0], other[0]), hashes.distance(one[1], other[1])) for one, other in pairs]
        by_pdq, by_phash = sum(pdq <= PDQ_NEAR for pdq, _ in apart), sum(phash <= PHASH_NEAR for _, phash in apart)
        found.append(Copies(kind, len(pairs), by_pdq, by_phash, sum(is_near(*distances) for distances in apart)))
    return found, _strangers([one for one in known if _meaningful(one)])


Hashes = tuple[str, str, int]


def _hashes(pixels: Pixels) -> Hashes:
    small = hashes.prepared(grey(Pyramid(pixels).at(hashes.EDGE)))
    pdq, pdq_quality = hashes.pdq(small)
    return pdq, hashes.phash(small), pdq_quality


def _meaningful(*found: Hashes) -> bool:
    return all(each[2] >= PDQ_LEAST_QUALITY for each in found)


def _strangers(known: Sequence[Hashes]) -> Strangers:
    by_pdq, by_phash = (_distances(names) for names in ([one for one, _, _ in known], [one for _, one, _ in known]))
    return Strangers(
        pairs=by_pdq.size,
        by_pdq=int((by_pdq <= PDQ_NEAR).sum()),
        by_phash=int((by_phash <= PHASH_NEAR).sum()),
        by_rule=sum(is_near(*distances) for distances in zip(by_pdq.tolist(), by_phash.tolist(), strict=True)),
        nearest=int(by_pdq.min(initial=256)),
    )


def _distances(names: Iterable[str]) -> NDArray[np.int64]:
    """Of all pairs, each once."""
    bits = np.array([np.unpackbits(np.frombuffer(bytes.fromhex(name), np.uint8)) for name in names], np.float32)
    apart = bits @ (1 - bits).T
    return (apart + apart.T)[np.triu_indices(len(bits), 1)].astype(np.int64)
