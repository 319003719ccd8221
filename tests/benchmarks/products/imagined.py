"""How often photos without any text are found by words: through the map of a shop's own pairs of texts and photos.

Of all photos one half is the shop's, each with its category as title; of the other half nothing but the vectors is
known. Then the halves change places. Looked for are the coarse classes, by their names.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from service.sentences import engine
from service.workloads.products import crossing, lens
from service.workloads.products.index import Entry, Index, Query
from service.workloads.products.network import Floats
from tests.benchmarks.products.categories import parts
from tests.benchmarks.products.goods import Photo

DEPTH: Final = 10

Rows = NDArray[np.int64]


class Imagined(msgspec.Struct, frozen=True):
    """How many of the first ten photos show what was asked for, where there are ten that do."""

    way: str
    queries: int
    precision: float
    chance: float
    """What drawing lots would give."""


class _Shop(NamedTuple):
    """What is known of all photos."""

    photos: Sequence[Photo]
    vectors: Floats
    texts: Floats
    """Of their titles."""

    def precision(self, pairs: Rows, others: Rows, name: str, asked: Floats) -> float:
        """Share of the first ten of ``others`` that show ``name``, whose vector is ``asked``, by the shop's pairs."""
        titles = [self.photos[row].title for row in pairs]
        crossed = crossing.fit(self.texts[pairs], self.vectors[pairs])
        if crossed is None:
            raise ValueError(f"{len({*titles})} different titles are too few for a map")
        index = Index(lens.fitted(self.vectors[pairs], titles))
        index.add(Entry(str(row), self.vectors[row], None) for row in others)
        hits = index.search(Query(picture=crossed.pictures_of(asked[None])[0], limit=DEPTH)).hits
        return sum(self.photos[int(hit.id)].coarse == name for hit in hits) / DEPTH


def measured(photos: Sequence[Photo], vectors: Floats) -> list[Imagined]:
    """Classes that the shop knows, and each as if it had never heard of it."""
    titles = sorted({photo.title for photo in photos})
    texts = dict(zip(titles, engine.passages(titles), strict=True))
    coarse = sorted({photo.coarse for photo in photos})
    asked = dict(zip(coarse, engine.queries([name.replace("-", " ") for name in coarse]), strict=True))
    shop = _Shop(photos, vectors, np.array([texts[photo.title] for photo in photos]))
    shown = np.array([photo.coarse for photo in photos])
    known, unheard = [], []
    for pairs, others in parts(np.array([photo.title for photo in photos]), 2):
        for name in [name for name in coarse if (shown[others] == name).sum() >= DEPTH]:
            chance = float((shown[others] == name).mean())
            known.append((shop.precision(pairs, others, name, asked[name]), chance))
            without = pairs[shown[pairs] != name]
            unheard.append((shop.precision(without, others, name, asked[name]), chance))
    return [_told("classes that pairs tell of", known), _told("classes that no pair tells of", unheard)]


def _told(way: str, found: Sequence[tuple[float, float]]) -> Imagined:
    precision, chance = np.mean(np.array(found).reshape(-1, 2), axis=0)
    return Imagined(way, len(found), float(precision), float(chance))
