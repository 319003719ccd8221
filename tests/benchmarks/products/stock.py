"""A drawn catalogue of any size: vectors that crowd as those of texts and pictures do, titles, facts, and queries.

Vectors are drawn around centres, one for each category, on few dimensions more than the others, and around one mean, as
both engines tell them. Queries are drawn beside products. The same seed, the same stock.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Final, NamedTuple

import numpy as np

from service.sentences import engine
from service.workloads.products import pictures
from service.workloads.products.columns import Facts, Where
from service.workloads.products.index import Entry
from service.workloads.products.lens import unit
from service.workloads.products.network import Floats

CATEGORIES: Final = 200
COLOURS: Final = ("red", "blue", "green", "black", "white", "brown", "yellow", "grey", "pink", "golden")
MATERIALS: Final = ("cotton", "leather", "oak", "steel", "wool", "linen", "glass", "paper", "velvet", "clay")
THINGS: Final = (
    "chair",
    "table",
    "lamp",
    "shirt",
    "boots",
    "jacket",
    "mug",
    "carpet",
    "mirror",
    "shelf",
    "sofa",
    "hat",
)
USES: Final = ("for children", "for the kitchen", "with a long warranty", "for the garden", "in three sizes", "for two")
SIZES: Final = ("S", "M", "L", "XL")
MEAN, CENTRES, SPREAD = 0.8, 0.4, 0.45
"""Lengths of what a vector is added up of; so strangers among texts have a cosine of some 0.65."""


class Wanted(NamedTuple):
    """A query."""

    words: str
    text: Floats
    picture: Floats
    where: Where
    """A tenth of the stock, or somewhat less."""


class Stock:
    """``count`` products."""

    def __init__(self, count: int, seed: int = 1) -> None:
        self.count = count
        self._chance = Random(seed)
        self._generator = np.random.default_rng(seed)
        self.category = self._generator.integers(CATEGORIES, size=count)
        self.price = np.round(self._generator.gamma(2, 40, count), 2)
        self.texts = self._drawn(engine.LENGTH)
        self.pictures = self._drawn(pictures.LENGTH)
        self.titles = [self._title() for _ in range(count)]

    def entries(self) -> Iterator[Entry]:
        """The products; their names are their rows."""
        for row in range(self.count):
            facts = Facts(
                f"category {self.category[row]}",
                float(self.price[row]),
                {"colour": self.titles[row].split()[0], "size": SIZES[row % len(SIZES)]},
            )
            yield Entry(f"{row:036}", self.pictures[row], self.texts[row], facts, self.titles[row])

    def wanted(self, count: int) -> list[Wanted]:
        """So many queries, each beside a product, with filters that leave that product."""
        found = []
        for row in self._generator.choice(self.count, count):
            names = {int(self.category[row]), *map(int, self._generator.choice(CATEGORIES, 39))}
            where = Where(
                categories=tuple(f"category {name}" for name in sorted(names)),
                least_price=float(self.price[row]) / 2,
                most_price=float(self.price[row]) * 2,
            )
            words = " ".join(self.titles[row].split()[:4])
            found.append(Wanted(words, self._near(self.texts[row]), self._near(self.pictures[row]), where))
        return found

    def fitting(self, where: Where) -> np.ndarray:
        """Which products are as ``where`` says, told by their facts one by one."""
        names = {int(name.removeprefix("category ")) for name in where.categories}
        least, most = np.float32(where.least_price or 0), np.float32(where.most_price or np.inf)
        price = self.price.astype(np.float32)
        return np.isin(self.category, sorted(names)) & (price >= least) & (price <= most)

    def _drawn(self, length: int) -> Floats:
        scales = (1 / np.sqrt(np.arange(1, length + 1))).astype(np.float32)
        turn = np.linalg.qr(self._generator.standard_normal((length, length)))[0].astype(np.float32)
        centres = unit(self._generator.standard_normal((CATEGORIES, length)) * scales)
        found = unit(self._generator.standard_normal((self.count, length), np.float32) * scales)
        mean = unit(self._generator.standard_normal((1, length)))
        return unit(MEAN * mean + (CENTRES * centres[self.category] + SPREAD * found) @ turn)

    def _near(self, vector: Floats) -> Floats:
        noise = unit(self._generator.standard_normal((1, len(vector))))
        found: Floats = unit(vector[None] + 0.3 * noise)[0]
        return found

    def _title(self) -> str:
        choose = self._chance.choice
        number = f"{choose('ABCDEFGH')}{choose('KLMNP')}-{self._chance.randrange(1000, 100_000)}"
        kind = f"{choose(COLOURS)} {choose(MATERIALS)} {choose(THINGS)}"
        return (
            f"{kind} {number} {choose(USES)}, {choose(USES)}. A {choose(THINGS)} of {choose(MATERIALS)} {choose(USES)}"
        )
