"""Every instrument of the service: name, help, labels, buckets.

All label values are known at start, so a series is a fixed cell (or row of cells) in a shared array
and recording is an index and an addition: no lock, no text, no allocation. Text is made only when somebody
scrapes, from the sum over the slots of all worker processes. Record from the event loop's thread alone.
"""

from __future__ import annotations

import os
import time
import zlib
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from service.core.call import Priority
from service.core.slots import Cells, Reading, Slot, read_all
from service.core.workload import AnyWorkload

LATENCY_EDGES = (
    *(0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.25, 0.5),
    *(1.0, 2.0, 2.5, 5.0, 10.0, 30.0, 60.0),
)
"""Upper bucket edges in seconds; the thresholds of all latency objectives are among them."""
DATABASE_EDGES = (
    *(0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1),
    *(0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
"""Upper bucket edges in seconds for queries and for waiting for a connection."""
SIZE_EDGES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0)

OTHER = "_OTHER"
"""The label of every method, route, status or query that is not in the fixed set."""
METHODS = ("GET", "HEAD", "POST", "OPTIONS", OTHER)
STATUSES = (
    *(200, 202, 204, 303, 304),
    *(400, 401, 403, 404, 405, 408, 413, 415, 422, 429, 499),
    *(500, 501, 503),
)


@dataclass(frozen=True, slots=True)
class Instrument:
    """One metric family."""

    name: str
    help: str
    kind: Literal["counter", "gauge", "histogram"]
    labels: tuple[str, ...] = ()
    edges: tuple[float, ...] = ()
    sparse: bool = False
    """Leave out series that never counted anything."""

    @property
    def width(self) -> int:
        """Cells of one series: a histogram has one for each bucket, the endless one and the sum."""
        return len(self.edges) + 2 if self.edges else 1


REQUEST_DURATION = Instrument(
    "http_server_request_duration_seconds",
    "Time from the request's arrival to the end of its answer.",
    "histogram",
    ("http_request_method", "http_route", "http_response_status_code"),
    LATENCY_EDGES,
    sparse=True,
)
ACTIVE_REQUESTS = Instrument("http_server_active_requests", "Requests being answered now.", "gauge")
ITEMS = Instrument("loadstone_items_total", "Items answered, cached or not.", "counter", ("workload", "lane"))
FAILED_ITEMS = Instrument(
    "loadstone_items_failed_total", "Items that could not be analysed.", "counter", ("workload", "lane")
)
CACHE_LOOKUPS = Instrument(
    "loadstone_cache_lookups_total",
    "Cache lookups of items: hit, miss, or skipped because the tier is away.",
    "counter",
    ("tier", "outcome"),
)
CACHE_FAILURES = Instrument(
    "loadstone_cache_failures_total", "Calls that a tier of the cache did not answer.", "counter", ("tier", "operation")
)
CACHE_PROMOTED = Instrument(
    "loadstone_cache_promoted_total", "Entries found in a tier and copied to the nearer ones.", "counter", ("tier",)
)
CACHE_WRITTEN = Instrument("loadstone_cache_written_total", "Entries that a tier took.", "counter", ("tier",))
CACHE_DROPPED = Instrument(
    "loadstone_cache_dropped_total",
    "Entries that a tier was not given: its queue was full, it was away, or they were too large.",
    "counter",
    ("tier",),
)
CACHE_SAVED = Instrument(
    "loadstone_cache_compression_saved_bytes_total",
    "Bytes less to send to a tier, by compression.",
    "counter",
    ("tier",),
)
CACHE_EVICTIONS = Instrument(
    "loadstone_cache_evictions_total", "Entries that went because others needed their room.", "counter", ("tier",)
)
CACHE_ENTRIES = Instrument("loadstone_cache_entries", "Entries in the workers' memory.", "gauge", ("tier",))
CACHE_RESIDENT = Instrument(
    "loadstone_cache_resident_bytes", "Bytes of the entries in the workers' memory.", "gauge", ("tier",)
)
CACHE_LEFT_ALONE = Instrument(
    "loadstone_cache_left_alone", "Workers that do not ask a tier at the moment, because it failed.", "gauge", ("tier",)
)
CACHE_INVALIDATIONS = Instrument(
    "loadstone_cache_invalidations_total", "Invalidations that workers carried out in their memory.", "counter"
)
BATCH_ITEMS = Instrument(
    "loadstone_batch_items", "Items analysed together.", "histogram", ("workload", "lane"), SIZE_EDGES
)
BATCH_DURATION = Instrument(
    "loadstone_batch_duration_seconds", "Time to analyse a batch.", "histogram", ("workload", "lane"), LATENCY_EDGES
)
QUEUE_WAIT = Instrument(
    "loadstone_queue_wait_seconds",
    "Time an item waited for its batch to start.",
    "histogram",
    ("workload", "lane"),
    LATENCY_EDGES,
)
CONCURRENCY_LIMIT = Instrument(
    "loadstone_concurrency_limit",
    "Requests in flight up to which more are admitted now, by priority.",
    "gauge",
    ("priority",),
)
REQUESTS_IN_FLIGHT = Instrument(
    "loadstone_requests_in_flight", "Requests admitted and not yet answered, by priority.", "gauge", ("priority",)
)
REFUSALS = Instrument(
    "loadstone_refusals_total", "Requests refused for want of room.", "counter", ("workload", "priority", "reason")
)
ANSWERS = Instrument(
    "loadstone_answer_lookups_total",
    "Look-ups of whole answers in the worker's memory, by the bytes of the request: hit or miss.",
    "counter",
    ("workload", "outcome"),
)
DATABASE_DURATION = Instrument(
    "db_client_operation_duration_seconds",
    "Time from sending a named query to its answer, as the service sees it.",
    "histogram",
    ("db_operation_name",),
    DATABASE_EDGES,
    sparse=True,
)
DATABASE_ERRORS = Instrument(
    "loadstone_database_errors_total",
    "Named queries that got no answer, by what went wrong.",
    "counter",
    ("db_operation_name", "error_type"),
    sparse=True,
)
DATABASE_RETRIES = Instrument(
    "loadstone_database_retries_total",
    "Named queries that were tried again.",
    "counter",
    ("db_operation_name",),
    sparse=True,
)
CONNECTIONS = Instrument(
    "db_client_connection_count",
    "Open database connections, by whether they are in use.",
    "gauge",
    ("db_client_connection_state",),
)
CONNECTION_LIMIT = Instrument("db_client_connection_max", "Database connections that may be open.", "gauge")
CONNECTION_QUEUE = Instrument(
    "db_client_connection_pending_requests", "Who waits for a free database connection.", "gauge"
)
CONNECTION_WAIT = Instrument(
    "db_client_connection_wait_time_seconds",
    "Time to get a database connection, opening one included.",
    "histogram",
    (),
    DATABASE_EDGES,
)
SHORT_OF_MEMORY = Instrument(
    "loadstone_workers_short_of_memory",
    "Workers that have given up something because memory runs out, by what it is.",
    "gauge",
    ("relief",),
)
KEY_CHECKS = Instrument(
    "loadstone_key_checks_total", "Keys asked for in the database, by what came of it.", "counter", ("outcome",)
)
RATE_DRAWS = Instrument(
    "loadstone_rate_draws_total",
    "Draws of tokens from the shared buckets, or from the worker's own while those are away.",
    "counter",
    ("bucket", "outcome"),
)
TRACES = Instrument(
    "loadstone_traces_total",
    "Traced requests: sent, lost because the collector did not take them, dropped because too many waited.",
    "counter",
    ("outcome",),
)
JOBS = Instrument("loadstone_jobs_submitted_total", "Requests taken on to be answered later.", "counter", ("workload",))

CACHE_OUTCOMES = ("hit", "miss", "skipped")
CACHE_OPERATIONS = ("read", "write")
CACHE_MEMORY = "memory"
"""The tier in the process; every cache has it."""
PRIORITIES = tuple(priority.name.lower() for priority in Priority)
REFUSAL_REASONS = ("concurrency", "queue", "deadline", "memory")
CONNECTION_STATES = ("used", "idle")
DATABASE_FAULTS = ("saturated", "unreachable", "timeout", "refused")
TRACE_OUTCOMES = ("sent", "lost", "dropped")
RELIEFS = ("cache", "bulk", "all")
KEY_OUTCOMES = ("accepted", "refused", "away")
BUCKETS = ("shared", "local")


class Layout:
    """Which cell belongs to which series; equal layouts have equal fingerprints."""

    def __init__(self, series: Mapping[Instrument, Sequence[tuple[str, ...]]]) -> None:
        self.series = dict(series)
        self.size = 0
        self._offsets: dict[tuple[str, tuple[str, ...]], int] = {}
        for instrument, labels in self.series.items():
            for values in labels:
                self._offsets[instrument.name, values] = self.size
                self.size += instrument.width
        edges = [instrument.edges for instrument in self.series]
        self.fingerprint = zlib.crc32(repr((list(self._offsets.items()), edges)).encode())

    def offset(self, instrument: Instrument, *values: str) -> int:
        """The first cell of a series; KeyError if it was not declared."""
        return self._offsets[instrument.name, values]

    def rows(self, instrument: Instrument, cells: NDArray[np.float64]) -> NDArray[np.float64]:
        """The part of all ``cells`` that belongs to ``instrument``: one row for each of its series, in order."""
        labels = self.series[instrument]
        if not labels:
            return np.zeros((0, instrument.width))
        offset = self.offset(instrument, *labels[0])
        return cells[offset : offset + len(labels) * instrument.width].reshape(len(labels), instrument.width)

    def joined(self, series: Mapping[Instrument, Sequence[tuple[str, ...]]]) -> Layout:
        """This one, and ``series`` after it."""
        return Layout({**self.series, **series})

    @property
    def levels(self) -> list[int]:
        """Cells of the gauges: they speak of the present, so a new owner starts them at zero."""
        return [
            self.offset(instrument, *values)
            for instrument, labels in self.series.items()
            if instrument.kind == "gauge"
            for values in labels
        ]

    def totals(self, readings: Iterable[Reading]) -> NDArray[np.float64]:
        """All cells summed over the slots; of a gauge, those of living workers alone."""
        totals = np.zeros(self.size)
        levels = self.levels
        for reading in readings:
            cells = reading.cells.copy()
            if not reading.alive:
                cells[levels] = 0.0
            totals += cells
        return totals


def layout_of(
    workloads: Iterable[AnyWorkload], routes: Iterable[str], tiers: Iterable[str], queries: Iterable[str] = ()
) -> Layout:
    """The layout of a service with these workloads, HTTP routes, cache tiers and named database queries."""
    workloads, queries = tuple(workloads), (*queries, OTHER)
    statuses = (*map(str, STATUSES), OTHER)
    lanes = [(workload.name, lane.name) for workload in workloads for lane in workload.lanes]
    names = [workload.name for workload in workloads]
    far = [tier for tier in tiers if tier != CACHE_MEMORY]
    each = [(tier,) for tier in far]
    return Layout(
        {
            REQUEST_DURATION: list(product(METHODS, (*routes, OTHER), statuses)),
            ACTIVE_REQUESTS: [()],
            ITEMS: lanes,
            FAILED_ITEMS: lanes,
            CACHE_LOOKUPS: list(product((CACHE_MEMORY, *far), CACHE_OUTCOMES)),
            CACHE_FAILURES: list(product(far, CACHE_OPERATIONS)),
            CACHE_PROMOTED: each,
            CACHE_WRITTEN: each,
            CACHE_DROPPED: each,
            CACHE_SAVED: each,
            CACHE_EVICTIONS: [(CACHE_MEMORY,)],
            CACHE_ENTRIES: [(CACHE_MEMORY,)],
            CACHE_RESIDENT: [(CACHE_MEMORY,)],
            CACHE_LEFT_ALONE: each,
            CACHE_INVALIDATIONS: [()],
            BATCH_ITEMS: lanes,
            BATCH_DURATION: lanes,
            QUEUE_WAIT: lanes,
            CONCURRENCY_LIMIT: [(priority,) for priority in PRIORITIES],
            REQUESTS_IN_FLIGHT: [(priority,) for priority in PRIORITIES],
            REFUSALS: list(product(names, PRIORITIES, REFUSAL_REASONS)),
            ANSWERS: list(product(names, ("hit", "miss"))),
            JOBS: [(name,) for name in names],
            DATABASE_DURATION: [(name,) for name in queries],
            DATABASE_ERRORS: list(product(queries, DATABASE_FAULTS)),
            DATABASE_RETRIES: [(name,) for name in queries],
            CONNECTIONS: [(state,) for state in CONNECTION_STATES],
            CONNECTION_LIMIT: [()],
            CONNECTION_QUEUE: [()],
            CONNECTION_WAIT: [()],
            KEY_CHECKS: [(outcome,) for outcome in KEY_OUTCOMES],
            RATE_DRAWS: list(product(BUCKETS, ("granted", "refused"))),
            SHORT_OF_MEMORY: [(relief,) for relief in RELIEFS],
            TRACES: [(outcome,) for outcome in TRACE_OUTCOMES],
        }
    )


class Count:
    """A sum that only rises."""

    __slots__ = ("_cells", "_offset")

    def __init__(self, cells: Cells, offset: int) -> None:
        self._cells = cells
        self._offset = offset

    def add(self, amount: float = 1.0) -> None:
        """Add ``amount``, which is not negative."""
        self._cells[self._offset] += amount


class Level:
    """A number that rises and falls."""

    __slots__ = ("_cells", "_offset")

    def __init__(self, cells: Cells, offset: int) -> None:
        self._cells = cells
        self._offset = offset

    def move(self, amount: float) -> None:
        """Change it by ``amount``."""
        self._cells[self._offset] += amount

    def set(self, value: float) -> None:
        """Make it ``value``."""
        self._cells[self._offset] = value


class Distribution:
    """A histogram's row of buckets."""

    __slots__ = ("_cells", "_edges", "_offset", "_sum")

    def __init__(self, cells: Cells, offset: int, edges: tuple[float, ...]) -> None:
        self._cells = cells
        self._offset = offset
        self._edges = edges
        self._sum = offset + len(edges) + 1

    def observe(self, value: float, times: int = 1) -> None:
        """Count ``value`` so many times; a value on an edge belongs below it."""
        cells = self._cells
        cells[self._offset + bisect_left(self._edges, value)] += times
        cells[self._sum] += value * times


@dataclass(frozen=True, slots=True)
class LaneMeters:
    """What is measured of one lane."""

    items: Count
    failed_items: Count
    batch_items: Distribution
    batch_duration: Distribution
    queue_wait: Distribution


@dataclass(frozen=True, slots=True)
class LimitMeters:
    """What is measured of the concurrency limit, by priority."""

    limit: tuple[Level, ...]
    in_flight: tuple[Level, ...]

    @classmethod
    def unseen(cls) -> LimitMeters:
        """Meters that nobody reads."""
        count = len(PRIORITIES)
        levels = [Level(Slot.private(1).cells, 0) for _ in range(2 * count)]
        return cls(tuple(levels[:count]), tuple(levels[count:]))


@dataclass(frozen=True, slots=True)
class TierMeters:
    """What is measured of one cache tier."""

    hit: Count
    miss: Count
    skipped: Count
    failed_reads: Count
    failed_writes: Count
    promoted: Count
    written: Count
    dropped: Count
    saved: Count
    left_alone: Level


@dataclass(frozen=True, slots=True)
class MemoryMeters:
    """What is measured of the cache tier in the process."""

    hit: Count
    miss: Count
    evictions: Count
    entries: Level
    resident: Level
    invalidations: Count


class Metrics:
    """Records into one slot. ``folder`` is where the slots of all workers lie, None for a process of its own."""

    def __init__(self, layout: Layout, folder: Path | None = None) -> None:
        self.layout = layout
        self._folder = folder
        self._slot = (
            Slot.private(layout.size)
            if folder is None
            else Slot.claim(folder, layout.fingerprint, layout.size, layout.levels)
        )
        self._cells = self._slot.cells
        self._active = layout.offset(ACTIVE_REQUESTS)
        self._requests = self._request_rows()

    def request_started(self) -> None:
        """A request arrived; `request_ended` must follow."""
        self._cells[self._active] += 1.0

    def request_ended(self, method: str, route: str, status: int, seconds: float) -> None:
        """A request was answered; labels outside the fixed sets count as `OTHER`."""
        cells = self._cells
        row = self._requests.get((method, route, status))
        if row is None:
            row = self._request_row_of_others(method, route, status)
        cells[row + bisect_left(LATENCY_EDGES, seconds)] += 1.0
        cells[row + len(LATENCY_EDGES) + 1] += seconds
        cells[self._active] -= 1.0

    def count(self, instrument: Instrument, *values: str) -> Count:
        """The counter of one series."""
        return Count(self._cells, self.layout.offset(instrument, *values))

    def level(self, instrument: Instrument, *values: str) -> Level:
        """The gauge of one series, as far as this process makes it up."""
        return Level(self._cells, self.layout.offset(instrument, *values))

    def distribution(self, instrument: Instrument, *values: str) -> Distribution:
        """The histogram of one series."""
        return Distribution(self._cells, self.layout.offset(instrument, *values), instrument.edges)

    def lane(self, workload: str, lane: str) -> LaneMeters:
        """The meters of one lane."""
        return LaneMeters(
            items=self.count(ITEMS, workload, lane),
            failed_items=self.count(FAILED_ITEMS, workload, lane),
            batch_items=self.distribution(BATCH_ITEMS, workload, lane),
            batch_duration=self.distribution(BATCH_DURATION, workload, lane),
            queue_wait=self.distribution(QUEUE_WAIT, workload, lane),
        )

    def limit(self) -> LimitMeters:
        """The meters of the concurrency limit."""
        return LimitMeters(
            limit=tuple(self.level(CONCURRENCY_LIMIT, name) for name in PRIORITIES),
            in_flight=tuple(self.level(REQUESTS_IN_FLIGHT, name) for name in PRIORITIES),
        )

    def tier(self, name: str) -> TierMeters:
        """The meters of one cache tier outside of the process."""
        return TierMeters(
            hit=self.count(CACHE_LOOKUPS, name, "hit"),
            miss=self.count(CACHE_LOOKUPS, name, "miss"),
            skipped=self.count(CACHE_LOOKUPS, name, "skipped"),
            failed_reads=self.count(CACHE_FAILURES, name, "read"),
            failed_writes=self.count(CACHE_FAILURES, name, "write"),
            promoted=self.count(CACHE_PROMOTED, name),
            written=self.count(CACHE_WRITTEN, name),
            dropped=self.count(CACHE_DROPPED, name),
            saved=self.count(CACHE_SAVED, name),
            left_alone=self.level(CACHE_LEFT_ALONE, name),
        )

    def memory(self) -> MemoryMeters:
        """The meters of the cache tier in the process."""
        return MemoryMeters(
            hit=self.count(CACHE_LOOKUPS, CACHE_MEMORY, "hit"),
            miss=self.count(CACHE_LOOKUPS, CACHE_MEMORY, "miss"),
            evictions=self.count(CACHE_EVICTIONS, CACHE_MEMORY),
            entries=self.level(CACHE_ENTRIES, CACHE_MEMORY),
            resident=self.level(CACHE_RESIDENT, CACHE_MEMORY),
            invalidations=self.count(CACHE_INVALIDATIONS),
        )

    def readings(self) -> list[Reading]:
        """The slots of all workers."""
        if self._folder is None:
            return [Reading(0, os.getpid(), True, time.process_time(), np.array(self._cells, dtype=np.float64))]
        return list(read_all(self._folder, self.layout.fingerprint, self.layout.size))

    def close(self) -> None:
        """Give the slot to the next worker."""
        self._slot.close()

    def _request_rows(self) -> dict[tuple[str, str, int], int]:
        return {
            (method, route, int(status)): self.layout.offset(REQUEST_DURATION, method, route, status)
            for method, route, status in self.layout.series[REQUEST_DURATION]
            if status != OTHER
        }

    def _request_row_of_others(self, method: str, route: str, status: int) -> int:
        if method not in METHODS:
            method = OTHER
        if (METHODS[0], route, STATUSES[0]) not in self._requests:
            route = OTHER
        return self.layout.offset(REQUEST_DURATION, method, route, str(status) if status in STATUSES else OTHER)
