"""When a series changed for good: steps that no run of chance explains."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import special

SHUFFLES = 1999
"""Orders that are drawn at most, so that p can be as small as 1 / 2000."""
BATCH = 100
SHORTEST = 3
"""Values that make a stretch."""


class ChangePoint(NamedTuple):
    """The series has another level from here on."""

    first: int
    """Index of the first value of the new level."""
    before: float
    """Mean of the stretch that ends here."""
    after: float
    """Mean of the stretch that begins here."""
    p: float
    """The larger of two: that of the search, and that of Student's test between both stretches."""


class _Arc(NamedTuple):
    start: int
    end: int
    strength: float


def change_points(
    values: Sequence[float], *, p: float = 0.001, random: np.random.Generator, shortest: int = SHORTEST
) -> tuple[ChangePoint, ...]:
    """Where the level of ``values`` changes, in their order; nothing, at 1 − p, where it never does.

    Circular binary segmentation: of all stretches i…j, the one whose mean differs most from that of the rest, in
    standard errors, is held against the same search in shuffled orders; where at most a share ``p`` of them finds one
    as strong, the series is cut at i and j and each part is searched again. A stretch at the edge is one step, one in
    the middle a rise that was taken back, which a search for single steps overlooks. Then points whose two
    neighbouring stretches do not differ at ``p`` by Student's test leave, weakest first. No shape of the noise is
    supposed, only that it has no memory. Search costs n² per shuffle; a series without change needs about 100.

    Source: A. B. Olshen, E. S. Venkatraman, R. Lucito and M. Wigler, Circular binary segmentation for the analysis of
    array-based DNA copy number data, Biostatistics 5 (2004); shuffles stopped early as in J. Besag and P. Clifford,
    Sequential Monte Carlo p-values, Biometrika 78 (1991); the last pass and its test as in M. Fleming, P. Kołaczkowski
    and others, Hunter: using change point detection to hunt for performance regressions, ICPE (2023).
    """
    series = np.asarray(values, dtype=np.float64)
    found: dict[int, float] = {}
    open_parts = [(0, len(series))]
    while open_parts:
        first, last = open_parts.pop()
        part = series[first:last]
        arc = _strongest(part[np.newaxis], shortest)
        if arc is None:
            continue
        likely = _shuffled(part, arc.strength, p, shortest, random)
        if likely > p:
            continue
        edges = [first, *(first + edge for edge in (arc.start, arc.end) if 0 < edge < len(part)), last]
        found.update(dict.fromkeys(edges[1:-1], likely))
        open_parts += pairwise(edges)
    return _confirmed(series, found, p)


def _strongest(orders: NDArray[np.float64], shortest: int) -> _Arc | None:
    """The stretch of the first order that differs most from the rest of it; None where the order is too short."""
    strengths = _strengths(orders, shortest)
    if strengths is None:
        return None
    length, start, strength = strengths
    return _Arc(int(start[0]), int(start[0] + length[0]), float(strength[0]))


def _strengths(
    orders: NDArray[np.float64], shortest: int
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]] | None:
    """Length, start and |t| of the strongest stretch of every order (row)."""
    number = orders.shape[1]
    if number < 2 * shortest:
        return None
    centred = orders - orders.mean(axis=1, keepdims=True)
    sums = np.concatenate((np.zeros((len(orders), 1)), centred.cumsum(axis=1)), axis=1)
    squares = np.square(centred).sum(axis=1)
    rows = np.arange(len(orders))
    best = np.full(len(orders), -1.0)
    lengths, starts = np.zeros(len(orders), dtype=np.intp), np.zeros(len(orders), dtype=np.intp)
    for length in range(shortest, number - shortest + 1):
        explained = np.square(sums[:, length:] - sums[:, :-length]) * (number / (length * (number - length)))
        # A rest of less than the shortest stretch at either end would be a stretch of its own.
        explained[:, 1:shortest] = -1.0
        explained[:, max(number - length - shortest + 1, 1) : number - length] = -1.0
        place = explained.argmax(axis=1)
        value = explained[rows, place]
        better = value > best
        best = np.where(better, value, best)
        lengths, starts = np.where(better, length, lengths), np.where(better, place, starts)
    rest = np.maximum(squares - best, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        strength = np.where(best > 0, np.sqrt(best * (number - 2) / rest), 0.0)
    return lengths, starts, strength


def _shuffled(
    part: NDArray[np.float64], strength: float, p: float, shortest: int, random: np.random.Generator
) -> float:
    """The share of shuffled orders with a stretch as strong; as soon as it must exceed ``p``, what it is so far."""
    allowed = math.floor(p * (SHUFFLES + 1)) - 1
    stronger, drawn = 0, 0
    while drawn < SHUFFLES and stronger <= allowed:
        orders = random.permuted(np.tile(part, (min(BATCH, SHUFFLES - drawn), 1)), axis=1)
        shuffled = _strengths(orders, shortest)
        if shuffled is None:
            return 1.0
        stronger += int(np.count_nonzero(shuffled[2] >= strength * (1 - 1e-9)))
        drawn += len(orders)
    return (stronger + 1) / (drawn + 1)


def _confirmed(series: NDArray[np.float64], found: dict[int, float], p: float) -> tuple[ChangePoint, ...]:
    """``found`` without the points whose neighbouring stretches are alike, weakest first."""
    while found:
        edges = [0, *sorted(found), len(series)]
        points = [
            _point(series[before:index], series[index:after], index, found[index])
            for before, index, after in zip(edges[:-2], edges[1:-1], edges[2:], strict=True)
        ]
        weakest = max(points, key=lambda point: point.p)
        if weakest.p <= p:
            return tuple(points)
        del found[weakest.first]
    return ()


def _point(before: NDArray[np.float64], after: NDArray[np.float64], index: int, likely: float) -> ChangePoint:
    degrees = len(before) + len(after) - 2
    lower, upper = float(before.mean()), float(after.mean())
    squares = float(np.square(before - lower).sum() + np.square(after - upper).sum())
    error = math.sqrt(squares / degrees * (1 / len(before) + 1 / len(after)))
    if error == 0:
        student = 0.0 if lower != upper else 1.0
    else:
        student = 2 * float(special.stdtr(degrees, -abs(upper - lower) / error))
    return ChangePoint(index, lower, upper, max(likely, student))
