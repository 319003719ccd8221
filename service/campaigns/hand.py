"""The chunks that a worker has in hand, and the leases under which it has them.

Everything happens in the thread of the event loop that works, but for `Hand.keep`, which may run in another one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from typing import TypeAlias

from service.campaigns.forms import WORKER_LOST, WORKER_LOST_REASON, Form
from service.core.batches import Chunk, ChunkStore, Row, RowResult
from service.core.errors import DependencyError
from service.core.workload import AnyWorkload

Key: TypeAlias = tuple[str, int, int]

_log = logging.getLogger(__name__)


class Held:
    """A chunk in hand: its rows in order, how far they are begun, and the results so far."""

    __slots__ = ("_begun", "_missing", "chunk", "form", "is_lost", "noting", "results")

    def __init__(self, chunk: Chunk, workload: AnyWorkload | None) -> None:
        self.chunk = chunk
        self.form = Form(chunk, workload)
        self.results = [self.form.failure(row, WORKER_LOST, WORKER_LOST_REASON) for row in chunk.poisoned]
        self.is_lost = False
        """Another attempt has it."""
        self.noting: asyncio.Task[None] | None = None
        """Sees to it that the store knows of its begin; no row is done before."""
        self._begun = 0
        self._missing = len(chunk.rows)

    @property
    def waiting(self) -> int:
        """Rows that are not begun."""
        return 0 if self.is_lost else len(self.chunk.rows) - self._begun

    @property
    def is_untouched(self) -> bool:
        """Whether nothing of it is begun or done."""
        return not self._begun and not self.is_done

    @property
    def is_done(self) -> bool:
        """Whether every row has its result."""
        return not self._missing

    def begin(self, most: int) -> Sequence[Row]:
        """The next rows."""
        rows = self.chunk.rows[self._begun : self._begun + most]
        self._begun += len(rows)
        return rows

    def end(self, results: Sequence[RowResult]) -> None:
        """What became of rows that were begun."""
        self.results += results
        self._missing -= len(results)


class Hand:
    """All chunks in hand, in the order in which they came."""

    def __init__(self) -> None:
        self._held: dict[Key, Held] = {}
        self.losses = 0
        """Chunks that another attempt took while they were in hand."""

    def __iter__(self) -> Iterator[Held]:
        return iter(list(self._held.values()))

    def __len__(self) -> int:
        return len(self._held)

    def __contains__(self, held: Held) -> bool:
        return _key(held.chunk) in self._held

    def take(self, held: Held) -> None:
        """It is in hand from now on."""
        self._held[_key(held.chunk)] = held

    def drop(self, held: Held) -> None:
        """It no longer is."""
        self._held.pop(_key(held.chunk), None)

    async def keep(self, store: ChunkStore, lease: float) -> None:
        """Extend the leases of what is in hand every third of ``lease``, until cancelled; mark what was lost."""
        is_away = False
        while True:
            await asyncio.sleep(lease / 3)
            before = list(self._held.values())
            if not before:
                continue
            try:
                ours = await store.extend([held.chunk for held in before], lease)
            except DependencyError as error:
                if not is_away:
                    _log.warning("the leases of %d chunks cannot be extended: %s", len(before), error)
                is_away = True
                continue
            is_away = False
            self._mark({_key(chunk) for chunk in ours}, before)

    def _mark(self, ours: set[Key], before: Sequence[Held]) -> None:
        for held in before:
            if _key(held.chunk) not in ours and held in self and not held.is_lost:
                held.is_lost = True
                self.losses += 1


def _key(chunk: Chunk) -> Key:
    return chunk.batch, chunk.number, chunk.attempt


def name_of(held: Held) -> str:
    """How log lines call it."""
    return f"chunk {held.chunk.number} of batch {held.chunk.batch}"
