"""Non-negative parts of a sum, fitted to positive figures, and all parts that the data allow.

Least squares of logarithms: minimise S = Σ (ln(parts · basisᵢ) − ln figureᵢ)². What the data allow at a confidence is
the profile-likelihood set S(parts) ≤ S(best) · (1 + F(1, n − p)/(n − p)): any figure made of the parts has as its
interval the values that it takes in there. The set is found by walking from the best parts outwards in many directions
until S is too large or a part is 0, and the same again where single parts are 0, for that is where the bounds of a
figure lie that the data leave open.

Source: D. M. Bates and D. G. Watts, Nonlinear Regression Analysis and Its Applications (1988), sections 3.5 and 6.1.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, stats

Array = NDArray[np.float64]

_DIRECTIONS = {1: 2, 2: 200, 3: 1500}
"""Ways to walk, by the number of parts that are free."""
_HALVINGS = 40
_FARTHEST = 1e6
_NEAREST = 1e-3
_NOTHING = 1e-300
_NEGLIGIBLE = 1e-9
_EXACT = 1e-12
"""The mean square below which figures are taken for exact: rounding alone makes as much."""


class Region(NamedTuple):
    """The best parts, and as rows those that the data allow, the best first."""

    best: Array
    allowed: Array
    residual: float
    """The standard deviation of the logarithms around the fit."""


def region(basis: Array, figures: Array, confidence: float) -> Region:
    """Fit ``basis`` (a row for each figure, a column for each of three parts) to ``figures``."""
    whole = _Face(basis, np.log(figures), (0, 1, 2))
    number, parts = basis.shape
    squares, freedom = max(whole.squares(whole.best), number * _EXACT), number - parts
    edge = squares * (1 + float(stats.f.ppf(confidence, 1, freedom)) / freedom)
    faces = [_Face(basis, np.log(figures), free) for free in ((0, 1), (0, 2), (0,))]
    found = [whole, *(face for face in faces if face.squares(face.best) <= edge)]
    allowed = np.vstack([rows for face in found for rows in (face.whole(face.best[None]), face.whole(face.edge(edge)))])
    best: Array = allowed[0]
    return Region(best, allowed, math.sqrt(whole.squares(whole.best) / freedom))


class _Face:
    """The problem with some parts ``free`` and the others 0."""

    def __init__(self, basis: Array, target: Array, free: tuple[int, ...]) -> None:
        self._basis = basis[:, free]
        self._target = target
        self._free = free
        # How large each part would be if it alone made up the largest figure.
        self._sizes = 1.0 / np.maximum(np.abs(self._basis).max(axis=0), 1e-12)
        self.best = self._fitted()

    def squares(self, parts: Array) -> float:
        """S."""
        return float(np.square(self._residuals(parts)).sum())

    def whole(self, rows: Array) -> Array:
        """``rows`` of free parts with the zeros of the others."""
        complete = np.zeros((len(rows), 3))
        complete[:, self._free] = rows
        return complete

    def edge(self, most: float) -> Array:
        """Where rays from the best parts leave the set of S up to ``most``, or a part becomes 0."""
        rays = _directions(len(self._free)) @ self._whitening().T
        rays = rays[np.all((self.best > 0) | (rays >= 0), axis=1)]
        with np.errstate(divide="ignore", invalid="ignore"):
            walls = np.where(rays < 0, -self.best / rays, np.inf).min(axis=1)
        high = np.minimum(walls, _FARTHEST)
        low = np.where(self._within(rays, high, most), high, 0.0)
        for _ in range(_HALVINGS):
            # Rays that end far out are halved on a scale of lengths, or the near edge would be missed.
            near = np.maximum(low, _NEAREST)
            middle = np.where(high > 4 * near, np.sqrt(near * high), (low + high) / 2)
            inside = self._within(rays, middle, most)
            low, high = np.where(inside, np.maximum(middle, low), low), np.where(inside, high, np.minimum(middle, high))
        return np.maximum(self.best + low[:, None] * rays, 0.0)

    def _within(self, rays: Array, lengths: Array, most: float) -> NDArray[np.bool_]:
        squares = np.square(self._residuals(self.best + lengths[:, None] * rays)).sum(axis=1)
        return np.asarray(squares <= most)

    def _residuals(self, parts: Array) -> Array:
        return np.asarray(np.log(np.maximum(parts @ self._basis.T, _NOTHING)) - self._target, dtype=np.float64)

    def _fitted(self) -> Array:
        """From the linear solution by trust-region reflective steps."""
        start, _ = optimize.nnls(self._basis / np.exp(self._target)[:, None], np.ones_like(self._target))
        least = _NEGLIGIBLE * self._sizes
        found = optimize.least_squares(
            self._residuals,
            np.maximum(start, least),
            bounds=(0, np.inf),
            x_scale=self._sizes,
            xtol=1e-12,
            ftol=1e-12,
        )
        return np.asarray(np.where(found.x < least, 0.0, found.x), dtype=np.float64)

    def _whitening(self) -> Array:
        """Coordinates in which the set is about a ball: the inverse root of J'J at the best parts, numerically."""
        widths = 1e-6 * np.maximum(self.best, 1e-3 * self._sizes)
        here = self._residuals(self.best)
        steps = self._residuals(self.best + np.diag(widths)) - here
        jacobian = (steps / widths[:, None]).T * self._sizes
        values, vectors = np.linalg.eigh(jacobian.T @ jacobian)
        roots = 1 / np.sqrt(np.maximum(values, values.max() * 1e-14))
        return np.asarray(self._sizes[:, None] * (vectors * roots), dtype=np.float64)


def _directions(dimensions: int) -> Array:
    """Unit vectors, spread evenly: both ways, around the circle, or over the sphere by a Fibonacci lattice."""
    count = _DIRECTIONS[dimensions]
    if dimensions == 1:
        return np.array([[1.0], [-1.0]])
    if dimensions == 2:
        angle = 2 * math.pi * np.arange(count) / count
        return np.column_stack([np.cos(angle), np.sin(angle)])
    index = np.arange(count) + 0.5
    height = 1 - 2 * index / count
    turn = math.pi * (1 + math.sqrt(5)) * index
    radius = np.sqrt(1 - height**2)
    return np.column_stack([radius * np.cos(turn), radius * np.sin(turn), height])
