"""Streams to the table of a plan: courses added up, mixes weighed, one model of arrivals."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from typing import Any

from loadtests._imports._source import ForeignFileError
from loadtests._imports._streams import Leg, Stream
from loadtests._imports._table import Remarks

MOST_STAGES = 2_000
MOST_USERS_OF_A_WORKLOAD = 8
"""Open users who share a limit on what is under way."""
LONGEST_NAME = 40

_DEFAULT_PAUSE = 1.0
_MOMENT = 1e-9
"""Seconds that are no time at all."""


def plan_table(streams: Sequence[Stream], remarks: Remarks) -> dict[str, Any]:
    """The table of a plan that sends what ``streams`` say; raises `ForeignFileError` when they are too many."""
    kept = _of_one_model(streams, remarks)
    closed = kept[0].closed
    weights = _weights(kept, remarks)
    table: dict[str, Any] = {"arrivals": _arrivals(kept)}
    if closed:
        table["think_seconds"] = _pause(kept, remarks)
    else:
        table |= _room(kept, len(weights), remarks)
    table["stages"] = _stages(kept)
    table["mix"] = weights
    return table


def _of_one_model(streams: Sequence[Stream], remarks: Remarks) -> list[Stream]:
    kept = [stream for stream in streams if stream.closed == streams[0].closed]
    model = "closed" if streams[0].closed else "open"
    for stream in streams:
        if stream.closed != streams[0].closed:
            says = "users who wait" if stream.closed else "arrivals at a rate"
            remarks.add(stream.where, says, f"a plan is open or closed throughout; this one is {model}")
    return kept


def _arrivals(streams: Sequence[Stream]) -> str:
    if streams[0].closed:
        return "closed"
    return "poisson" if any(stream.poisson for stream in streams) else "constant"


def _area(stream: Stream) -> float:
    """Arrivals of the stream, or seconds of all its users."""
    return sum((leg.first + leg.last) / 2.0 * leg.seconds for leg in stream.legs)


def _weights(streams: Sequence[Stream], remarks: Remarks) -> dict[str, float]:
    weights: dict[str, float] = {}
    for stream in streams:
        per_arrival = 1.0 / sum(stream.traffic.requests.values()) if stream.closed else 1.0
        for workload, times in stream.traffic.requests.items():
            weights[workload] = weights.get(workload, 0.0) + _area(stream) * times * per_arrival
    total = sum(weights.values())
    if len({_mix(stream) for stream in streams}) > 1:
        remarks.add(
            "scenarios", "different mixes at different times", "a plan has one mix; now the one over all", lost=False
        )
    return {name: round(weight / total, 9) if total else 1.0 for name, weight in sorted(weights.items())}


def _mix(stream: Stream) -> frozenset[tuple[str, float]]:
    """The workloads of one stream and their shares."""
    total = sum(stream.traffic.requests.values())
    return frozenset((workload, round(times / total, 9)) for workload, times in stream.traffic.requests.items())


def _pause(streams: Sequence[Stream], remarks: Remarks) -> float:
    """Seconds between an answer and the next request: what a turn pauses, shared by its requests."""
    pauses: list[tuple[float, float]] = []
    for stream in streams:
        pause = stream.traffic.pause
        if pause is None:
            remarks.add(
                stream.where, "a pause of unknown length", f"think_seconds is {_DEFAULT_PAUSE:g} now", lost=False
            )
            pause = _DEFAULT_PAUSE
        pauses.append((_area(stream), pause / sum(stream.traffic.requests.values())))
    total = sum(area for area, _ in pauses)
    mean = sum(area * pause for area, pause in pauses) / total if total else pauses[0][1]
    if len({pause for _, pause in pauses}) > 1:
        remarks.add("scenarios", "different pauses", f"a plan has one; now their mean, {mean:.3g} s", lost=False)
    return round(mean, 9)


def _room(streams: Sequence[Stream], workloads: int, remarks: Remarks) -> dict[str, int]:
    """``users`` and ``in_flight`` so that their product is the limit on what is under way."""
    caps = [stream.most_at_once for stream in streams if stream.most_at_once is not None]
    if len(caps) < len(streams):
        return {}
    cap = max(sum(caps) // workloads, 1)
    users = next(users for users in range(min(cap, MOST_USERS_OF_A_WORKLOAD), 0, -1) if cap % users == 0)
    if users * (cap // users) * workloads != sum(caps):
        says = f"at most {sum(caps)} at once"
        remarks.add(streams[0].where, says, f"shared evenly by {workloads} workloads, {cap} each", lost=False)
    return {"users": users, "in_flight": cap // users}


def _stages(streams: Sequence[Stream]) -> list[dict[str, Any]]:
    moments = sorted({0.0, *(moment for stream in streams for moment in _edges(stream))})
    spans = [(begin, end) for begin, end in pairwise(moments) if end - begin > _MOMENT]
    if len(spans) > MOST_STAGES:
        raise ForeignFileError(f"more than {MOST_STAGES:,} stages are too many for a plan")
    named = len(streams) == 1
    names = _Names()
    stages: list[dict[str, Any]] = []
    for begin, end in spans:
        name = names.unique(_name_at(streams[0], (begin + end) / 2.0) if named else "")
        stage: dict[str, Any] = {"name": name, "seconds": _rounded(end - begin)}
        first, last = (sum(_level(stream, begin, end, at_end=late) for stream in streams) for late in (False, True))
        stages.append(stage | _course(first, last, closed=streams[0].closed))
    return stages


def _course(first: float, last: float, *, closed: bool) -> dict[str, float | int]:
    word = "users" if closed else "rate"
    ends = [round(value) if closed else _rounded(value) for value in (first, last)]
    if ends[0] == ends[1]:
        return {word: ends[0]}
    return {f"{word}_from": ends[0], f"{word}_to": ends[1]}


def _rounded(value: float) -> float:
    """Without what only the binary form of numbers adds."""
    return float(f"{value:.12g}")


def _edges(stream: Stream) -> Iterable[float]:
    return accumulate((leg.seconds for leg in stream.legs), initial=stream.begin)


def _leg_at(stream: Stream, moment: float) -> tuple[Leg, float] | None:
    """The leg that ``moment`` lies in, and when it begins."""
    for leg, begin in zip(stream.legs, _edges(stream), strict=False):
        if begin <= moment < begin + leg.seconds:
            return leg, begin
    return None


def _level(stream: Stream, begin: float, end: float, *, at_end: bool) -> float:
    """Requests per second, or users, at one end of a span in which no leg begins or ends."""
    found = _leg_at(stream, (begin + end) / 2.0)
    if found is None:
        return 0.0
    leg, start = found
    share = min(max(((end if at_end else begin) - start) / leg.seconds, 0.0), 1.0)
    level = leg.first + (leg.last - leg.first) * share if share < 1.0 else leg.last
    return level if stream.closed else level * sum(stream.traffic.requests.values())


def _name_at(stream: Stream, moment: float) -> str:
    found = _leg_at(stream, moment)
    return found[0].name if found else "wait"


class _Names:
    """Names of stages, each once."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def unique(self, name: str) -> str:
        """``name`` or, if it is taken or empty, one with a number."""
        plain = " ".join("".join(sign if sign.isprintable() else " " for sign in name).split())[:LONGEST_NAME]
        number = 2 if plain else 1
        found = plain or "stage 1"
        while found in self._taken:
            found = f"{plain or 'stage'} {number}"
            number += 1
        self._taken.add(found)
        return found
