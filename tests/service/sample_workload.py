"""A small workload for tests: it measures words, cheaply on the loop or dearly in a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import Annotated, Literal

import msgspec

from service.core.batches import Fields
from service.core.errors import AnalysisError, InvalidRequestError
from service.core.workload import BatchRule, CachePolicy, Lane, Workload


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Words to measure."""

    words: Annotated[
        tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=50)], ...], msgspec.Meta(max_length=1000)
    ]
    lane: Literal["cheap", "dear"] = "cheap"


class Length(msgspec.Struct, frozen=True):
    """The length of one word."""

    word: str
    length: int


class Lengths(msgspec.Struct, frozen=True):
    """The lengths of all words, in order."""

    lengths: list[Length]


Item = tuple[str, str]


class Meter:
    """Measures; remembers what it was given. ``bad`` fails alone, ``poison`` fails its batch."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.open = threading.Event()
        self.open.set()
        self.started = threading.Event()

    def __call__(self, lane: str, items: Sequence[Item]) -> list[Length | AnalysisError]:
        self.started.set()
        assert self.open.wait(30)
        words = [word for _, word in items]
        self.batches.append(words)
        if "poison" in words:
            raise RuntimeError("poison")
        return [AnalysisError("too bad") if word == "bad" else Length(word, len(word)) for word in words]

    @property
    def measured(self) -> list[str]:
        """Every word that was measured, in order."""
        return [word for batch in self.batches for word in batch]


def words_workload(
    analyse: Callable[[str, Sequence[Item]], Sequence[Length | AnalysisError]] | None = None,
    *,
    batch_items: int = 4,
    batch_wait: float = 0.0,
    threads: int = 1,
    queue_items: int = 100,
    cache_ttl: float = 60.0,
    body_bytes: int = 10_000,
) -> Workload[Words, Item, Length, Lengths]:
    """The workload, with these properties for its dear lane."""
    return Workload(
        name="words",
        summary="How long words are.",
        version="1",
        request=Words,
        outcome=Length,
        answer=Lengths,
        lanes=(
            Lane("cheap", batch_items, 0.0, 0, 10_000, CachePolicy(ttl=cache_ttl, jitter=0.0, far=False)),
            Lane("dear", batch_items, batch_wait, threads, queue_items, CachePolicy(ttl=cache_ttl, jitter=0.0)),
        ),
        split=_split,
        lane_of=lambda item: item[0],
        key_of=lambda item: item[1].encode(),
        analyse=analyse or Meter(),
        join=lambda request, outcomes: Lengths(list(outcomes)),
        prepare=lambda: None,
        body_bytes=body_bytes,
        batch=BatchRule(columns={"word": "what is measured"}, options=WordOptions, item_of=_item_of_row, chunk_rows=3),
        examples={"two-words": {"words": ["stone", "lode"]}},
    )


class WordOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is chosen for all words of a batch."""

    lane: Literal["cheap", "dear"] = "cheap"


def _item_of_row(fields: Fields, options: WordOptions) -> Item:
    word = fields.get("word")
    if not isinstance(word, str) or not word:
        raise InvalidRequestError("word", "it is empty")
    return options.lane, word


def _split(request: Words) -> list[Item]:
    if not request.words:
        raise InvalidRequestError("$.words", "Expected at least one word")
    return [(request.lane, word) for word in request.words]
