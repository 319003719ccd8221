"""What a foreign test sends, before it is a plan: streams of arrivals or users, each with a course and a mix."""

from __future__ import annotations

from typing import Any, NamedTuple

from slo.promises import Promise, Remark


class Leg(NamedTuple):
    """A part of a course, linear from ``first`` to ``last``: arrivals per second, or users."""

    seconds: float
    first: float
    last: float
    name: str = ""


class Traffic(NamedTuple):
    """What one arrival, or one turn of a user, sends: requests by workload, and the pauses in seconds."""

    requests: dict[str, float]
    pause: float | None
    """None where the file has one and does not say how long."""


class Stream(NamedTuple):
    """One scenario from ``begin`` seconds on."""

    closed: bool
    legs: tuple[Leg, ...]
    traffic: Traffic
    where: str
    begin: float = 0.0
    poisson: bool = False
    most_at_once: int | None = None
    """Arrivals beyond so many under way are dropped."""

    @property
    def end(self) -> float:
        """Seconds from the start of the test."""
        return self.begin + sum(leg.seconds for leg in self.legs)


class Reading(NamedTuple):
    """All that was found in a file."""

    tool: str
    streams: tuple[Stream, ...]
    promises: tuple[Promise, ...]
    remarks: tuple[Remark, ...]
    timeout_seconds: float | None = None


class Import(NamedTuple):
    """A plan's table, as TOML has it, and what goes with it."""

    tool: str
    table: dict[str, Any]
    promises: tuple[Promise, ...]
    remarks: tuple[Remark, ...]
