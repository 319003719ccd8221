"""How often the category of a photo is that of the product found first, and of one of the first five.

Each photo is looked for once, among nineteen twentieths of all of its set; whatever a lens learns, it learns of those.
The looks were chosen on the clothes; with the groceries nothing was chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from service.pictures.decoding import decoded
from service.workloads.products import lens, pictures
from service.workloads.products.columns import Facts
from service.workloads.products.index import Entry, Index, Query
from service.workloads.products.lens import Lens, unit
from service.workloads.products.network import Floats
from service.workloads.products.pictures import LOOKS, Look

PARTS: Final = 20
DEPTH: Final = 10
EXPANDED_BY: Final = 5
"""Products found first whose mean is added to a query that is expanded."""

MIDDLE: Final = Look(224, 0.875)
SEEN_AS: Final[Mapping[str, tuple[Look, ...]]] = {
    "one look at 224": (MIDDLE,),
    "one look at 288": (Look(288, 0.875),),
    "and mirrored": (Look(288, 0.875), Look(288, 0.875, is_mirrored=True)),
    "and wider": (Look(288, 0.875), Look(288, 1.0, is_mirrored=True)),
    "three looks, from near and far (shipped)": LOOKS,
}
Fit = Callable[[Floats, Sequence[str]], Lens]
LENSES: Final[Mapping[str, Fit]] = {
    "as the network tells": lambda vectors, _: lens.plain(vectors.shape[1]),
    "the mean taken off": lambda vectors, _: lens.centred(vectors),
    "whitened within categories (shipped)": lens.fitted,
}


class Category(msgspec.Struct, frozen=True):
    """How one set fared in one way."""

    photos: str
    way: str
    queries: int
    first: float
    """Share of queries whose category the product found first has."""
    five: float
    """And one of the first five."""
    ten: float
    """Share of the first ten products that have the query's category."""


def vectors(paths: Sequence[Path], tell: Callable[[str], None]) -> dict[str, Floats]:
    """The photos in each of the ways of `SEEN_AS`."""
    found: dict[str, list[Floats]] = {way: [] for way in SEEN_AS}
    for number, path in enumerate(paths):
        tell(f"photo {number + 1} of {len(paths)}")
        picture = decoded(path.read_bytes(), pictures.EDGE).pixels
        told = {look: pictures.of_pixels([picture], [look])[0] for look in {*sum(SEEN_AS.values(), ())}}
        for way, looks in SEEN_AS.items():
            found[way].append(np.sum([told[look] for look in looks], axis=0))
    return {way: unit(np.array(rows)) for way, rows in found.items()}


def measured(photos: str, seen: Mapping[str, Floats], categories: Sequence[str]) -> Iterator[Category]:
    """Every way to look through the lens that is shipped, then every lens, then a query that is expanded."""
    shipped = seen[list(SEEN_AS)[-1]]
    for way in SEEN_AS:
        yield _category(photos, way, seen[way], categories, lens.fitted)
    for way, fit in LENSES.items():
        yield _category(photos, way, shipped, categories, fit)
    yield _category(photos, "queries expanded by what they find", shipped, categories, lens.fitted, expanded=True)


def _category(
    photos: str, way: str, vectors: Floats, categories: Sequence[str], fit: Fit, *, expanded: bool = False
) -> Category:
    labels = np.array(categories)
    found = np.zeros((len(labels), DEPTH), np.bool_)
    for kept, asked in parts(labels):
        index = indexed(vectors[kept], list(labels[kept]), fit)
        for row in asked:
            query = _expanded(index, vectors[kept], vectors[row]) if expanded else vectors[row]
            hits = index.search(Query(picture=query, limit=DEPTH)).hits
            found[row] = [labels[kept][int(hit.id)] == labels[row] for hit in hits]
    return Category(
        photos, way, len(labels), float(found[:, 0].mean()), float(found[:, :5].any(axis=1).mean()), float(found.mean())
    )


def parts(labels: NDArray[np.str_], count: int = PARTS) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Rows to keep and rows to look for, every row looked for once, each label spread evenly over all parts."""
    order = np.argsort(labels, kind="stable")
    part = np.empty(len(labels), np.int64)
    part[order] = np.arange(len(labels)) % count
    for number in range(count):
        yield np.flatnonzero(part != number), np.flatnonzero(part == number)


def indexed(vectors: Floats, categories: Sequence[str], fit: Fit) -> Index:
    """A catalogue of pictures alone, called by their rows."""
    index = Index(fit(vectors, categories))
    told = zip(vectors, categories, strict=True)
    index.add(Entry(str(row), vector, None, Facts(category)) for row, (vector, category) in enumerate(told))
    return index


def _expanded(index: Index, vectors: Floats, query: Floats) -> Floats:
    rows = [int(hit.id) for hit in index.search(Query(picture=query, limit=EXPANDED_BY)).hits]
    expanded: Floats = unit((query + vectors[rows].mean(axis=0))[None])[0]
    return expanded
