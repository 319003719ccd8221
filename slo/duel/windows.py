"""From the run record of a launch to windows and blocks: what each side did in the same stretch of time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field

from slo.duel.model import SIDES, Side
from slo.histogram import Histogram
from slo.record import OK, Cell, Run


@dataclass(slots=True)
class Tally:
    """What one side did in a stretch of time, in one workload or in all."""

    requests: int = 0
    ok: int = 0
    response_bytes: int = 0
    latencies: list[str] = field(default_factory=list)
    """Encoded histograms of right answers, from when they were due."""

    def add(self, cell: Cell) -> None:
        """Count ``cell`` in."""
        self.requests += cell.requests
        self.ok += cell.outcomes.get(OK, 0)
        self.response_bytes += cell.response_bytes
        self.latencies.append(cell.latency)

    def histogram(self) -> Histogram:
        """All latencies of it."""
        return Histogram.merged(map(Histogram.decode, self.latencies))


@dataclass(slots=True)
class Stretch:
    """Whole seconds of one stage, ``first`` to ``last``, ``last`` not being one of them."""

    stage: str
    first: int
    last: int
    tallies: dict[tuple[Side, str], Tally] = field(default_factory=lambda: defaultdict(Tally))
    """By side and workload; those of the empty workload are all together."""
    cpu: dict[Side, float] = field(default_factory=dict)
    """Seconds of CPU time; nothing where nobody measured it."""

    @property
    def seconds(self) -> int:
        """Its length."""
        return self.last - self.first


def windows(run: Run, length: int) -> list[Stretch]:
    """The judged stages of ``run`` whose requests went to both sides, cut into windows of ``length`` seconds."""
    found = [
        Stretch(name, second, second + length)
        for name, first, last, side in _stages(run)
        if side == "both"
        for second in range(first, last - length + 1, length)
    ]
    return _filled(run, found)


def blocks(run: Run) -> list[tuple[Stretch, Stretch]]:
    """The blocks of ``run`` in pairs of neighbours, that of the base first, whichever came first in time."""
    sides = {name: side for name, _, _, side in _stages(run)}
    found = _filled(run, [Stretch(name, first, last) for name, first, last, side in _stages(run) if side != "both"])
    pairs = zip(found[::2], found[1::2], strict=False)
    return [(a, b) if sides[a.stage] == "base" else (b, a) for a, b in pairs if sides[a.stage] != sides[b.stage]]


def _stages(run: Run) -> Iterator[tuple[str, int, int, str]]:
    begin = 0.0
    for stage in run.header.plan.stages:
        if stage.judged:
            yield stage.name, round(begin), round(begin + stage.seconds), stage.side
        begin += stage.seconds


def _filled(run: Run, stretches: list[Stretch]) -> list[Stretch]:
    at = {second: stretch for stretch in stretches for second in range(stretch.first, stretch.last)}
    for cell in run.cells:
        stretch = at.get(cell.second)
        if stretch is None or cell.stage != stretch.stage or cell.side not in SIDES:
            continue
        for workload in {cell.workload, ""}:
            stretch.tallies[cell.side, workload].add(cell)
    for effort in run.efforts:
        if effort.second in at:
            cpu = at[effort.second].cpu
            cpu[effort.side] = cpu.get(effort.side, 0.0) + effort.cpu
    return stretches
