"""Requests that cost something: comments that nobody has sent before."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, cycle
from pathlib import Path

from tests.support.http import post

PATH = "/v1/comments"
_TEXTS = [
    line
    for line in (Path(__file__).resolve().parents[2] / "loadtests/corpus/comments.txt").read_text("utf-8").splitlines()
    if line.strip() and not line.startswith("#")
]
_numbers = count(1)


def fresh_texts() -> Iterator[str]:
    """Texts of the corpus with a number each, never the same again."""
    for text in cycle(_TEXTS):
        yield f"{text} {next(_numbers)}"


def fresh(comments: int = 1, quality: str = "good", **headers: str) -> Iterator[bytes]:
    """Requests with so many fresh comments each."""
    texts = fresh_texts()
    while True:
        yield post(PATH, {"comments": [next(texts) for _ in range(comments)], "quality": quality}, **headers)
