"""What a word beside a photo helps: the class of a grocery, looked for by its photo and the name of its wider class.

Products are the photos of the other parts, each with the description of its class as text.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from service.sentences import engine
from service.workloads.products import lens
from service.workloads.products.columns import Facts
from service.workloads.products.index import Entry, Index, Query
from service.workloads.products.network import Floats
from tests.benchmarks.products.categories import parts
from tests.benchmarks.products.goods import Kind, Photo

SHARES: Final = (1.0, 0.75, 0.5, 0.25, 0.0)


class Both(msgspec.Struct, frozen=True):
    """How often the product found first is of the right class, with one share of the picture."""

    picture_share: float
    queries: int
    first: float
    five: float


def measured(photos: Sequence[Photo], vectors: Floats, kinds: Sequence[Kind]) -> list[Both]:
    """Each share, from the photo alone to the words alone."""
    said = {kind.name: kind.description for kind in kinds}
    texts = dict(zip(said, engine.passages(list(said.values())), strict=True))
    coarse = sorted({photo.coarse.replace("-", " ") for photo in photos})
    asked = dict(zip(coarse, engine.queries(coarse), strict=True))
    labels = np.array([photo.title for photo in photos])
    found = np.zeros((len(SHARES), len(photos), 5), np.bool_)
    for kept, left in parts(labels, 5):
        index = Index(lens.fitted(vectors[kept], list(labels[kept])))
        index.add(
            Entry(str(row), vectors[row], texts[photos[row].title], Facts(photos[row].title), said[photos[row].title])
            for row in kept
        )
        for row in left:
            name = photos[row].coarse.replace("-", " ")
            for place, share in enumerate(SHARES):
                query = Query(vectors[row], asked[name], picture_share=share, limit=5, words=name)
                found[place, row] = [labels[int(hit.id)] == labels[row] for hit in index.search(query).hits]
    return [
        Both(share, len(photos), float(each[:, 0].mean()), float(each.any(axis=1).mean()))
        for share, each in zip(SHARES, found, strict=True)
    ]
