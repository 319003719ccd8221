"""Where the time of the call in hand goes, for what lies too deep to be handed the call."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from time import perf_counter
from typing import NamedTuple

from service.core.call import Timing

TIMING: ContextVar[Timing | None] = ContextVar("timing", default=None)
"""The timing of the call that runs in this context; None unless somebody wants to know."""


class Stage(NamedTuple):
    """One stretch of a stage, in seconds of the timeline's clock."""

    name: str
    started: float
    ended: float


def _stage(name: str) -> property:
    cell = Timing.__dict__[name]

    def read(timeline: Timeline) -> float:
        seconds: float = cell.__get__(timeline)
        return seconds

    def write(timeline: Timeline, seconds: float) -> None:
        spent = seconds - read(timeline)
        if spent > 0.0:
            timeline.add(name, spent)
        cell.__set__(timeline, seconds)

    return property(read, write)


class Timeline(Timing):
    """A timing that keeps when each stretch was, for a trace.

    What is added to a stage ended at that moment. Stages follow one another, so several that are added at once lie in
    the order of adding and end together; only the database's part lies within another.
    """

    __slots__ = ("clock", "stages")

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        for name in Timing.__slots__:
            Timing.__dict__[name].__set__(self, 0.0)
        self.clock = clock
        self.stages: list[Stage] = []

    def add(self, name: str, seconds: float) -> None:
        """Note a stretch of so many seconds that ends now."""
        now = self.clock()
        started = now - seconds
        if name != "db":
            self._make_way(started)
        self.stages.append(Stage(name, started, now))

    def _make_way(self, moment: float) -> None:
        """Move back what would overlap with a stretch that starts at ``moment``."""
        for place in reversed(range(len(self.stages))):
            stage = self.stages[place]
            if stage.name == "db":
                continue
            if stage.ended <= moment:
                return
            self.stages[place] = stage._replace(started=moment - (stage.ended - stage.started), ended=moment)
            moment = self.stages[place].started

    queue = _stage("queue")
    cache = _stage("cache")
    batch = _stage("batch")
    compute = _stage("compute")
    db = _stage("db")


class TracedRequest(NamedTuple):
    """One request that was traced; moments in seconds of ``perf_counter``."""

    traceparent: bytes
    method: str
    route: str
    status: int
    started: float
    ended: float
    tenant: str
    request_id: str
    timeline: Timeline | None
