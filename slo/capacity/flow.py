"""Answers and requests in the service by the clock: what left it in each second, and how many were inside.

A record files a request under the second of its intended start, so a service that falls behind seems to answer all of
them, only later. Here each request is put where it belongs: it is inside from its start until its answer. Within their
second, starts are taken as spread evenly. What is inside on average then is the area over the length of the time, and
throughput is what leaves; over any stretch of time these two and the time in the service keep Little's law.

Source: J. D. C. Little, A proof for the queuing formula L = λW, Operations Research 9 (1961); its form for a finite
stretch of time is operational, as in P. J. Denning and J. P. Buzen, Computing Surveys 10 (1978).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from slo.histogram import Histogram
from slo.record import Cell

Array = NDArray[np.float64]

_STARTS = (np.arange(10) + 0.5) / 10
"""Where in its second a request may have started."""


class Flow(NamedTuple):
    """Per second, in order."""

    left: Array
    """Right answers that were complete."""
    inside: Array
    """Mean number of requests that were under way to a right answer."""


def flow(cells: Iterable[Cell], seconds: Sequence[int]) -> Flow:
    """The flow in ``seconds``, from ``cells`` of these and of all earlier seconds."""
    begins = np.asarray(seconds, dtype=np.float64)
    left, inside = np.zeros(len(begins)), np.zeros(len(begins))
    for cell in cells:
        durations, counts = Histogram.decode(cell.service).buckets()
        starts = np.repeat(cell.second + _STARTS, len(durations))
        ends = starts + np.tile(durations, len(_STARTS))
        weights = np.tile(counts / len(_STARTS), len(_STARTS))
        for index, begin in enumerate(begins):
            left[index] += weights[(ends >= begin) & (ends < begin + 1)].sum()
            overlap = np.minimum(ends, begin + 1) - np.maximum(starts, begin)
            inside[index] += float(weights @ np.maximum(overlap, 0.0))
    return Flow(left, inside)
