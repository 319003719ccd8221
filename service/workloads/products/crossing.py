"""From words to pictures, by the catalogue's own pairs of both: one linear map, fitted by ridge regression.

It knows what the catalogue's pairs tell it and nothing else: no model that learned pictures and words together is in
it. What a text is about must occur in some pair, or be near to what does.

The strength is chosen by two errors together: of pairs left out, as people look for what no product is called, and of
pairs that are known, as they also look for what some are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from service.workloads.products.lens import unit
from service.workloads.products.network import Floats

LEAST: Final = 20
"""Different texts without which no map is fitted."""
PENALTIES: Final = tuple(float(penalty) for penalty in np.logspace(-3, 2, 11))
"""Of which that with the least error is taken."""

Doubles = NDArray[np.float64]


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
        """Vectors of texts (n, d) as vectors of what their pictures would look like, of unit length.

        The map tells the direction from the mean of all pictures, which it underrates: so one goes on in it until the
        vector is as long as those of pictures are.
        """
        ways = unit((texts - self.texts_mean) @ self.map)
        along = ways @ self.pictures_mean
        steps = np.sqrt(np.square(along) + 1 - float(np.square(self.pictures_mean).sum())) - along
        return unit(self.pictures_mean + steps[:, None] * ways)


def fit(texts: Floats, pictures: Floats) -> Crossing | None:
    """The map from ``texts`` (n, d) to ``pictures`` (n, e), row by row; None where there are too few different texts.

    Pairs with equal texts are one pair with the mean of their pictures and the weight of all, as a pair is not left out
    if its twin is not.
    """
    kinds, kind_of, sizes = np.unique(texts, axis=0, return_inverse=True, return_counts=True)
    if len(kinds) < LEAST:
        return None
    means = np.zeros((len(kinds), pictures.shape[1]), np.float64)
    np.add.at(means, kind_of.reshape(-1), pictures)
    means /= sizes[:, None]
    texts_mean, pictures_mean = np.average(kinds, 0, sizes), np.average(means, 0, sizes)
    roots = np.sqrt(sizes / sizes.mean())[:, None]
    fitted = _Fitted.of((kinds - texts_mean) * roots, (means - pictures_mean) * roots, roots)
    penalty = min(PENALTIES, key=lambda one: fitted.error_left_out(one) + fitted.error_known(one))
    return Crossing(
        texts_mean=texts_mean.astype(np.float32),
        pictures_mean=pictures_mean.astype(np.float32),
        map=fitted.map(penalty).astype(np.float32),
        penalty=penalty,
        explained=1 - fitted.error_left_out(penalty) / float(np.square(fitted.targets).sum()),
    )


class _Fitted(NamedTuple):
    """Texts as their singular vectors and values, and what is to be told of them."""

    left: Doubles
    values: Doubles
    right: Doubles
    targets: Doubles
    turned: Doubles
    """Targets along the singular vectors."""
    shares: Doubles
    """Of the means, by row."""

    @classmethod
    def of(cls, texts: Doubles, targets: Doubles, roots: Doubles) -> Self:
        left, values, right = np.linalg.svd(texts.astype(np.float64), full_matrices=False)
        return cls(left, values, right, targets, left.T @ targets, np.square(roots[:, 0]) / len(roots))

    def map(self, penalty: float) -> Doubles:
        found: Doubles = self.right.T @ ((self.values / (self.values**2 + penalty))[:, None] * self.turned)
        return found

    def error_known(self, penalty: float) -> float:
        """Squared error of all pairs by the map of all."""
        return float(np.square(self._residuals(penalty)).sum())

    def error_left_out(self, penalty: float) -> float:
        """Squared error of each pair by the map of all others, in one step: the residual by one less the leverage."""
        leverage = np.square(self.left) @ self._kept(penalty) + self.shares
        return float(np.square(self._residuals(penalty) / np.maximum(1 - leverage, 1e-6)[:, None]).sum())

    def _residuals(self, penalty: float) -> Doubles:
        found: Doubles = self.targets - self.left @ (self._kept(penalty)[:, None] * self.turned)
        return found

    def _kept(self, penalty: float) -> Doubles:
        found: Doubles = self.values**2 / (self.values**2 + penalty)
        return found
