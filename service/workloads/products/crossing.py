"""From words to pictures, by the catalogue's own pairs of both: one linear map, fitted by ridge regression.

It knows what the catalogue's pairs tell it and nothing else: no model that learned pictures and words together is in
it. What a text is about must occur in some pair, or be near to what does.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from service.workloads.products.lens import unit
from service.workloads.products.network import Floats

LEAST: Final = 20
"""Different texts without which no map is fitted."""
PENALTIES: Final = tuple(float(penalty) for penalty in np.logspace(-3, 2, 11))
"""Of which that with the least error on pairs left out is taken."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """The map of one catalogue."""

    texts_mean: Floats
    pictures_mean: Floats
    map: Floats
    """(length of a text's vector, length of a picture's)."""
    penalty: float
    explained: float
    """Share of the pictures' variance that the map tells of pairs left out; at or below 0 it tells nothing."""

    def pictures_of(self, texts: Floats) -> Floats:
        """Vectors of texts (n, d) as vectors of what their pictures would look like, of unit length."""
        return unit((texts - self.texts_mean) @ self.map + self.pictures_mean)


def fit(texts: Floats, pictures: Floats) -> Crossing | None:
    """The map from ``texts`` (n, d) to ``pictures`` (n, e), row by row; None where there are too few different texts.

    Pairs with equal texts are one pair with the mean of their pictures, as a pair is not left out if its twin is not.
    """
    kinds, kind_of, sizes = np.unique(texts, axis=0, return_inverse=True, return_counts=True)
    if len(kinds) < LEAST:
        return None
    means = np.zeros((len(kinds), pictures.shape[1]), np.float64)
    np.add.at(means, kind_of.reshape(-1), pictures)
    means /= sizes[:, None]
    texts_mean, pictures_mean = kinds.mean(axis=0), means.mean(axis=0)
    left, values, right = np.linalg.svd((kinds - texts_mean).astype(np.float64), full_matrices=False)
    targets = means - pictures_mean
    turned = left.T @ targets
    errors = {penalty: _error_left_out(left, values, turned, targets, penalty) for penalty in PENALTIES}
    penalty = min(errors, key=lambda one: errors[one])
    shrunk = (values / (values**2 + penalty))[:, None]
    return Crossing(
        texts_mean=texts_mean.astype(np.float32),
        pictures_mean=pictures_mean.astype(np.float32),
        map=(right.T @ (shrunk * turned)).astype(np.float32),
        penalty=penalty,
        explained=1 - errors[penalty] / float(np.square(targets).sum()),
    )


def _error_left_out(left: Floats, values: Floats, turned: Floats, targets: Floats, penalty: float) -> float:
    """Squared error of each pair by the map of all others, in one step: the residual by one less the leverage."""
    kept = values**2 / (values**2 + penalty)
    leverage = np.square(left) @ kept + 1 / len(left)
    residuals = targets - left @ (kept[:, None] * turned)
    return float(np.square(residuals / np.maximum(1 - leverage, 1e-6)[:, None]).sum())
