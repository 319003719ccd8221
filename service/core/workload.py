"""A workload: all that the pipeline needs to know of one kind of analysis.

A request is split into items; items of one lane, from any number of requests, are analysed together;
the outcomes are joined into the answer. The item is the unit of caching, batching and counting.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import msgspec

from service.core.errors import AnalysisError

Request = TypeVar("Request", bound=msgspec.Struct)
Item = TypeVar("Item")
Outcome = TypeVar("Outcome", bound=msgspec.Struct)
Answer = TypeVar("Answer", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Lane:
    """One way of analysing items, with its own batching, threads and cache life."""

    name: str
    batch_items: int
    """Analyse at most this many at once."""
    batch_wait: float
    """Seconds an item may wait for company; 0 analyses a request's items at once, without company."""
    threads: int
    """Threads that analyse; 0 runs on the event loop, right only for work of some 100 µs an item."""
    queue_items: int
    """Refuse more when this many wait."""
    cache_ttl: float
    """Seconds an outcome is kept."""


@dataclass(frozen=True, slots=True)
class Workload(Generic[Request, Item, Outcome, Answer]):
    """One kind of analysis. ``name`` is its one name: package, URL, metric label, cache key, locustfile, objective."""

    name: str
    summary: str
    version: str
    """Of model and rules; part of every cache key, so that a new model never answers from an old one's cache."""
    request: type[Request]
    outcome: type[Outcome]
    answer: type[Answer]
    lanes: tuple[Lane, ...]
    split: Callable[[Request], Sequence[Item]]
    """The items of a request, in order; raises `InvalidRequestError` or `ExtraMissingError`."""
    lane_of: Callable[[Item], str]
    key_of: Callable[[Item], bytes]
    """Equal bytes mean equal work."""
    analyse: Callable[[str, Sequence[Item]], Sequence[Outcome | AnalysisError]]
    """(lane name, items) to one outcome per item, in order. Blocks; thread-safe; a bad item fails alone."""
    join: Callable[[Request, Sequence[Outcome]], Answer]
    prepare: Callable[[], None]
    """Load models; called once per process before the first request. Never raises for a missing extra."""
    body_bytes: int = 1_048_576
    examples: Mapping[str, Any] = field(default_factory=dict)
    """Request bodies by name, for the OpenAPI document; each must be valid."""


AnyWorkload = Workload[Any, Any, Any, Any]
