"""A store of chunks that is asked again for as long as it makes sense."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from service.campaigns.hand import Held, name_of
from service.campaigns.terms import CampaignTerms
from service.core.batches import Chunk, ChunkStore, Row, RowResult
from service.core.errors import DependencyError

_log = logging.getLogger(__name__)


class PatientStore:
    """Asks ``store`` for what must not be left out; nothing here raises when it is away."""

    def __init__(self, store: ChunkStore, terms: CampaignTerms, clock: Callable[[], float]) -> None:
        self._store = store
        self._terms = terms
        self._clock = clock

    async def begin(self, chunks: Sequence[Chunk]) -> None:
        """Note that ``chunks`` are begun, however long that takes."""
        while True:
            try:
                await self._store.begin(chunks)
            except DependencyError:
                await asyncio.sleep(self._terms.retry)
            else:
                return

    async def suspect(self, held: Held, row: Row) -> bool:
        """Note that ``row`` is begun alone; whether the chunk is still ours."""
        while not held.is_lost:
            try:
                return await self._store.suspect(held.chunk, row.line)
            except DependencyError:
                await asyncio.sleep(self._terms.retry)
        return False

    async def complete(self, held: Held, results: Sequence[RowResult]) -> bool:
        """Keep the results, within the terms' patience; False when they are not taken."""
        ends = self._clock() + self._terms.patience
        while True:
            try:
                is_kept = await self._store.complete(held.chunk, results)
            except DependencyError as error:
                if self._clock() >= ends:
                    _log.error("nobody takes the results of %s: %s", name_of(held), error)
                    return False
            else:
                if not is_kept:
                    _log.warning("%s was no longer ours, its results are dropped", name_of(held))
                return is_kept
            await asyncio.sleep(self._terms.retry)

    async def give_back(self, chunks: Sequence[Chunk]) -> None:
        """Let others have ``chunks``, at once or when their leases have run out."""
        if not chunks:
            return
        try:
            await self._store.give_back(chunks)
        except DependencyError as error:
            _log.warning("%d chunks could not be given back, their leases will run out: %s", len(chunks), error)
