"""Real-like texts to send, drawn by a popularity law.

Customers repeat themselves: a few texts ("lento", "sin internet") come again and again, most come once.
The law decides how often a cache can answer, so a plan names it.
"""

from __future__ import annotations

import math
from bisect import bisect
from functools import cache
from itertools import accumulate
from pathlib import Path
from random import Random

FOLDER = Path(__file__).parents[1] / "corpus"


@cache
def texts(name: str) -> tuple[str, ...]:
    """The texts of ``corpus/<name>.txt``, one per line, most popular first."""
    lines = (FOLDER / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    return tuple(line for line in lines if line)


class Zipf:
    """Ranks 0 to ``size`` - 1 with P(rank) ∝ 1 / (rank + 1)^``exponent``; exponent 0 makes all equally likely.

    Source: G. K. Zipf, Human Behavior and the Principle of Least Effort (1949); drawn by inversion.
    """

    def __init__(self, size: int, exponent: float) -> None:
        self.size = size
        self._edges = tuple(accumulate(math.pow(rank + 1, -exponent) for rank in range(size)))

    def draw(self, random: Random) -> int:
        """One rank."""
        return bisect(self._edges, random.random() * self._edges[-1], hi=len(self._edges) - 1)

    def probability(self, rank: int) -> float:
        """P(rank)."""
        below = self._edges[rank - 1] if rank else 0.0
        return (self._edges[rank] - below) / self._edges[-1]
