"""What the recording process and the generator processes tell one another.

    recorder ── begin, go, halt ──▶ every generator
    recorder ◀────── report ─────── every generator

In a run with one process both ends are in it, and Locust hands the messages over directly.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec

from loadtests._ledger import Report
from loadtests._plan import Plan

BEGIN = "loadstone-begin"
GO = "loadstone-go"
HALT = "loadstone-halt"
REPORT = "loadstone-report"


class Begin(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A run is being prepared; users that start now belong to it."""

    generator: str
    """The addressee's name in the record."""
    seed: int
    plan: Plan | None
    """None in a free run, where every user arrives at ``user_rate`` for as long as it lives."""
    user_rate: float
    """Arrivals per second of one user in a free run."""


class Share(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The addressee's users of one workload among all users of that workload."""

    first: int
    count: int
    of: int


class Go(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The run starts. The wall clock aligns processes; within a process only the monotonic clock counts."""

    epoch: float
    """Second 0 of the run, in seconds since 1970."""
    shares: dict[str, Share]


def shares(counts: Mapping[str, Mapping[str, int]]) -> dict[str, dict[str, Share]]:
    """Number all users of each workload from 0: client to workload to users, and the same to shares."""
    of: Counter[str] = Counter()
    for users in counts.values():
        of.update(users)
    given: Counter[str] = Counter()
    parts: dict[str, dict[str, Share]] = {}
    for client, users in counts.items():
        parts[client] = {
            workload: Share(first=given[workload], count=count, of=of[workload]) for workload, count in users.items()
        }
        given.update(users)
    return parts


_encoder = msgspec.msgpack.Encoder()


def packed(message: Begin | Go | Report) -> dict[str, Any]:
    """``message`` as the data of a Locust message."""
    return {"packed": _encoder.encode(message)}


_begin = msgspec.msgpack.Decoder(Begin)
_go = msgspec.msgpack.Decoder(Go)
_report = msgspec.msgpack.Decoder(Report)


def begin_of(data: dict[str, Any]) -> Begin:
    """The `Begin` in a Locust message's data."""
    return _begin.decode(data["packed"])


def go_of(data: dict[str, Any]) -> Go:
    """The `Go` in a Locust message's data."""
    return _go.decode(data["packed"])


def report_of(data: dict[str, Any]) -> Report:
    """The `Report` in a Locust message's data."""
    return _report.decode(data["packed"])
