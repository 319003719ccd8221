"""What is measured of fetching; no origin is a label, since callers choose them and there is no end of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from service.core.metrics import OTHER, Count, Instrument, Level, Metrics
from service.core.slots import Slot

FETCHED = "none"
"""The error type of what was fetched."""
FETCH_ERRORS = (
    *("address-refused", "busy", "coding", "connect", "dns", "invalid", "not-http", "redirects", "timeout"),
    *("too-large", "http-403", "http-404", "http-410", "http-429", "http-500", "http-502", "http-503", "http-504"),
)
"""The kinds that have a series of their own; every other one counts as `OTHER`."""
PHASES = ("turn", "exchange")

FETCHES = Instrument(
    "loadstone_fetches_total",
    "What was fetched, and what could not be, by the kind of its error.",
    "counter",
    ("error_type",),
    sparse=True,
)
FETCH_RETRIES = Instrument("loadstone_fetch_retries_total", "Fetches that were tried again.", "counter")
FETCH_SECONDS = Instrument(
    "loadstone_fetch_seconds_total",
    "Time that fetches took, by what for: waiting for the origin's turn, and asking it.",
    "counter",
    ("phase",),
)
FETCHES_WAITING = Instrument("loadstone_fetches_waiting", "Fetches that wait for their origin's turn.", "gauge")
FETCHES_RUNNING = Instrument("loadstone_fetches_running", "Fetches that ask an origin now.", "gauge")
ORIGINS = Instrument("loadstone_fetch_origins", "Origins that are remembered.", "gauge")

SERIES: Mapping[Instrument, Sequence[tuple[str, ...]]] = {
    FETCHES: [(kind,) for kind in (FETCHED, *FETCH_ERRORS, OTHER)],
    FETCH_RETRIES: [()],
    FETCH_SECONDS: [(phase,) for phase in PHASES],
    FETCHES_WAITING: [()],
    FETCHES_RUNNING: [()],
    ORIGINS: [()],
}


@dataclass(frozen=True, slots=True)
class FetchMeters:
    """What one fetcher records."""

    outcomes: Mapping[str, Count]
    retries: Count
    turn: Count
    exchange: Count
    waiting: Level
    running: Level
    origins: Level

    @classmethod
    def of(cls, metrics: Metrics) -> FetchMeters:
        """Those of a process whose layout has `SERIES`."""
        return cls(
            outcomes={kind: metrics.count(FETCHES, kind) for (kind,) in SERIES[FETCHES]},
            retries=metrics.count(FETCH_RETRIES),
            turn=metrics.count(FETCH_SECONDS, "turn"),
            exchange=metrics.count(FETCH_SECONDS, "exchange"),
            waiting=metrics.level(FETCHES_WAITING),
            running=metrics.level(FETCHES_RUNNING),
            origins=metrics.level(ORIGINS),
        )

    @classmethod
    def unseen(cls) -> FetchMeters:
        """Meters that nobody reads."""
        cells = Slot.private(1).cells
        count, level = Count(cells, 0), Level(cells, 0)
        return cls({OTHER: count}, count, count, count, level, level, level)

    def ended(self, kind: str) -> None:
        """A fetch has ended, by an error of this ``kind`` or as `FETCHED`."""
        (self.outcomes.get(kind) or self.outcomes[OTHER]).add()
