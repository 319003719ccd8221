"""A load while it runs: how far it is, shown as a bar on a terminal and as plain lines elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import msgspec
from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from slo.histogram import Histogram
from slo.record import Cell, Header, parse

LINE_SECONDS = 10
"""Seconds of the run between two plain lines."""


@dataclass(slots=True)
class Progress:
    """How far a load is. Rates and latencies speak of the newest second that is complete."""

    planned_seconds: float = 0.0
    second: int = 0
    stage: str = ""
    requests: int = 0
    failures: int = 0
    rate: int = 0
    p95: float = 0.0
    _newest: dict[int, list[Cell]] = field(default_factory=dict)

    def take(self, line: bytes) -> None:
        """Add one line of the record as it was written; a line that cannot be read is left to the judge."""
        try:
            parsed = parse(line)
        except msgspec.DecodeError:
            return
        if isinstance(parsed, Header):
            self.planned_seconds = parsed.plan.seconds
        elif isinstance(parsed, Cell):
            self._add(parsed)

    def _add(self, cell: Cell) -> None:
        self.requests += cell.requests
        self.failures += cell.failures
        if cell.second < self.second:
            return
        if cell.second > self.second:
            self._newest.clear()
        cells = self._newest.setdefault(cell.second, [])
        cells.append(cell)
        self.second, self.stage = cell.second, cell.stage
        self.rate = sum(each.requests for each in cells)
        self.p95 = Histogram.merged(Histogram.decode(each.latency) for each in cells).quantile(0.95)

    @property
    def figures(self) -> str:
        """The newest second and the sums, in a few words."""
        newest = f"{self.rate:>5}/s  p95 {self.p95 * 1000:.1f} ms"
        return f"{newest}  {self.requests} requests, {self.failures} failed"


Show = Callable[[Progress], None]


@contextmanager
def view() -> Iterator[Show]:
    """Shows progress on standard error for as long as the block lasts; call what it yields as often as you like."""
    if sys.stderr.isatty():
        with _bar() as show:
            yield show
    else:
        yield _Lines().show


@contextmanager
def _bar() -> Iterator[Show]:
    columns = (
        TextColumn("{task.description:<12}"),
        BarColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[figures]}"),
    )
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("starting", total=None, figures="")

        def show(progress: Progress) -> None:
            bar.update(
                task,
                description=progress.stage or "starting",
                total=progress.planned_seconds or None,
                completed=progress.second,
                figures=progress.figures,
            )

        yield show


class _Lines:
    def __init__(self) -> None:
        self._next = LINE_SECONDS

    def show(self, progress: Progress) -> None:
        if progress.second >= self._next:
            self._next = (progress.second // LINE_SECONDS + 1) * LINE_SECONDS
            where = f"{progress.second:>4}/{progress.planned_seconds:.0f} s  {progress.stage:<12}"
            sys.stderr.write(f"{where} {progress.figures}\n")
            sys.stderr.flush()
