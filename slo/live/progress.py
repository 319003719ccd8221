"""How far a load is, and how it went lately."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field

import msgspec

from slo.histogram import Histogram
from slo.record import OK, Cell, Header, Line, PlanFacts, Pulse, Stage, parse

WINDOW_S = 10
"""Rates and latencies speak of so many seconds, the newest ones that are complete."""
HISTORY_S = 60
"""How far the lines of little blocks go back."""


@dataclass(slots=True)
class Lately:
    """What became of the requests of one workload, or of all, in the last seconds."""

    latency: Histogram = field(default_factory=Histogram)
    outcomes: Counter[str] = field(default_factory=Counter)

    def add(self, latency: Histogram, outcomes: dict[str, int]) -> None:
        """Take in the requests of a cell."""
        self.latency.add(latency)
        self.outcomes.update(outcomes)

    @property
    def failures(self) -> int:
        """Requests that did not end in a right answer."""
        return self.outcomes.total() - self.outcomes[OK]


@dataclass(slots=True)
class _Second:
    cells: list[tuple[str, Histogram, dict[str, int]]] = field(default_factory=list)
    pulses: list[Pulse] = field(default_factory=list)


@dataclass(slots=True)
class Progress:
    """Takes the record's lines as they are written."""

    plan: PlanFacts | None = None
    planned_seconds: float = 0.0
    second: int = -1
    """The newest second of which there is a line."""
    stage: str = ""
    outcomes: Counter[str] = field(default_factory=Counter)
    """Of the whole run so far."""
    dropped: int = 0
    p95s: deque[float | None] = field(default_factory=lambda: deque(maxlen=HISTORY_S))
    """By the second, in seconds; nothing where nothing was answered rightly."""
    answered: deque[float | None] = field(default_factory=lambda: deque(maxlen=HISTORY_S))
    """Right answers by the second."""
    _seconds: dict[int, _Second] = field(default_factory=dict)
    _news: list[Line] = field(default_factory=list)

    def take(self, line: bytes) -> None:
        """Add one line of the record as it was written; a line that cannot be read is left to the judge."""
        try:
            self._take(parse(line))
        except (msgspec.DecodeError, ValueError):
            return

    def _take(self, line: Line) -> None:
        if isinstance(line, Header):
            self.plan, self.planned_seconds = line.plan, line.plan.seconds
        elif isinstance(line, Cell):
            latency = Histogram.decode(line.latency)
            self.outcomes.update(line.outcomes)
            self._at(line.second).cells.append((line.workload, latency, line.outcomes))
            self.stage = line.stage if line.second == self.second else self.stage
        elif isinstance(line, Pulse):
            self.dropped += line.dropped
            self._at(line.second).pulses.append(line)
        self._news.append(line)

    def news(self) -> list[Line]:
        """The lines since this was last asked."""
        found, self._news = self._news, []
        return found

    def _at(self, second: int) -> _Second:
        if second > self.second:
            self._remember()
            self.second = second
            for old in [each for each in self._seconds if each <= second - WINDOW_S]:
                del self._seconds[old]
        if second <= self.second - WINDOW_S:
            return _Second()
        return self._seconds.setdefault(second, _Second())

    def _remember(self) -> None:
        """Put the second that has just become complete at the end of the history."""
        newest = self._seconds.get(self.second)
        if newest is not None:
            whole = Lately()
            for _, latency, outcomes in newest.cells:
                whole.add(latency, outcomes)
            self.p95s.append(whole.latency.quantile(0.95) if whole.latency.count else None)
            self.answered.append(float(whole.outcomes[OK]))

    @property
    def requests(self) -> int:
        """Requests that ended so far."""
        return self.outcomes.total()

    @property
    def failures(self) -> int:
        """Those of them that did not end in a right answer."""
        return self.requests - self.outcomes[OK]

    @property
    def seconds(self) -> int:
        """How many seconds the window holds."""
        return len(self._seconds)

    @property
    def pulses(self) -> list[Pulse]:
        """The generators' own lines in the window, oldest first."""
        return [pulse for second in sorted(self._seconds) for pulse in self._seconds[second].pulses]

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Those of the plan."""
        return self.plan.stages if self.plan else ()

    def lately(self) -> Lately:
        """All requests of the window."""
        return _sum((latency, outcomes) for each in self._seconds.values() for _, latency, outcomes in each.cells)

    def lately_by_workload(self) -> dict[str, Lately]:
        """The same for each workload, by name."""
        found: dict[str, Lately] = {}
        for each in self._seconds.values():
            for workload, latency, outcomes in each.cells:
                found.setdefault(workload, Lately()).add(latency, outcomes)
        return dict(sorted(found.items()))


def _sum(cells: Iterable[tuple[Histogram, dict[str, int]]]) -> Lately:
    whole = Lately()
    for latency, outcomes in cells:
        whole.add(latency, outcomes)
    return whole
