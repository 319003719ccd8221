"""Looks at a service while a step runs: its gauges, and how busy its cores are where it runs on this machine."""

from __future__ import annotations

import math
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Collection
from http.client import HTTPException
from pathlib import Path

from slo.capacity.resources import Sight

SECONDS = 1.0
"""Between two looks; rendering the metrics costs the service some milliseconds."""
_TIMEOUT = 3.0
_LARGEST_BYTES = 16_777_216
_STAT = Path("/proc/stat")
_IDLE, _WAITING = 3, 4
_COUNTED = 8
"""Columns of ``/proc/stat`` up to steal; those behind it are part of the first two."""


class Watch:
    """Collects sights; call `look` as often as you like."""

    def __init__(self, url: str, cores: Collection[int] = (), *, clock: Callable[[], float] = time.monotonic) -> None:
        self.sights: list[Sight] = []
        self._url = url
        self._cores = frozenset(cores)
        self._clock = clock
        self._next = clock() + SECONDS
        self._ticks = _ticks(self._cores)

    def look(self) -> None:
        """Take a sight when the last one is old enough; a service that does not answer gives none."""
        if self._clock() < self._next:
            return
        before, self._ticks = self._ticks, _ticks(self._cores)
        samples = metrics(self._url)
        if samples is not None:
            self.sights.append(Sight(samples, _busy(before, self._ticks)))
        self._next = self._clock() + SECONDS


def metrics(url: str) -> dict[str, float] | None:
    """The series of ``/metrics``, None where nobody answers with any."""
    try:
        with urllib.request.urlopen(f"{url}/metrics", timeout=_TIMEOUT) as answer:  # noqa: S310 - the checked target
            text = answer.read(_LARGEST_BYTES).decode("utf-8", "replace")
    except (urllib.error.URLError, HTTPException, OSError, ValueError):
        return None
    return parsed(text)


def parsed(text: str) -> dict[str, float]:
    """Series and values of the Prometheus text format without timestamps, as the service writes it."""
    found: dict[str, float] = {}
    for line in text.splitlines():
        series, _, figure = line.rpartition(" ")
        if series and not line.startswith("#"):
            try:
                value = float(figure)
            except ValueError:
                continue
            if math.isfinite(value):
                found[series] = value
    return found


def _ticks(cores: Collection[int]) -> tuple[int, int]:
    """Busy and all ticks of ``cores`` since the machine started; both 0 where that is not told."""
    busy = total = 0
    try:
        lines = _STAT.read_text(encoding="ascii").splitlines() if cores else []
    except OSError:
        lines = []
    wanted = {f"cpu{core}" for core in cores}
    for line in lines:
        name, *columns = line.split()
        if name in wanted:
            ticks = [int(column) for column in columns[:_COUNTED]]
            total += sum(ticks)
            busy += sum(ticks) - ticks[_IDLE] - ticks[_WAITING]
    return busy, total


def _busy(before: tuple[int, int], now: tuple[int, int]) -> float | None:
    passed = now[1] - before[1]
    return (now[0] - before[0]) / passed if passed > 0 else None
