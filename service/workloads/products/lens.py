"""What a catalogue teaches about its vectors: which of their differences matter, as one linear map.

Pictures of one category differ in light, background and pose; how they do is what the map makes small (whitening within
categories, with shrinkage: Hastie, Buja, Tibshirani, "Penalized Discriminant Analysis", 1995). How strongly, the
catalogue decides itself: each fifth of it is looked for in the rest. Without categories only the mean is taken off.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.workloads.products.network import Floats

LEAST: Final = 20
"""Vectors without which nothing is learned of a catalogue."""
MOST: Final = 4_000
"""Vectors by which the strength is chosen."""
PARTS: Final = 5
SHRINKAGES: Final = (10.0, 3.0, 1.0, 0.3)
"""How much of an even spread is added to that within categories: the map is the weaker, the more."""

Ordinals = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Lens:
    """An affine map of vectors; what matters of the result is its direction."""

    mean: Floats
    """(d,)"""
    map: Floats | None
    """(d, d); none where only the mean is taken off."""
    shrinkage: float
    """Infinite without a map."""

    def seen(self, vectors: Floats) -> Floats:
        """``vectors`` (n, d) as they are compared with one another, of unit length."""
        centred = vectors - self.mean
        return unit(centred if self.map is None else centred @ self.map)


class _Spread(NamedTuple):
    """How vectors differ within categories: eigenvectors as columns, eigenvalues, and the mean of all variances."""

    mean: Floats
    axes: Floats
    variances: Floats
    even: float

    def lens(self, shrinkage: float) -> Lens:
        if not np.isfinite(shrinkage):
            return Lens(self.mean, None, shrinkage)
        scales = 1 / np.sqrt(self.variances + shrinkage * self.even)
        return Lens(self.mean, (self.axes * scales).astype(np.float32), shrinkage)


def unit(vectors: NDArray[np.floating[Any]]) -> Floats:
    """``vectors`` (n, d) with a length of one; zeros stay zeros."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Floats = (vectors / np.maximum(lengths, 1e-9)).astype(np.float32)
    return scaled


def plain(length: int) -> Lens:
    """The lens that leaves vectors of this length as they are."""
    return Lens(np.zeros(length, np.float32), None, np.inf)


def centred(vectors: Floats) -> Lens:
    """The lens that takes off the mean of ``vectors`` (n, d); of too few it learns nothing."""
    if len(vectors) < LEAST:
        return plain(vectors.shape[1])
    return Lens(vectors.mean(axis=0), None, np.inf)


def fitted(vectors: Floats, categories: Sequence[str | None], seed: int = 0) -> Lens:
    """The lens that serves best to find ``categories`` (None: not known) by ``vectors`` (n, d), by cross-validation."""
    names: dict[str, int] = {}
    labels = np.array([-1 if name is None else names.setdefault(name, len(names)) for name in categories], np.int64)
    known = np.flatnonzero(labels >= 0)
    sizes = np.bincount(labels[known], minlength=1)
    useful = known[sizes[labels[known]] > 1] if len(known) else known
    if len(useful) < LEAST or np.count_nonzero(sizes > 1) < 2:
        return centred(vectors)
    sample = np.random.default_rng(seed).permutation(useful)[:MOST]
    shrinkage = _best(vectors[sample], labels[sample])
    if not np.isfinite(shrinkage):
        return centred(vectors)
    spread = _spread(vectors[useful], labels[useful])
    return spread._replace(mean=vectors.mean(axis=0)).lens(shrinkage)


def _best(vectors: Floats, labels: Ordinals) -> float:
    """The shrinkage by which most vectors find one of their kind first, and among five; of equals the largest."""
    hits: dict[float, int] = dict.fromkeys((np.inf, *SHRINKAGES), 0)
    for kept, left_out in _parts(labels):
        spread = _spread(vectors[kept], labels[kept])
        for shrinkage in hits:
            lens = spread.lens(shrinkage)
            likeness = lens.seen(vectors[left_out]) @ lens.seen(vectors[kept]).T
            nearest = np.argpartition(-likeness, 5, axis=1)[:, :5]
            nearest = np.take_along_axis(nearest, np.argsort(-np.take_along_axis(likeness, nearest, 1), axis=1), 1)
            same = labels[kept][nearest] == labels[left_out][:, None]
            hits[shrinkage] += int(same[:, 0].sum()) + int(same.any(axis=1).sum())
    return max(hits, key=lambda shrinkage: (hits[shrinkage], shrinkage))


def _parts(labels: Ordinals) -> Iterator[tuple[Ordinals, Ordinals]]:
    """Positions kept and left out, every position left out once, and each category spread over all parts."""
    order = np.argsort(labels, kind="stable")
    part = np.empty(len(labels), np.int64)
    part[order] = np.arange(len(labels)) % PARTS
    for number in range(PARTS):
        yield np.flatnonzero(part != number), np.flatnonzero(part == number)


def _spread(vectors: Floats, labels: Ordinals) -> _Spread:
    mean = vectors.mean(axis=0)
    kinds, kind_of, sizes = np.unique(labels, return_inverse=True, return_counts=True)
    means = np.zeros((len(kinds), vectors.shape[1]), np.float64)
    np.add.at(means, kind_of, vectors)
    within = vectors - (means / sizes[:, None])[kind_of]
    variances, axes = np.linalg.eigh(within.T @ within / len(vectors))
    even = float(np.square(vectors - mean).mean())
    return _Spread(mean, axes.astype(np.float32), np.maximum(variances, 0).astype(np.float32), even)
