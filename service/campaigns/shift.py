"""One worker's work on batches, from its first claim to its stop.

    claim ──▶ hand ──groups of rows──▶ bench ──results──▶ complete
      ▲         │
   doorbell     └──what there is too much of, and what a stop leaves──▶ give back

Rows are begun in the order of the chunks in hand, as many at a time as the bench of their workload takes. The next
chunks are claimed while the last of those before are on their way. What the database does not answer is asked again;
a chunk that was lost meanwhile is dropped, since its next attempt makes the same results.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from typing import Any

from service.campaigns.appetite import Appetite
from service.campaigns.bench import Bench, Benches, Line
from service.campaigns.doorbell import Doorbell
from service.campaigns.hand import Hand, Held, name_of
from service.campaigns.journal import Journal
from service.campaigns.patience import PatientStore
from service.campaigns.terms import CampaignTerms
from service.core.batches import Chunk, ChunkStore, Row, RowResult
from service.core.errors import DependencyError

MOST_COMPLETIONS = 64
"""Chunks whose results wait to be kept; while there are more, nothing is claimed."""
SHORTEST_TIDYING = 0.05

_log = logging.getLogger(__name__)


class Shift:
    """Works off chunks of ``store`` by ``lines``, the pipelines by workload; under the name ``worker``.

    Until ``stop`` is set. Whoever made ``hand`` sees to its leases. ``alone`` is held while a row is done that may end
    the process; ``clock`` gives seconds that only rise.
    """

    def __init__(
        self,
        store: ChunkStore,
        lines: Mapping[str, Line],
        stop: asyncio.Event,
        *,
        worker: str,
        hand: Hand,
        doorbell: Doorbell,
        alone: AbstractAsyncContextManager[object],
        terms: CampaignTerms,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = store
        self._patient = PatientStore(store, terms, clock)
        self._stop = stop
        self._worker = worker
        self._hand = hand
        self._doorbell = doorbell
        self._alone = alone
        self._terms = terms
        self._clock = clock
        self._journal = Journal(clock)
        self._benches = Benches(lines, terms.longest, clock)
        self._appetite = Appetite(hand, self._benches, terms)
        self._latest: Bench | None = None
        """That of the chunks that were claimed last."""
        self._running: set[asyncio.Task[None]] = set()
        """Groups of rows on their way, and results on theirs."""
        self._completing = 0
        self._changed = asyncio.Event()
        self._emptied = asyncio.Event()
        """The last chunk in hand is done, and with it perhaps a batch."""
        self._only_waits = False
        """The claiming may be cut off."""
        self._tasks: asyncio.TaskGroup

    @property
    def benches(self) -> Benches:
        """Where the rows are worked on."""
        return self._benches

    async def run(self) -> None:
        """Work; on the stop, what is begun may end within the terms' grace, and the rest is given back."""
        async with asyncio.TaskGroup() as self._tasks:
            tidying = self._tasks.create_task(self._tidy())
            claiming = self._tasks.create_task(self._claim())
            await self._stop.wait()
            tidying.cancel()
            if self._only_waits:
                claiming.cancel()
            try:
                async with asyncio.timeout(self._terms.grace):
                    await self._give_back([held for held in self._hand if held.is_untouched])
                    await asyncio.wait({claiming})
                    while len(self._hand):
                        await self._change()
            except TimeoutError:
                for task in (claiming, *self._running):
                    task.cancel()
                await self._give_back(list(self._hand))
        self._journal.look(is_over=True)

    async def _claim(self) -> None:
        is_away = False
        while not self._stop.is_set():
            if self._completing >= MOST_COMPLETIONS or not self._appetite.is_there():
                await self._idle(self._change())
                continue
            try:
                rows = self._appetite.rows(self._latest)
                chunks = await self._store.claim(self._worker, self._terms.lease, rows)
            except DependencyError as error:
                if not is_away:
                    _log.warning("no chunks can be claimed, trying again: %s", error)
                is_away = True
                await self._idle(asyncio.sleep(self._terms.retry))
                continue
            is_away = False
            if self._stop.is_set():
                await self._patient.give_back(chunks)
            elif chunks:
                await self._take(chunks)
            else:
                await self._idle(self._doorbell.listen(self._terms.poll))

    async def _idle(self, waiting: Coroutine[Any, Any, None]) -> None:
        """Wait, unless the stop has come meanwhile."""
        if self._stop.is_set():
            waiting.close()
            return
        self._only_waits = True
        await waiting
        self._only_waits = False

    async def _change(self) -> None:
        self._changed.clear()
        await self._changed.wait()

    async def _take(self, chunks: Sequence[Chunk]) -> None:
        doubtful = []
        for chunk in chunks:
            self._latest = self._benches.of(chunk.workload)
            held = Held(chunk, self._latest.workload)
            self._hand.take(held)
            self._journal.claimed(chunk)
            if held.is_done:
                self._start(self._complete(held))
            elif chunk.is_suspicious:
                doubtful.append(held)
        self._begin()
        for held in doubtful:
            await self._do_alone(held)

    def _begin(self) -> None:
        """Begin as many rows as may be."""
        for held in self._hand:
            if held.is_lost and not held.is_done:
                self._drop(held)
            bench = self._benches.of(held.chunk.workload)
            while held.waiting and not held.chunk.is_suspicious and (most := bench.room()):
                if held.noting is None:
                    self._note(self._appetite.soon(held))
                rows = held.begin(most)
                bench.begin(len(rows))
                self._start(self._do(held, bench, rows))
        for bench in self._benches:
            if bench.room():
                bench.width.starve()

    def _note(self, helds: Sequence[Held]) -> None:
        """Have it known that ``helds`` are begun."""
        noting = self._start(self._patient.begin([held.chunk for held in helds]))
        for held in helds:
            held.noting = noting

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._tasks.create_task(work)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._changed.set()

    async def _do(self, held: Held, bench: Bench, rows: Sequence[Row]) -> None:
        """See to it that ``rows``, which are begun, have results."""
        if held.noting is not None and not held.noting.done():
            await asyncio.wait({held.noting})
        began = self._clock()
        results, read, items = [], [], []
        for row in rows:
            item = held.form.item(row)
            if isinstance(item, RowResult):
                results.append(item)
            else:
                read.append(row)
                items.append(item)
        outcomes = await bench.outcomes(items, held.chunk.tenant)
        seconds = self._clock() - began
        results += [held.form.result(row, outcome, seconds) for row, outcome in zip(read, outcomes, strict=True)]
        held.end(results)
        bench.end(len(rows))
        if held.is_done:
            self._start(self._complete(held))
        self._begin()

    async def _complete(self, held: Held) -> None:
        """Keep what became of a chunk whose rows are all done."""
        results = sorted(held.results, key=lambda result: result.line)
        self._completing += 1
        try:
            is_kept = await self._patient.complete(held, results)
        finally:
            self._completing -= 1
        self._hand.drop(held)
        if not self._hand:
            self._emptied.set()
        if is_kept:
            self._journal.completed(held.chunk, results, self._benches.of(held.chunk.workload).width.items)

    async def _do_alone(self, held: Held) -> None:
        """Do a chunk at which workers were lost row by row, with nothing else on its way."""
        while self._running:
            await self._change()
        bench = self._benches.of(held.chunk.workload)
        await bench.warm()
        async with self._alone:
            while held.waiting and held in self._hand:
                if self._stop.is_set():
                    await self._give_back([held])
                    return
                (row,) = held.begin(1)
                if not await self._patient.suspect(held, row):
                    break
                bench.begin(1)
                await self._do(held, bench, [row])
        if not held.is_done and held in self._hand:
            self._drop(held)

    async def _tidy(self) -> None:
        is_away = False
        while True:
            ends = None
            self._emptied.clear()
            try:
                ends = await self._store.tidy()
                is_away = False
            except DependencyError as error:
                if not is_away:
                    _log.warning("nothing can be tidied, trying again: %s", error)
                is_away = True
            await self._give_back(self._appetite.surplus())
            self._begin()
            self._journal.look()
            await self._rest(ends)

    async def _rest(self, ends: float | None) -> None:
        """Until it is time to tidy again, if a lease ends in so many seconds, or none is held."""
        if ends is not None:
            seconds = min(self._terms.tidying, max(ends, SHORTEST_TIDYING))
        else:
            seconds = self._terms.tidying if self._hand else self._terms.resting
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._emptied.wait()

    async def _give_back(self, helds: Sequence[Held]) -> None:
        for held in helds:
            self._hand.drop(held)
        await self._patient.give_back([held.chunk for held in helds])
        self._changed.set()

    def _drop(self, held: Held) -> None:
        self._hand.drop(held)
        _log.warning("%s was taken by another worker", name_of(held))
