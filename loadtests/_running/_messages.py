"""What the recording process and the generator processes tell one another.

    recorder ── begin, ask, go, halt ──▶ every generator
    recorder ◀───── shown, report ────── every generator

The recorder asks for the time before the start, so that all start together, and every second from then on, which also
tells a generator that it is still there. In a run with one process both ends are in it, and Locust hands the messages
over directly.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import msgspec

from loadtests._planning._plan import Plan
from loadtests._running._ledger import Report

BEGIN = "loadstone-begin"
ASK = "loadstone-ask"
SHOWN = "loadstone-shown"
GO = "loadstone-go"
HALT = "loadstone-halt"
REPORT = "loadstone-report"


class UnreadableMessageError(Exception):
    """The other end speaks another language; it has another version of the load tests."""


class Begin(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A run is being prepared; users that start now belong to it."""

    generator: str
    """The addressee's name in the record."""
    seed: int
    plan: Plan | None
    """None in a free run, where every user arrives at ``user_rate`` for as long as it lives."""
    user_rate: float
    """Arrivals per second of one user in a free run."""
    api_key: str = ""
    """What the target is shown; empty for nothing."""
    base: str = ""
    """In a duel the address of the base, which has half of the requests; empty where there is none."""


class Ask(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What does your clock show?"""

    asked: float
    """When, on the recorder's clock; comes back with the answer."""


class Shown(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """From a generator: what its monotonic clock showed when it was asked."""

    asked: float
    shown: float


class Share(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The addressee's users of one workload among all users of that workload."""

    first: int
    count: int
    of: int


class Go(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The run starts."""

    start: float
    """Second 0 of the run, on the addressee's own monotonic clock."""
    shares: dict[str, Share]


NO_SHARE: Mapping[str, Share] = {}
"""What there is to share out in a free run."""


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


def packed(message: Begin | Ask | Shown | Go | Report) -> dict[str, Any]:
    """``message`` as the data of a Locust message."""
    return {"packed": _encoder.encode(message)}


_Kind = TypeVar("_Kind", Begin, Ask, Shown, Go, Report)


def _reader(kind: type[_Kind]) -> Callable[[Any], _Kind]:
    decoder = msgspec.msgpack.Decoder(kind)

    def read(data: Any) -> _Kind:
        try:
            return decoder.decode(data["packed"])
        except (msgspec.MsgspecError, KeyError, TypeError) as error:
            raise UnreadableMessageError(f"a message cannot be read ({error})") from error

    return read


begin_of = _reader(Begin)
"""The `Begin` in a Locust message's data; like those below it raises `UnreadableMessageError`."""
ask_of = _reader(Ask)
shown_of = _reader(Shown)
go_of = _reader(Go)
report_of = _reader(Report)
