"""The products of one catalogue in memory: found by vectors of pictures and texts, among those that fit.

Every search compares all vectors, or all that fit: nothing has to be built, removed products are gone at once, filters
are exact, and so is the order but for the rounding to bytes (98.6 % of the ten nearest). Among 100,000 texts that takes
8 ms, in turns with the other ways 17 ms, and 38 MB, and 2 s to build. In the same turns graphs took 1 or 2 ms, but 60 s
and more to build and 150 to 210 MB; NumPy 5 ms and 154 MB; pgvector without a graph 67 ms. See
``tests/benchmarks/products/search.py``. Memory and exact filters decided, not speed.

What a text looks for is ranked by its vector and by its words together, which measures better than its vector alone,
and finds names and numbers that no vector tells apart.

An index is no truth: it is made of what is stored, in each process that searches. Changes and searches take turns; who
holds an index sees to that.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np

from service.sentences import engine
from service.workloads.products import lens, pictures
from service.workloads.products.columns import Columns, Facets, Facts, Where
from service.workloads.products.lens import Lens
from service.workloads.products.matrix import Matrix, Rows, Steps, stepped
from service.workloads.products.network import Floats
from service.workloads.products.words import Words

DEEPEST: Final = 1_000
"""Offset and limit together."""
STRETCH: Final = 100
"""Products that are ranked together."""
CANDIDATES: Final = 200
"""That each part of a query proposes, where it has several."""
STRANGERS: Final = 0.7
"""Cosine of texts that have nothing to do with one another, which counts as 0: so it is with this engine."""
WORDS_SHARE: Final = 0.25
"""How much words say beside a text's vector: the least of what was tried that finds every number of a model. More helps
short texts and harms long ones, see ``tests/benchmarks/products/wordings.py``."""
IDENTITY_BYTES: Final = 170
"""Of a product's name of 36 characters, kept twice over: as key and in the order of rows."""


class Entry(NamedTuple):
    """A product as it is added; a vector that it does not have is None."""

    id: str
    picture: Floats | None
    text: Floats | None
    facts: Facts = Facts()
    words: str = ""
    """The text itself; the beginning counts."""


class Query(NamedTuple):
    """What is looked for: by a vector of pictures, one of texts, or both."""

    picture: Floats | None = None
    text: Floats | None = None
    picture_share: float = 0.5
    """How much the picture says where there are both; the text says the rest."""
    where: Where = Where()
    limit: int = 10
    offset: int = 0
    words: str = ""
    """Of the text whose vector is given; without, it is looked for by that alone."""


class Hit(NamedTuple):
    """A product that was found, and how like the query it is, at most 1."""

    id: str
    score: float


class Found(NamedTuple):
    """What was found."""

    hits: list[Hit]
    fitting: int
    """Products that fit the query's filter."""


class _Part(NamedTuple):
    """One thing that is looked for: ``scale`` and ``shift`` make a score of its cosines."""

    name: str
    vector: Floats
    scale: float
    shift: float


class Index:
    """Products by name; vectors are seen through the lenses of the catalogue, which stay the same."""

    def __init__(self, picture_lens: Lens | None = None, text_lens: Lens | None = None) -> None:
        self.lenses = {
            "picture": picture_lens or lens.plain(pictures.LENGTH),
            "text": text_lens or lens.plain(engine.LENGTH),
        }
        self.matrices = {name: Matrix(len(one.mean)) for name, one in self.lenses.items()}
        self.columns = Columns()
        self.words = Words()
        self.names: list[str] = []
        self._rows: dict[str, int] = {}
        self._kept: list[Matrix | Columns | Words] = [*self.matrices.values(), self.columns, self.words]

    def __len__(self) -> int:
        return len(self.names)

    def __contains__(self, name: str) -> bool:
        return name in self._rows

    @property
    def resident_bytes(self) -> int:
        """Memory of all that is kept, with room left for more not counted."""
        return sum(part.resident_bytes for part in self._kept) + len(self) * IDENTITY_BYTES

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
                self.words.put(row, entry.words)
                continue
            self._rows[entry.id] = len(self.names)
            self.names.append(entry.id)
            self.columns.append(entry.facts)
            self.words.append(entry.words)

    def remove(self, names: Iterable[str]) -> int:
        """Take products out; how many of ``names`` were there."""
        removed = 0
        for name in names:
            row = self._rows.pop(name, None)
            if row is None:
                continue
            for part in self._kept:
                part.remove(row)
            last = self.names.pop()
            if last != name:
                self.names[row] = last
                self._rows[last] = row
            removed += 1
        return removed

    def search(self, query: Query) -> Found:
        """The products most like ``query``; ValueError for one without a vector, or one that looks too deep."""
        depth = query.offset + query.limit
        if query.picture is None and query.text is None:
            raise ValueError("a query needs the vector of a picture or of a text")
        if depth > DEEPEST:
            raise ValueError(f"offset and limit together are at most {DEEPEST:,}")
        fitting = self.columns.rows(query.where) if query.where.asks else None
        rows, scores = self._ranked(query, depth, fitting)
        hits = [Hit(self.names[row], float(score)) for row, score in zip(rows, scores, strict=True)]
        return Found(hits[query.offset : depth], len(self) if fitting is None else len(fitting))

    def facets(self, where: Where) -> Facets:
        """What there is among the products that are as ``where`` says."""
        return self.columns.facets(self.columns.rows(where) if where.asks else None)

    def _ranked(self, query: Query, depth: int, fitting: Rows | None) -> tuple[Rows, Floats]:
        """Rows and scores, best first: by one vector exactly, by several parts the best of what each proposes."""
        shares = self.words.shares(query.words) if query.words and query.text is not None else None
        parts = self._parts(query, has_words=shares is not None)
        if len(parts) == 1 and shares is None:
            rows, cosines = self.matrices[parts[0].name].nearest(parts[0].vector, depth, fitting)
            return rows, parts[0].scale * cosines + parts[0].shift
        count = max(CANDIDATES, 2 * depth)
        proposed = [self.matrices[part.name].nearest(part.vector, count, fitting)[0] for part in parts]
        words_weight = 0.0
        if shares is not None:
            proposed.append(_highest(shares, count, fitting))
            words_weight = WORDS_SHARE * (1.0 if query.picture is None else 1 - query.picture_share)
        rows = np.unique(np.concatenate(proposed))
        scores = np.zeros(len(rows), np.float32)
        for part in parts:
            scores += part.scale * self.matrices[part.name].likeness(part.vector, rows) + part.shift
        if shares is not None:
            scores += words_weight * shares[rows]
        best = np.argsort(-scores, kind="stable")[:depth]
        return rows[best], scores[best]

    def _parts(self, query: Query, *, has_words: bool) -> list[_Part]:
        """The vectors that are looked for, and what each of them says of all."""
        picture_weight = 0.0 if query.picture is None else 1.0 if query.text is None else query.picture_share
        found = []
        if query.picture is not None:
            found.append(_Part("picture", self._seen("picture", query.picture), picture_weight, 0.0))
        if query.text is not None:
            scale = (1 - picture_weight) * (1 - WORDS_SHARE if has_words else 1.0) / (1 - STRANGERS)
            found.append(_Part("text", self._seen("text", query.text), scale, -STRANGERS * scale))
        return found

    def _seen(self, name: str, vector: Floats) -> Floats:
        seen: Floats = self.lenses[name].seen(vector[None])[0]
        return seen

    def _steps(self, name: str, vectors: list[Floats | None]) -> Steps:
        found = np.zeros((len(vectors), self.matrices[name].length), np.int8)
        there = [position for position, vector in enumerate(vectors) if vector is not None]
        if there:
            given = np.stack([vector for vector in vectors if vector is not None])
            found[there] = stepped(self.lenses[name].seen(given))
        return found


def _highest(shares: Floats, count: int, fitting: Rows | None) -> Rows:
    """Up to ``count`` rows with the highest shares above 0, of all or of ``fitting``."""
    rows = np.flatnonzero(shares) if fitting is None else fitting[shares[fitting] > 0]
    if len(rows) > count:
        rows = rows[np.argpartition(-shares[rows], count)[:count]]
    return rows
