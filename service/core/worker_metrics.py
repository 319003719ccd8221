"""What is measured of a worker of batches; one process, which is asked by whoever looks after workers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Final

from service.core.fetch_metrics import FETCH_ERRORS
from service.core.metrics import OTHER, Instrument

ROW_ERRORS: Final = (
    *FETCH_ERRORS,
    *("analysis", "damaged", "fetch", "not-an-image", "too-many-pixels", "worker-lost"),
)
"""The kinds that have a series of their own; every other one counts as `OTHER`."""
CHUNK_OUTCOMES: Final = ("completed", "late", "given-back")
STAGES: Final = ("analysis", "database", "own")
END_REASONS: Final = ("recycled", "lost")
SLOWEST: Final = 5
"""Origins of which is told how often they are asked, by rank and not by name."""

CHUNKS = Instrument(
    "loadstone_worker_chunks_total",
    "Chunks that left this worker: completed, refused as late because another worker had them, given back.",
    "counter",
    ("workload", "outcome"),
)
CLAIMED = Instrument("loadstone_worker_chunks_claimed_total", "Chunks that this worker took.", "counter", ("workload",))
LEASES_LOST = Instrument(
    "loadstone_worker_leases_lost_total", "Chunks that another worker took while this one had them.", "counter"
)
ROWS = Instrument("loadstone_worker_rows_total", "Rows that have their result.", "counter", ("workload",))
FAILED_ROWS = Instrument(
    "loadstone_worker_rows_failed_total",
    "Rows whose result is an error, by its kind.",
    "counter",
    ("workload", "error_type"),
    sparse=True,
)
ROWS_A_SECOND = Instrument(
    "loadstone_worker_rows_per_second", "Rows that were done each second of late.", "gauge", ("workload",)
)
ROWS_IN_HAND = Instrument(
    "loadstone_worker_rows_in_hand", "Rows of the chunks that this worker has, done ones included.", "gauge"
)
CHUNKS_IN_HAND = Instrument("loadstone_worker_chunks_in_hand", "Chunks that this worker has.", "gauge")
ROWS_IN_FLIGHT = Instrument("loadstone_worker_rows_in_flight", "Rows on their way.", "gauge", ("workload",))
WIDTH = Instrument("loadstone_worker_width", "Rows that may be on their way at a time.", "gauge", ("workload",))
STAGE_SECONDS = Instrument(
    "loadstone_worker_seconds_total",
    "Seconds by stage: analyses (all threads), waiting for the database, and what the event loop computes by itself.",
    "counter",
    ("stage",),
)
RESTARTS = Instrument(
    "loadstone_worker_restarts_total",
    "Workers before this one: those that had grown too large, and those that were brought down.",
    "counter",
    ("reason",),
)
MEMORY_LIMIT = Instrument(
    "loadstone_worker_memory_limit_bytes", "Memory above which another process takes over.", "gauge"
)
SLOW_RATE = Instrument(
    "loadstone_fetch_slow_origin_rate",
    "Requests a second that the slowest origins of late are sent at most, the slowest first; /origins tells who.",
    "gauge",
    ("rank",),
)
SLOW_RUNNING = Instrument(
    "loadstone_fetch_slow_origin_running", "Requests that the same origins are answering.", "gauge", ("rank",)
)


def series(workloads: Iterable[str]) -> Mapping[Instrument, Sequence[tuple[str, ...]]]:
    """The series of a worker for these ``workloads``; the rows of others count as `OTHER`."""
    names = (*workloads, OTHER)
    each = [(name,) for name in names]
    ranks = [(str(rank),) for rank in range(1, SLOWEST + 1)]
    return {
        CHUNKS: list(product(names, CHUNK_OUTCOMES)),
        CLAIMED: each,
        LEASES_LOST: [()],
        ROWS: each,
        FAILED_ROWS: list(product(names, (*ROW_ERRORS, OTHER))),
        ROWS_A_SECOND: each,
        ROWS_IN_HAND: [()],
        CHUNKS_IN_HAND: [()],
        ROWS_IN_FLIGHT: each,
        WIDTH: each,
        STAGE_SECONDS: [(stage,) for stage in STAGES],
        RESTARTS: [(reason,) for reason in END_REASONS],
        MEMORY_LIMIT: [()],
        SLOW_RATE: ranks,
        SLOW_RUNNING: ranks,
    }
