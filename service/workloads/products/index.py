"""The products of one catalogue in memory: found by vectors of pictures and texts, among those that fit.

Every search compares all vectors, or all that fit: nothing has to be built, removed products are gone at once, filters
are exact, and so is the order. For 100,000 products that takes less than the vector of the query does; see
``tests/benchmarks/products/index.py`` for what graphs would save and cost.

An index is no truth: it is made of what is stored, in each process that searches. It may be kept in a file, and be made
out of it again. Changes and searches take turns; who holds an index sees to that.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

import numpy as np

from service.sentences import engine
from service.workloads.products import lens, pictures
from service.workloads.products.columns import Columns, Facets, Facts, Where
from service.workloads.products.lens import Lens
from service.workloads.products.matrix import Matrix, Rows, stepped
from service.workloads.products.network import Floats

DEEPEST: Final = 1_000
"""Offset and limit together."""
STRETCH: Final = 100
"""Products that are ranked together."""
CANDIDATES: Final = 200
"""That each vector of a query proposes, where it has two."""
IDENTITY_BYTES: Final = 170
"""Of a product's name of 36 characters, kept twice over: as key and in the order of rows."""


class Entry(NamedTuple):
    """A product as it is added; a vector that it does not have is None."""

    id: str
    picture: Floats | None
    text: Floats | None
    facts: Facts = Facts()


class Query(NamedTuple):
    """What is looked for: by a vector of pictures, one of texts, or both."""

    picture: Floats | None = None
    text: Floats | None = None
    picture_share: float = 0.5
    """How much the picture says where there are both; the text says the rest."""
    where: Where = Where()
    limit: int = 10
    offset: int = 0


class Hit(NamedTuple):
    """A product that was found, and how like the query it is, at most 1."""

    id: str
    score: float


class Found(NamedTuple):
    """What was found."""

    hits: list[Hit]
    fitting: int
    """Products that fit the query's filter."""


class Index:
    """Products by name; vectors are seen through the lenses of the catalogue, which stay the same."""

    def __init__(self, picture_lens: Lens | None = None, text_lens: Lens | None = None) -> None:
        self.lenses = {
            "picture": picture_lens or lens.plain(pictures.LENGTH),
            "text": text_lens or lens.plain(engine.LENGTH),
        }
        self.matrices = {name: Matrix(len(one.mean)) for name, one in self.lenses.items()}
        self.columns = Columns()
        self.names: list[str] = []
        self.revision = 0
        """Counts changes."""
        self._rows: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self.names)

    def __contains__(self, name: str) -> bool:
        return name in self._rows

    @property
    def resident_bytes(self) -> int:
        """Memory of all that is kept, with room left for more not counted."""
        kept = sum(matrix.resident_bytes for matrix in self.matrices.values())
        return kept + sum(part.nbytes for part in self.columns.arrays.values()) + len(self) * IDENTITY_BYTES

    def add(self, entries: Iterable[Entry]) -> None:
        """Add products; one that is there already is replaced."""
        latest = list({entry.id: entry for entry in entries}.values())
        steps = {
            "picture": self._steps("picture", [entry.picture for entry in latest]),
            "text": self._steps("text", [entry.text for entry in latest]),
        }
        rows = [self._rows.get(entry.id) for entry in latest]
        new = [position for position, row in enumerate(rows) if row is None]
        for name, matrix in self.matrices.items():
            for position, row in enumerate(rows):
                if row is not None:
                    matrix.put(row, steps[name][position])
            matrix.extend(steps[name][new])
        for entry, row in zip(latest, rows, strict=True):
            if row is not None:
                self.columns.put(row, entry.facts)
                continue
            self._rows[entry.id] = len(self.names)
            self.names.append(entry.id)
            self.columns.append(entry.facts)
        self.revision += 1

    def remove(self, names: Iterable[str]) -> int:
        """Take products out; how many of ``names`` were there."""
        removed = 0
        for name in names:
            row = self._rows.pop(name, None)
            if row is None:
                continue
            for matrix in self.matrices.values():
                matrix.remove(row)
            self.columns.remove(row)
            last = self.names.pop()
            if last != name:
                self.names[row] = last
                self._rows[last] = row
            removed += 1
        self.revision += 1
        return removed

    def search(self, query: Query) -> Found:
        """The products most like ``query``; ValueError for one without a vector, or one that looks too deep."""
        depth = query.offset + query.limit
        if query.picture is None and query.text is None:
            raise ValueError("a query needs the vector of a picture or of a text")
        if depth > DEEPEST:
            raise ValueError(f"offset and limit together are at most {DEEPEST:,}")
        fitting = self.columns.rows(query.where) if query.where.asks else None
        # Pages of one search are cut from one ranking, as equals may change places with its depth.
        ranked = min(DEEPEST, -(-depth // STRETCH) * STRETCH)
        rows, scores = self._ranked(self._wanted(query), ranked, fitting)
        rows, scores = rows[:depth], scores[:depth]
        hits = [Hit(self.names[row], float(score)) for row, score in zip(rows, scores, strict=True)]
        return Found(hits[query.offset : depth], len(self) if fitting is None else len(fitting))

    def facets(self, where: Where) -> Facets:
        """What there is among the products that are as ``where`` says."""
        return self.columns.facets(self.columns.rows(where) if where.asks else None)

    def restore(self, names: list[str], steps: Mapping[str, np.ndarray], columns: Columns, revision: int) -> None:
        """Take over what another index kept."""
        for name, matrix in self.matrices.items():
            matrix.extend(steps[name])
        self.columns = columns
        self.names = names
        self._rows = {name: row for row, name in enumerate(names)}
        self.revision = revision

    def _wanted(self, query: Query) -> list[tuple[str, Floats, float]]:
        """Matrix, vector and weight of each thing that is looked for."""
        given = [("picture", query.picture, query.picture_share), ("text", query.text, 1 - query.picture_share)]
        there = [(name, vector, weight) for name, vector, weight in given if vector is not None]
        weights = [weight for _, _, weight in there] if len(there) > 1 else [1.0]
        seen = [self.lenses[name].seen(vector[None])[0] for name, vector, _ in there]
        return [(name, vector, weight) for (name, _, _), vector, weight in zip(there, seen, weights, strict=True)]

    def _ranked(self, wanted: list[tuple[str, Floats, float]], depth: int, fitting: Rows | None) -> tuple[Rows, Floats]:
        if len(wanted) == 1:
            name, vector, _ = wanted[0]
            return self.matrices[name].nearest(vector, depth, fitting)
        count = max(CANDIDATES, 2 * depth)
        proposed = [self.matrices[name].nearest(vector, count, fitting)[0] for name, vector, _ in wanted]
        rows = np.unique(np.concatenate(proposed))
        scores = np.sum(
            [weight * self.matrices[name].likeness(vector, rows) for name, vector, weight in wanted], axis=0
        )
        best = np.argsort(-scores, kind="stable")[:depth]
        return rows[best], scores[best]

    def _steps(self, name: str, vectors: list[Floats | None]) -> np.ndarray:
        length = self.matrices[name].length
        found = np.zeros((len(vectors), length), np.int8)
        there = [position for position, vector in enumerate(vectors) if vector is not None]
        if there:
            found[there] = stepped(self.lenses[name].seen(np.stack([v for v in vectors if v is not None])))
        return found
