"""From the launches of a duel to its series: ln(head / base), window by window, launch by launch."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from statistics import fmean, median
from typing import NamedTuple

import msgspec

from slo.duel.metrics import METRICS
from slo.duel.model import Distribution, Series, Side
from slo.duel.windows import Stretch, Tally, blocks, windows
from slo.histogram import Histogram
from slo.record import Run

FEWEST_BEYOND = 5
"""Requests that must lie beyond a quantile, so that it is not the luck of one of them."""


class Launch(NamedTuple):
    """What one launch of both services left behind."""

    opened: Run
    """The open model: mixed windows, then blocks."""
    closed: Run | None
    """The closed model in blocks; without it no throughput is told."""
    start_up: Mapping[Side, float]
    """Seconds until each was ready; empty for services that were there already."""
    first: Side = "base"
    """Who was started first."""


Pair = tuple[float, float]
"""A figure of the base and that of the head."""


def series(launches: Sequence[Launch], window: int) -> tuple[Series, ...]:
    """All metrics that ``launches`` can tell, cut into windows of ``window`` seconds."""
    mixed = [windows(launch.opened, window) for launch in launches]
    paired = [blocks(launch.opened) for launch in launches]
    saturated = [blocks(launch.closed) if launch.closed else [] for launch in launches]
    twice = [[(each, each) for each in stretches] for stretches in mixed]
    workloads = sorted({cell.workload for launch in launches for cell in launch.opened.cells})
    found = [
        _series("cpu-per-request", "", _figures(twice, _cpu)),
        *(_series("p50", workload, _figures(twice, _quantile(0.5, workload))) for workload in workloads),
        *(_series("p95", workload, _figures(paired, _quantile(0.95, workload))) for workload in workloads),
        *(_series("p99", workload, _figures(paired, _quantile(0.99, workload))) for workload in workloads),
        _series("throughput", "", _figures(saturated, _throughput)),
        *(_series("response-bytes", workload, _figures(twice, _response_bytes(workload))) for workload in workloads),
        _series("resident-memory", "", [[_resident(launch.opened)] for launch in launches]),
        _series("start-up", "", _start_ups(launches)),
    ]
    events = _requests(mixed)
    kept = [_with_events(each, events) for each in found if any(each.launches)]
    errors = (_errors(workload, mixed, paired) for workload in workloads)
    return (*kept, *(each for each in errors if each.base_events and each.head_events))


def distributions(launches: Sequence[Launch], window: int) -> tuple[Distribution, ...]:
    """The latencies of the mixed windows, for drawing."""
    stretches = [stretch for launch in launches for stretch in windows(launch.opened, window)]
    workloads = sorted({workload for stretch in stretches for _, workload in stretch.tallies if workload})
    return tuple(
        Distribution(
            workload=workload, base=_encoded(stretches, "base", workload), head=_encoded(stretches, "head", workload)
        )
        for workload in workloads
    )


def _encoded(stretches: Iterable[Stretch], side: Side, workload: str) -> str:
    return Histogram.merged(stretch.tallies[side, workload].histogram() for stretch in stretches).encode()


def _figures(
    launches: Sequence[Sequence[tuple[Stretch, Stretch]]], figure: Callable[[Stretch, Side], float]
) -> list[list[Pair]]:
    return [[(figure(base, "base"), figure(head, "head")) for base, head in pairs] for pairs in launches]


def _series(metric: str, workload: str, launches: Sequence[Sequence[Pair]]) -> Series:
    """A series of the pairs that have both figures; NaN stands for one that could not be had."""
    whole = [[pair for pair in pairs if pair[0] > 0.0 and pair[1] > 0.0] for pairs in launches]
    every = [pair for pairs in whole for pair in pairs]
    return Series(
        metric=metric,
        workload=workload,
        launches=tuple(tuple(math.log(head / base) for base, head in pairs) for pairs in whole),
        levels=tuple(tuple(base for base, _ in pairs) for pairs in whole),
        base=median(base for base, _ in every) if every else 0.0,
        head=median(head for _, head in every) if every else 0.0,
    )


def _cpu(stretch: Stretch, side: Side) -> float:
    requests = stretch.tallies[side, ""].requests
    return stretch.cpu.get(side, math.nan) / requests if requests else math.nan


def _quantile(fraction: float, workload: str) -> Callable[[Stretch, Side], float]:
    def figure(stretch: Stretch, side: Side) -> float:
        tally = stretch.tallies[side, workload]
        return tally.histogram().quantile(fraction) if tally.ok * (1 - fraction) >= FEWEST_BEYOND else math.nan

    return figure


def _throughput(stretch: Stretch, side: Side) -> float:
    return stretch.tallies[side, ""].ok / stretch.seconds


def _response_bytes(workload: str) -> Callable[[Stretch, Side], float]:
    def figure(stretch: Stretch, side: Side) -> float:
        tally = stretch.tallies[side, workload]
        return tally.response_bytes / tally.requests if tally.requests else math.nan

    return figure


def _resident(run: Run) -> Pair:
    """The most that each side held in any second."""
    held = {
        side: max((effort.resident_bytes for effort in run.efforts if effort.side == side), default=math.nan)
        for side in ("base", "head")
    }
    return held["base"], held["head"]


def _start_ups(launches: Sequence[Launch]) -> list[list[Pair]]:
    """The times until ready, without what it costs to be the second, who starts beside a service that runs.

    With y = ln(head / base), f = ±1 for who was first and as many launches of both: y − f · mean(f · y).
    """
    pairs = [(launch.start_up.get("base", math.nan), launch.start_up.get("head", math.nan)) for launch in launches]
    signs = [1.0 if launch.first == "base" else -1.0 for launch in launches]
    if sum(signs) or not all(base > 0 and head > 0 for base, head in pairs):
        return [[pair] for pair in pairs]
    price = fmean(sign * math.log(head / base) for sign, (base, head) in zip(signs, pairs, strict=True))
    return [[(base, head * math.exp(-sign * price))] for sign, (base, head) in zip(signs, pairs, strict=True)]


def _requests(launches: Iterable[Iterable[Stretch]]) -> tuple[int, int]:
    tallies = [stretch.tallies for stretches in launches for stretch in stretches]
    return sum(each["base", ""].requests for each in tallies), sum(each["head", ""].requests for each in tallies)


def _with_events(each: Series, events: tuple[int, int]) -> Series:
    return msgspec.structs.replace(each, base_events=events[0], head_events=events[1])


def _errors(
    workload: str, mixed: Sequence[Sequence[Stretch]], paired: Sequence[Sequence[tuple[Stretch, Stretch]]]
) -> Series:
    stretches = [each for found in mixed for each in found] + [
        each for found in paired for pair in found for each in pair
    ]
    total, bad = {"base": 0, "head": 0}, {"base": 0, "head": 0}
    for stretch in stretches:
        for side in total:
            tally: Tally = stretch.tallies["base" if side == "base" else "head", workload]
            total[side] += tally.requests
            bad[side] += tally.requests - tally.ok
    return Series(
        metric=METRICS["errors"].name,
        workload=workload,
        base=bad["base"] / total["base"] if total["base"] else 0.0,
        head=bad["head"] / total["head"] if total["head"] else 0.0,
        base_events=total["base"],
        head_events=total["head"],
        base_bad=bad["base"],
        head_bad=bad["head"],
    )
