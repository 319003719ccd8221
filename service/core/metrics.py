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

from service.core.slots import Cells, Reading, Slot, read_all
from service.core.workload import AnyWorkload

LATENCY_EDGES = (
    *(0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.25, 0.5),
    *(1.0, 2.0, 2.5, 5.0, 10.0, 30.0, 60.0),
)
"""Upper bucket edges in seconds; the thresholds of all latency objectives are among them."""
SIZE_EDGES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0, 1024.0)

OTHER = "_OTHER"
"""The label of every method, route or status that is not in the fixed set."""
METHODS = ("GET", "HEAD", "POST", "OPTIONS", OTHER)
STATUSES = (*(200, 202, 204, 303), *(400, 404, 405, 408, 413, 415, 422, 499), *(500, 501, 503))


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
REFUSALS = Instrument(
    "loadstone_refusals_total", "Requests refused for want of room.", "counter", ("workload", "reason")
)
JOBS = Instrument("loadstone_jobs_submitted_total", "Requests taken on to be answered later.", "counter", ("workload",))

CACHE_OUTCOMES = ("hit", "miss", "skipped")
REFUSAL_REASONS = ("concurrency", "queue", "deadline")


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
        self.fingerprint = zlib.crc32(repr((list(self._offsets.items()), LATENCY_EDGES, SIZE_EDGES)).encode())

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

    @property
    def levels(self) -> list[int]:
        """Cells of the gauges: they speak of the present, so a new owner starts them at zero."""
        return [
            self.offset(instrument, *values)
            for instrument, labels in self.series.items()
            if instrument.kind == "gauge"
            for values in labels
        ]


def layout_of(workloads: Iterable[AnyWorkload], routes: Iterable[str], tiers: Iterable[str]) -> Layout:
    """The layout of a service with these workloads, HTTP routes and cache tiers."""
    workloads = tuple(workloads)
    statuses = (*map(str, STATUSES), OTHER)
    lanes = [(workload.name, lane.name) for workload in workloads for lane in workload.lanes]
    names = [workload.name for workload in workloads]
    return Layout(
        {
            REQUEST_DURATION: list(product(METHODS, (*routes, OTHER), statuses)),
            ACTIVE_REQUESTS: [()],
            ITEMS: lanes,
            FAILED_ITEMS: lanes,
            CACHE_LOOKUPS: list(product(tiers, CACHE_OUTCOMES)),
            BATCH_ITEMS: lanes,
            BATCH_DURATION: lanes,
            QUEUE_WAIT: lanes,
            REFUSALS: list(product(names, REFUSAL_REASONS)),
            JOBS: [(name,) for name in names],
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


class Distribution:
    """A histogram's row of buckets."""

    __slots__ = ("_cells", "_edges", "_offset", "_sum")

    def __init__(self, cells: Cells, offset: int, edges: tuple[float, ...]) -> None:
        self._cells = cells
        self._offset = offset
        self._edges = edges
        self._sum = offset + len(edges) + 1

    def observe(self, value: float) -> None:
        """Count ``value``; a value on an edge belongs below it."""
        cells = self._cells
        cells[self._offset + bisect_left(self._edges, value)] += 1.0
        cells[self._sum] += value


@dataclass(frozen=True, slots=True)
class LaneMeters:
    """What is measured of one lane."""

    items: Count
    failed_items: Count
    batch_items: Distribution
    batch_duration: Distribution
    queue_wait: Distribution


@dataclass(frozen=True, slots=True)
class TierMeters:
    """What is measured of one cache tier."""

    hit: Count
    miss: Count
    skipped: Count


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

    def tier(self, name: str) -> TierMeters:
        """The meters of one cache tier."""
        return TierMeters(*(self.count(CACHE_LOOKUPS, name, outcome) for outcome in CACHE_OUTCOMES))

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
