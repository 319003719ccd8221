"""A workload: all that the pipeline needs to know of one kind of analysis.

A request is split into items; items of one lane, from any number of requests, are analysed together;
the outcomes are joined into the answer. The item is the unit of caching, batching and counting.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Generic, TypeVar

import msgspec

from service.core.batches import Fields
from service.core.call import Priority
from service.core.errors import AnalysisError
from service.core.fetching import Fetcher
from service.core.keepsakes import Keepsake
from service.core.postscripts import Postscripts, Stores

Request = TypeVar("Request", bound=msgspec.Struct)
Item = TypeVar("Item")
Outcome = TypeVar("Outcome", bound=msgspec.Struct)
Answer = TypeVar("Answer", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True, kw_only=True)
class CachePolicy:
    """How long outcomes are kept, and where. Times are in seconds; 0 switches a rule off."""

    ttl: float
    """An outcome is fresh for so long; 0 keeps nothing."""
    jitter: float = 0.1
    """Share of ``ttl`` by which it is shortened at random, so that what was made together does not end together."""
    stale: float = 0.0
    """After ``ttl``, an outcome still answers for so long while it is made anew in the background."""
    negative: float = 0.0
    """An item's failure is kept for so long."""
    far: bool = True
    """Whether the tiers outside of the process are asked, which costs a round trip."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One way of analysing items, with its own batching, threads and cache policy."""

    name: str
    batch_items: int
    """Analyse at most this many at once."""
    batch_wait: float
    """Seconds an item waits for company before a thread takes it, unless a batch is full; on the event loop the
    company is what comes in the same turn."""
    threads: int
    """Threads that analyse; 0 runs on the event loop, right only for work of some 100 µs an item."""
    queue_items: int
    """Refuse more when this many wait."""
    cache: CachePolicy
    batch_seconds: float = 0.05
    """A batch should take no longer: its size adapts to the pace that it sees, up to ``batch_items``."""
    fetches: int = 256
    """Items that are fetched at a time, where the workload fetches; many, since a slow origin holds its own."""
    queue_seconds: float = 60.0
    """An item that waited longer is refused rather than analysed for nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BatchRule(Generic[Item]):
    """How the rows of a batch become items."""

    columns: Mapping[str, str]
    """The columns that are understood, with their meanings; a row must have the first, and ``id`` may come with all."""
    options: type[msgspec.Struct]
    """What may be chosen for all rows of a batch; every field has a default."""
    item_of: Callable[[Fields, Any], Item]
    """A row and the options; InvalidRequestError, its pointer the column, for a row that is none. Called for every row
    of an upload, so it takes microseconds."""
    chunk_rows: int
    """Rows that are worked off, kept and repeated together; some seconds of work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadRule(Generic[Request]):
    """How a body that is no JSON becomes a request, such as ``POST /v1/images`` with a picture as it is."""

    media_types: tuple[str, ...]
    """Such as ``image/jpeg``, in lower case."""
    body_bytes: int
    """A larger body is refused."""
    options: type[msgspec.Struct]
    """What may be said in the query: text, numbers, true or false; every field has a default, and none is unknown."""
    request_of: Callable[[bytes, Any], Request]
    """The body, which is not empty, and the options; InvalidRequestError, its pointer ``?NAME``, for an option that
    cannot be."""


class Belonging(Enum):
    """What tenants leave with the service by a workload, and may look at and take back."""

    THUMBNAILS = "thumbnails"
    KNOWN_PICTURES = "known pictures"
    CATALOGUE = "catalogue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A second question that a workload answers, at a path of its own; never as a job."""

    summary: str
    request: type[msgspec.Struct]
    answer: type[msgspec.Struct]
    examples: Mapping[str, Any] = field(default_factory=dict)
    """As those of `Workload`."""


@dataclass(frozen=True, slots=True)
class Workload(Generic[Request, Item, Outcome, Answer]):
    """One kind of analysis. ``name`` is its one name: package, URL, metric label, cache key, locustfile, objective."""

    name: str
    summary: str
    version: str
    """Of model and rules; part of every cache key, so that a new model never answers from an old one's cache."""
    request: type[Request]
    """What is asked at ``/v1/NAME``; ``split`` and ``join`` take what is asked at `doors`, too."""
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
    bulk_bytes: int = 16_384
    """A larger body is bulk work unless its sender says otherwise: it is refused first when there is no room."""
    shares_outcomes: bool = False
    """Whether one tenant may be answered from another's outcomes; right only for what is public anyway."""
    fetch: Callable[[Item, Fetcher, Priority], Awaitable[Item]] | None = None
    """Completes an item that is not known yet with what it names; AnalysisError when that cannot be had. None where
    requests bring all that is needed."""
    keepsakes: Callable[[Outcome], tuple[Outcome, Sequence[Keepsake]]] | None = None
    """What an outcome brings that is kept elsewhere, and the outcome without it. None where there is no such thing."""
    postscripts: Callable[[Stores], Postscripts[Item, Outcome]] | None = None
    """None where an outcome says all there is to be said."""
    upload: UploadRule[Request] | None = None
    """None where only JSON is understood."""
    batch: BatchRule[Item] | None = None
    """None where there are no batches of it."""
    belongings: frozenset[Belonging] = frozenset()
    """What tenants have by it; each has routes of its own."""
    doors: Mapping[str, Door] = field(default_factory=dict)
    """By what stands behind ``/v1/NAME/``."""
    examples: Mapping[str, Any] = field(default_factory=dict)
    """Request bodies by name, for the OpenAPI document; each must be valid."""


AnyWorkload = Workload[Any, Any, Any, Any]
