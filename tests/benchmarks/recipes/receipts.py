"""Scanned receipts whose words people wrote down: how many of the words are read.

A folder has the pictures in ``img``, and in ``box`` a table for each, with eight coordinates and the text of a line.
Words are compared without accents and capitals, each as often as it is there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

from tests.benchmarks.recipes.effort import Effort
from tests.benchmarks.recipes.likeness import folded

COORDINATES: Final = 8


class Receipt(msgspec.Struct, frozen=True):
    """How much was read of one receipt."""

    name: str
    words: int
    read: int
    """Of the words."""
    cpu_seconds: float


def pictures_in(folder: Path) -> list[Path]:
    """Those of which the words are known."""
    return sorted(path for path in (folder / "img").iterdir() if _table_of(path).exists())


def read_of(picture: Path) -> Receipt:
    """How many words of a receipt rapidocr reads."""
    from service.workloads.recipes.reading import read

    with Effort() as effort:
        page = read(picture.read_bytes(), "rapidocr")
    true = true_words(picture)
    found = _words(span.text for span in page.spans)
    return Receipt(picture.stem, true.total(), (true & found).total(), effort.cpu_seconds)


def true_words(picture: Path) -> Counter[str]:
    """The words on a receipt, as people wrote them down."""
    lines = _table_of(picture).read_text(encoding="utf-8", errors="replace").splitlines()
    return _words(line.split(",", COORDINATES)[-1] for line in lines if line.count(",") >= COORDINATES)


def _words(lines: Iterable[str]) -> Counter[str]:
    return Counter(word for line in lines for word in folded(line).split())


def _table_of(picture: Path) -> Path:
    return picture.parents[1] / "box" / f"{picture.stem}.csv"
