"""The labelled photos and texts that quality is measured on: of clothes and groceries, and what shoppers typed.

The folder holds `clothing/train/CATEGORY/*.jpg`, `grocery/train/.../CLASS/*.jpg`, `grocery/classes.csv` with the coarse
class and the description of each class, and `wands/query.csv` with what was typed and the kind of product it meant.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import NamedTuple


class Photo(NamedTuple):
    """A photo of a product."""

    path: Path
    category: str
    title: str
    coarse: str
    """The category, or the wider one that it belongs to."""


class Kind(NamedTuple):
    """What groceries of one class are called and what a shop says of them."""

    name: str
    coarse: str
    description: str


class Wish(NamedTuple):
    """What a shopper typed, and what kind of product was meant."""

    text: str
    kind: str


def clothes(data: Path) -> list[Photo]:
    """The photos of clothes."""
    photos = sorted((data / "clothing/train").glob("*/*.jpg"))
    return [Photo(path, path.parent.name, _spoken(path.parent.name), path.parent.name) for path in photos]


def groceries(data: Path) -> list[Photo]:
    """The photos of groceries on their shelves."""
    coarse = {row["Class Name (str)"]: row["Coarse Class Name (str)"] for row in _classes(data)}
    photos = sorted((data / "grocery/train").rglob("*.jpg"))
    named = [(path, next(part.name for part in path.parents if part.name in coarse)) for path in photos]
    return [Photo(path, name, _spoken(name), coarse[name]) for path, name in named]


def kinds(data: Path) -> list[Kind]:
    """The classes of groceries that are described."""
    return [
        Kind(_spoken(row["Class Name (str)"]), row["Coarse Class Name (str)"], _text(data, row).strip())
        for row in _classes(data)
    ]


def wishes(data: Path) -> list[Wish]:
    """What shoppers typed, where it is known what they meant."""
    with (data / "wands/query.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return [Wish(row["query"], row["query_class"]) for row in rows if row["query_class"]]


def _classes(data: Path) -> list[dict[str, str]]:
    with (data / "grocery/classes.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _text(data: Path, row: dict[str, str]) -> str:
    return (data / "grocery" / row["Product Description Path (str)"].lstrip("/")).read_text(encoding="utf-8")


def _spoken(name: str) -> str:
    return name.replace("-", " ").replace("_", " ")
