"""How often photos without any text are found by words: through the map of a shop's own pairs of texts and photos.

Of all photos one half is the shop's, each with its category as title; of the other half nothing but the vectors is
known. Then the halves change places. Looked for are the coarse classes, by their names.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

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


class Imagined(msgspec.Struct, frozen=True):
    """How many of the first ten photos show what was asked for, where there are ten that do."""

    way: str
    queries: int
    precision: float
    chance: float
    """What drawing lots would give."""


def measured(photos: Sequence[Photo], vectors: Floats) -> list[Imagined]:
    """Classes that the shop knows, and each as if it had never heard of it."""
    known, unheard = [], []
    labels = np.array([photo.title for photo in photos])
    for shop, others in parts(labels, 2):
        shown = np.array([photos[row].coarse for row in others])
        classes = [name for name in sorted({*shown}) if (shown == name).sum() >= DEPTH]
        for name in classes:
            chance = float((shown == name).mean())
            known.append((_precision(photos, vectors, shop, others, name), chance))
            without = np.array([row for row in shop if photos[row].coarse != name])
            unheard.append((_precision(photos, vectors, without, others, name), chance))
    return [_told("classes that pairs tell of", known), _told("classes that no pair tells of", unheard)]


def _precision(
    photos: Sequence[Photo], vectors: Floats, shop: NDArray[np.int64], others: NDArray[np.int64], name: str
) -> float:
    """Share of the first ten of ``others`` that show ``name``, by the pairs of ``shop``."""
    titles = [photos[row].title for row in shop]
    different = sorted({*titles})
    texts = dict(zip(different, engine.passages(different), strict=True))
    crossed = crossing.fit(np.array([texts[title] for title in titles]), vectors[shop])
    if crossed is None:
        raise ValueError(f"{len(different)} different titles are too few for a map")
    index = Index(lens.fitted(vectors[shop], titles))
    index.add(Entry(str(row), vectors[row], None) for row in others)
    picture = crossed.pictures_of(engine.queries([name.replace("-", " ")]))[0]
    hits = index.search(Query(picture=picture, limit=DEPTH)).hits
    return sum(photos[int(hit.id)].coarse == name for hit in hits) / DEPTH


def _told(way: str, found: Sequence[tuple[float, float]]) -> Imagined:
    precision, chance = np.mean(np.array(found).reshape(-1, 2), axis=0)
    return Imagined(way, len(found), float(precision), float(chance))
