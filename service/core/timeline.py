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

    def add(timeline: Timeline, seconds: float) -> None:
        spent = seconds - read(timeline)
        if spent > 0.0:
            now = timeline.clock()
            timeline.stages.append(Stage(name, now - spent, now))
        cell.__set__(timeline, seconds)

    return property(read, add)


class Timeline(Timing):
    """A timing that keeps when each stretch was, for a trace: what is added to a stage ended at that moment."""

    __slots__ = ("clock", "stages")

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        for name in Timing.__slots__:
            Timing.__dict__[name].__set__(self, 0.0)
        self.clock = clock
        self.stages: list[Stage] = []

    queue = _stage("queue")
    cache = _stage("cache")
    batch = _stage("batch")
    compute = _stage("compute")
    db = _stage("db")
