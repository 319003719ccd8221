"""Where the rows of one workload are worked on: a pipeline, how much is put on it at a time, and how fast it goes."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, Protocol

import msgspec

from service.campaigns.pace import Pace
from service.campaigns.width import Width
from service.core.call import Call, Priority
from service.core.errors import AnalysisError, OverloadError
from service.core.workload import AnyWorkload

GROUP_SECONDS: Final = 0.3
"""Items go in groups, of as many as are done in so long: what a group costs is small beside it."""
MOST_GROUPS: Final = 12
"""On their way at a time, since each looks into the far tiers of the cache once, and those allow no more than some."""
LARGEST_GROUP: Final = 256

_log = logging.getLogger(__name__)


class Line(Protocol):
    """A pipeline, as far as a campaign knows it."""

    @property
    def workload(self) -> AnyWorkload:
        """Whose rows it takes."""

    async def each(self, items: Sequence[Any], call: Call) -> Sequence[Any]:
        """One outcome or `AnalysisError` for each item, in order; `OverloadError` when there is no room for them."""


class Bench:
    """One workload in one process; without a ``line`` nothing can be asked of it. A row may take ``longest`` s."""

    def __init__(self, line: Line | None, longest: float, clock: Callable[[], float]) -> None:
        self._line = line
        self._longest = longest
        self.workload = None if line is None else line.workload
        self.width = Width(clock)
        self.pace = Pace(clock)
        self._is_warm = False

    async def warm(self) -> None:
        """Have all loaded that the first row would load, by the workload's examples: no row is to be blamed for it."""
        if self.workload is not None and self.workload.examples and not self._is_warm:
            self._is_warm = True
            await asyncio.to_thread(_analyse_examples, self.workload)

    def seconds(self, rows: int) -> float:
        """How long so many rows take; as long as nobody knows, endless."""
        rate = self.pace.rows_per_second
        return 0.0 if not rows else rows / rate if rate else math.inf

    def room(self) -> int:
        """How many rows to begin together now; 0 to wait."""
        width = self.width.items
        rate = self.pace.rows_per_second or 0.0
        wanted = max(math.ceil(width / MOST_GROUPS), math.ceil(rate * GROUP_SECONDS))
        group = max(1, min(wanted, width // 2, LARGEST_GROUP))
        return group if self.width.in_flight + group <= width or not self.width.in_flight else 0

    def begin(self, rows: int) -> None:
        """So many rows are begun."""
        self.width.begin(rows)
        self.pace.begin(rows)

    def end(self, rows: int) -> None:
        """So many rows have their results."""
        self.width.end(rows)
        self.pace.end(rows)

    async def outcomes(self, items: Sequence[Any], tenant: str) -> Sequence[Any]:
        """One outcome or AnalysisError for each of ``items``, which are begun; waits while there is no room."""
        if self._line is None or not items:
            return [AnalysisError("there is nobody who could analyse it")] * len(items)
        while True:
            try:
                async with asyncio.timeout(self._longest):
                    return await self._line.each(items, Call(tenant, Priority.BULK))
            except TimeoutError:
                if len(items) == 1:
                    return [AnalysisError(f"it took longer than {self._longest:g} seconds", "timeout")]
                # What ended meanwhile is in the cache; only what still hangs waits once more, and fails alone.
                alone = await asyncio.gather(*(self.outcomes([item], tenant) for item in items))
                return [outcome for outcomes in alone for outcome in outcomes]
            except OverloadError as error:
                self.width.overload(len(items))
                self.pace.end(len(items), 0)
                await asyncio.sleep(error.retry_after)
                self.begin(len(items))
            except Exception as error:
                if len(items) == 1:
                    _log.exception("a row could not be analysed")
                    return [AnalysisError(f"it could not be analysed ({type(error).__name__})")]
                return [outcome for item in items for outcome in await self.outcomes([item], tenant)]


def _analyse_examples(workload: AnyWorkload) -> None:
    for example in workload.examples.values():
        with suppress(Exception):  # an engine that is not there fails the rows that ask for it, with its reason
            for item in workload.split(msgspec.convert(example, workload.request)):
                workload.analyse(workload.lane_of(item), [item])


class Benches:
    """One bench for each workload that comes up; ``lines`` are the pipelines by workload."""

    def __init__(self, lines: Mapping[str, Line], longest: float, clock: Callable[[], float]) -> None:
        self._lines = lines
        self._longest = longest
        self._clock = clock
        self._benches: dict[str, Bench] = {}

    def __iter__(self) -> Iterator[Bench]:
        return iter(self._benches.values())

    def by_name(self) -> list[tuple[str, Bench]]:
        """Each with the workload that it is for."""
        return list(self._benches.items())

    def of(self, workload: str) -> Bench:
        """That of ``workload``."""
        bench = self._benches.get(workload)
        if bench is None:
            bench = self._benches[workload] = Bench(self._lines.get(workload), self._longest, self._clock)
        return bench
