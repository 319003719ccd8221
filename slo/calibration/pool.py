"""Draws gates from the launches of real gates between equal builds.

A drawn gate is made of whole launches with all their windows, drawn with replacement from all gates together. All
metrics take the same launches, so that what moved together still does. Base and head are equal, so either might have
been called the head: each launch keeps or turns its sign as a whole. What is counted and not timed (errors, exact
metrics) comes as a whole from a gate drawn for all of them.

Source: A. C. Davison and D. V. Hinkley, Bootstrap Methods and their Application (1997), section 3.8: of clustered data
the clusters are drawn and nothing within them, which comes nearest to the true variance. Drawing windows as well would
add their noise a second time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from slo.calibration.model import Planted
from slo.duel.metrics import METRICS
from slo.duel.model import Samples, Series

Key = tuple[str, str]
"""A metric and a workload."""
Launch = Mapping[Key, NDArray[np.float64]]
"""Window by window ln(head / base) in the first row and the base's own figure in the second; what a launch could not
tell is not in it."""


class NoGatesError(Exception):
    """There is no gate between equal builds to draw from."""


class Pool:
    """All launches of ``gates``, which have to be of equal builds; raises `NoGatesError` without one."""

    def __init__(self, gates: Sequence[Samples]) -> None:
        if not gates:
            raise NoGatesError("there is no gate between equal builds yet, and so nothing to draw gates from")
        self._first = gates[0]
        self._launches = [launch for gate in gates for launch in launches_of(gate)]
        self._timed = list(dict.fromkeys(key_of(each) for gate in gates for each in gate.series if each.launches))
        self._counted = [[each for each in gate.series if not each.launches] for gate in gates]
        self._events = {key_of(each): (each.base_events, each.head_events) for gate in gates for each in gate.series}

    def __len__(self) -> int:
        return len(self._launches)

    def drawn(self, random: np.random.Generator, launches: int, planted: Planted) -> Samples:
        """A gate of so many launches in which ``planted`` became worse by its size."""
        chosen = [self._turned(random) for _ in range(launches)]
        joined = [self._joined(key, [launch.get(key) for launch in chosen]) for key in self._timed]
        series = [_planted(each, planted) for each in joined if any(each.launches)]
        counted = self._counted[random.integers(len(self._counted))]
        turned = random.random() < 0.5
        series += [_planted(_swapped(each) if turned else each, planted) for each in counted]
        return replace(self._first, id="drawn", looks=1, distrusts=(), series=tuple(series))

    def _turned(self, random: np.random.Generator) -> Launch:
        launch = self._launches[random.integers(len(self._launches))]
        is_turned = random.random() < 0.5
        if not is_turned:
            return launch
        return {key: np.stack((-values[0], values[1] * np.exp(values[0]))) for key, values in launch.items()}

    def _joined(self, key: Key, launches: Sequence[NDArray[np.float64] | None]) -> Series:
        there = [values for values in launches if values is not None]
        ratios, levels = np.concatenate(there, axis=1) if there else np.zeros((2, 1))
        base_events, head_events = self._events[key]
        return Series(
            metric=key[0],
            workload=key[1],
            launches=tuple(() if values is None else tuple(values[0].tolist()) for values in launches),
            levels=tuple(() if values is None else tuple(values[1].tolist()) for values in launches),
            base=float(np.median(levels)),
            head=float(np.median(levels * np.exp(ratios))),
            base_events=base_events,
            head_events=head_events,
        )


def key_of(series: Series) -> Key:
    """What tells ``series`` from the others of its gate."""
    return series.metric, series.workload


def launches_of(gate: Samples) -> Iterator[Launch]:
    """The launches of ``gate``."""
    timed = [each for each in gate.series if each.launches]
    for number in range(max((len(each.launches) for each in timed), default=0)):
        yield {
            key_of(each): np.asarray((each.launches[number], each.levels[number]))
            for each in timed
            if number < len(each.launches) and each.launches[number]
        }


def _planted(series: Series, planted: Planted) -> Series:
    """``series`` with the change in it, if it is of that metric."""
    if series.metric != planted.metric:
        return series
    grown = math.log1p(planted.size)
    return replace(
        series,
        launches=tuple(tuple(value + grown for value in launch) for launch in series.launches),
        head=series.head * (1 + planted.size),
    )


def _swapped(series: Series) -> Series:
    return replace(
        series,
        base=series.head,
        head=series.base,
        base_events=series.head_events,
        head_events=series.base_events,
        base_bad=series.head_bad,
        head_bad=series.base_bad,
    )


def worse(metric: str, size: float) -> Planted:
    """A change by ``size`` in the direction that is worse for ``metric``: less throughput, more of all else."""
    known = METRICS.get(metric)
    return Planted(metric=metric, size=-size if known is not None and known.higher_is_better else size)
