"""What products are filtered and counted by: category, price and attributes, row by row as numbers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, TypeVar

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from service.workloads.products.matrix import GROWTH, ROOM, Rows, extend

MOST_ATTRIBUTES: Final = 16
"""Of one product; more cannot be filtered by."""
NONE: Final = -1

Codes = NDArray[np.int32]
Name = TypeVar("Name")


class Facts(Struct, frozen=True, gc=False):
    """What is known of one product besides its vectors."""

    category: str | None = None
    price: float | None = None
    attributes: Mapping[str, str] = {}


class Where(Struct, frozen=True, gc=False):
    """What products have to be; empty parts ask for nothing. One without a price meets no bound of it."""

    categories: Sequence[str] = ()
    """Any of them."""
    least_price: float | None = None
    most_price: float | None = None
    attributes: Mapping[str, Sequence[str]] = {}
    """By name, any of the values."""

    @property
    def asks(self) -> bool:
        """Whether it leaves anything out."""
        priced = self.least_price is not None or self.most_price is not None
        return priced or bool(self.categories or self.attributes)


class Facets(Struct, frozen=True, gc=False):
    """How many products there are of each kind, the most frequent first."""

    categories: dict[str, int]
    attributes: dict[str, dict[str, int]]
    least_price: float | None
    most_price: float | None


class Columns:
    """Rows of facts; they are removed as rows of a `Matrix` are."""

    def __init__(self) -> None:
        self.count = 0
        self.categories: dict[str, int] = {}
        self.pairs: dict[tuple[str, str], int] = {}
        self._category: Codes = np.full(ROOM, NONE, np.int32)
        self._price = np.full(ROOM, np.nan, np.float32)
        self._attributes: Codes = np.full((ROOM, MOST_ATTRIBUTES), NONE, np.int32)

    @property
    def resident_bytes(self) -> int:
        """Memory of what is kept."""
        return sum(part[: self.count].nbytes for part in (self._category, self._price, self._attributes))

    def append(self, facts: Facts) -> None:
        """Put ``facts`` behind the last row."""
        if self.count == len(self._category):
            self._grow()
        self.count += 1
        self.put(self.count - 1, facts)

    def put(self, row: int, facts: Facts) -> None:
        """Other facts into ``row``."""
        category = facts.category
        self._category[row] = NONE if category is None else self.categories.setdefault(category, len(self.categories))
        self._price[row] = np.nan if facts.price is None else facts.price
        codes = [self.pairs.setdefault(pair, len(self.pairs)) for pair in facts.attributes.items()][:MOST_ATTRIBUTES]
        self._attributes[row] = NONE
        self._attributes[row, : len(codes)] = codes

    def remove(self, row: int) -> None:
        """Take ``row`` out; the last row takes its place."""
        self.count -= 1
        for part in (self._category, self._price, self._attributes):
            part[row] = part[self.count]

    def rows(self, where: Where) -> Rows:
        """The rows of products that are as ``where`` says."""
        fits = np.ones(self.count, np.bool_)
        if where.categories:
            fits &= np.isin(self._category[: self.count], _codes(self.categories, where.categories))
        price = self._price[: self.count]
        if where.least_price is not None:
            fits &= price >= np.float32(where.least_price)
        if where.most_price is not None:
            fits &= price <= np.float32(where.most_price)
        for name, values in where.attributes.items():
            codes = _codes(self.pairs, [(name, value) for value in values])
            fits &= np.isin(self._attributes[: self.count], codes).any(axis=1)
        return np.flatnonzero(fits)

    def facets(self, rows: Rows | None = None) -> Facets:
        """What there is among ``rows``, or all."""
        chosen: slice | Rows = slice(self.count) if rows is None else rows
        prices = self._price[chosen]
        prices = prices[~np.isnan(prices)]
        attributes: dict[str, dict[str, int]] = {}
        for (name, value), count in _counted(self.pairs, self._attributes[chosen].reshape(-1)):
            attributes.setdefault(name, {})[value] = count
        return Facets(
            categories=dict(_counted(self.categories, self._category[chosen])),
            attributes=attributes,
            least_price=float(prices.min()) if len(prices) else None,
            most_price=float(prices.max()) if len(prices) else None,
        )

    def _grow(self) -> None:
        room = max(self.count + ROOM, int(self.count * GROWTH))
        for part in (self._category, self._price, self._attributes):
            extend(part, room)


def _codes(known: Mapping[Name, int], names: Iterable[Name]) -> Codes:
    return np.array([known[name] for name in names if name in known], np.int32)


def _counted(known: Mapping[Name, int], codes: Codes) -> list[tuple[Name, int]]:
    counts = np.bincount(codes[codes >= 0], minlength=len(known))
    names = list(known)
    return [(names[code], int(counts[code])) for code in np.argsort(-counts, kind="stable") if counts[code]]
