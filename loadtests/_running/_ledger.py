"""Adds up what the generator processes report and lets the lines go once all of them are through a second."""

from __future__ import annotations

from collections import Counter
from typing import Literal

import msgspec

from slo.histogram import Histogram
from slo.record import Cell, Pulse

FOREVER = 2**62
"""The settled second of a generator that has finished."""


class Report(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """From a generator: the lines of the seconds that it settled since its last report."""

    generator: str
    settled: int
    """The first second that may still have lines."""
    cells: list[Cell]
    pulses: list[Pulse]
    left: bool = False
    """Whether it goes before the run is over, and nobody told it to."""


class Ledger:
    """The sum over generators. Every one must be expected before its first report."""

    def __init__(self) -> None:
        self._settled: dict[str, int] = {}
        self._lost: set[str] = set()
        self._left: set[str] = set()
        self._cells: dict[tuple[int, str, str, str, str], Cell] = {}
        self._pulses: list[Pulse] = []

    @property
    def ended(self) -> bool:
        """Whether every generator has finished or is lost."""
        return not self.unfinished

    @property
    def generators(self) -> dict[str, Literal["finished", "lost"]]:
        """How each generator ended; one that left early or never reported its end is lost."""
        return {
            name: "finished" if settled == FOREVER and name not in self._left else "lost"
            for name, settled in sorted(self._settled.items())
        }

    @property
    def unfinished(self) -> list[str]:
        """Generators that have neither finished nor got lost."""
        return [name for name, settled in self._settled.items() if settled != FOREVER and name not in self._lost]

    def expect(self, generator: str) -> None:
        """``generator`` takes part, and its seconds are waited for."""
        self._settled.setdefault(generator, 0)

    def lose(self, generator: str) -> None:
        """Wait for ``generator`` no longer; should it come back, it counts again."""
        self._lost.add(generator)

    def add(self, report: Report) -> None:
        """Take in ``report``; cells of the same second, stage, workload, route and side become one."""
        self._lost.discard(report.generator)
        self._settled[report.generator] = report.settled
        if report.left:
            self._left.add(report.generator)
        self._pulses.extend(report.pulses)
        for cell in report.cells:
            key = (cell.second, cell.stage, cell.workload, cell.route, cell.side)
            known = self._cells.get(key)
            self._cells[key] = cell if known is None else merged(known, cell)

    def take(self) -> list[Cell | Pulse]:
        """The lines of all seconds that every present generator has settled, in order; they are forgotten here."""
        present = [settled for name, settled in self._settled.items() if name not in self._lost]
        until = min(present, default=FOREVER)
        cells = [self._cells.pop(key) for key in sorted(key for key in self._cells if key[0] < until)]
        pulses = [pulse for pulse in self._pulses if pulse.second < until]
        self._pulses = [pulse for pulse in self._pulses if pulse.second >= until]
        return sorted([*cells, *pulses], key=lambda line: (line.second, isinstance(line, Pulse)))


def merged(one: Cell, other: Cell) -> Cell:
    """The sum of two cells of the same second, stage, workload, route and side."""
    return msgspec.structs.replace(
        one,
        outcomes=dict(Counter(one.outcomes) + Counter(other.outcomes)),
        latency=_sum(one.latency, other.latency),
        service=_sum(one.service, other.service),
        items=one.items + other.items,
        request_bytes=one.request_bytes + other.request_bytes,
        response_bytes=one.response_bytes + other.response_bytes,
    )


def _sum(one: str, other: str) -> str:
    if not one or not other:
        return one or other
    return Histogram.merged((Histogram.decode(one), Histogram.decode(other))).encode()
