"""How long a picture takes on one core, and how much memory."""

from __future__ import annotations

from collections import Counter
from typing import Final

import msgspec
import numpy as np

from tests.benchmarks.recipes.cards import Kind, card
from tests.benchmarks.recipes.effort import Effort, Memory
from tests.benchmarks.recipes.running import answered
from tests.benchmarks.recipes.words import Part

TIMED: Final[tuple[Kind, ...]] = ("print", "photo")
GOALS: Final[dict[Kind, float]] = {"print": 1.0, "photo": 5.0}
"""Seconds that 95 % of the pictures are to take at most."""


class Pictures(msgspec.Struct, frozen=True):
    """Which pictures are timed."""

    part: Part
    kind: Kind
    count: int


class Timed(msgspec.Struct, frozen=True, kw_only=True):
    """What pictures of one kind take."""

    kind: Kind
    pictures: int
    megapixels: tuple[float, float]
    """Of the smallest and of the largest."""
    median_seconds: float
    p95_seconds: float
    cpu_seconds: float
    """Of all processes together, for a picture on average."""
    engines: dict[str, int]
    peak_bytes: int
    """The most memory that one of the processes which read has had resident."""


def timed(pictures: Pictures) -> Timed:
    """Each of ``pictures`` once, one after the other; another one comes first, which is not counted."""
    engines: Counter[str] = Counter()
    efforts, sizes = [], []
    answered(card(pictures.part, pictures.count, pictures.kind).content)
    with Memory() as memory:
        for number in range(pictures.count):
            drawn = card(pictures.part, number, pictures.kind)
            with Effort() as effort:
                answer = answered(drawn.content)
            efforts.append(effort)
            sizes.append(drawn.megapixels)
            engines[answer.engine] += 1
    seconds = [effort.seconds for effort in efforts]
    return Timed(
        kind=pictures.kind,
        pictures=pictures.count,
        megapixels=(min(sizes), max(sizes)),
        median_seconds=float(np.percentile(seconds, 50)),
        p95_seconds=float(np.percentile(seconds, 95)),
        cpu_seconds=sum(effort.cpu_seconds for effort in efforts) / len(efforts),
        engines=dict(engines),
        peak_bytes=memory.peak_bytes,
    )
