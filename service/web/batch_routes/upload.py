"""One batch on its way in: rows are gathered into groups, and one group is written while the next is read."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from service.core.batches import Batch, BatchStore, NotInStateError, Refusal, Row
from service.core.errors import DependencyError, UnknownResourceError
from service.intake.reader import UploadReader

GROUP_ROWS = 4_000
"""So many or a few more are written together."""
GROUP_BYTES = 4_194_304
"""Of the upload; less is written together where rows are long."""
GROUP_REFUSALS = 500
GROUP_SECONDS = 5.0
"""Of a slow upload it is written after so long what there is, so that its batch shows that it lives."""
MOST_REFUSALS_TOLD = 20


class NothingAcceptedError(Exception):
    """Not one line is a row; ``refusals`` are the first of them."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        super().__init__("Not one line of the file is a row." if refusals else "There are no rows in the file.")
        self.refusals = refusals


class Upload:
    """The upload of ``batch`` into ``store``, as ``reader`` understands it."""

    def __init__(self, store: BatchStore, batch: str, tenant: str, reader: UploadReader) -> None:
        self.batch = batch
        self._store = store
        self._tenant = tenant
        self._reader = reader
        self._chunks: list[Sequence[Row]] = []
        self._refusals: list[Refusal] = []
        self._first_refusals: list[Refusal] = []
        self._count = self._size = 0
        """Rows and bytes since the last group."""
        self._clock = asyncio.get_running_loop().time
        self._due = self._clock() + GROUP_SECONDS
        self._writing: asyncio.Task[None] | None = None

    async def take(self, piece: bytes) -> None:
        """The next bytes of the file; UploadError when they cannot be read, DependencyError when the store is away."""
        self._reader.feed(piece)
        self._size += len(piece)
        is_late = self._clock() > self._due
        self._gather(self._reader.chunks(rest=is_late))
        is_full = self._count >= GROUP_ROWS or self._size >= GROUP_BYTES
        if is_late or is_full or len(self._refusals) >= GROUP_REFUSALS:
            await self._write()

    async def end(self) -> Batch:
        """The batch, now that all of its rows are there; NothingAcceptedError when there is none."""
        self._reader.end()
        self._gather(self._reader.chunks(rest=True))
        await self._write()
        await self._written()
        if not self._reader.accepted:
            raise NothingAcceptedError(self._first_refusals)
        return await self._store.uploaded(self.batch, self._tenant, is_whole=True)

    async def give_up(self) -> int:
        """Keep what was accepted of an upload that broke off, as far as it can be written; how many rows that are.

        A batch without a row is forgotten.
        """
        return await asyncio.shield(self._left())

    async def _left(self) -> int:
        with suppress(DependencyError, UnknownResourceError, NotInStateError):
            with suppress(DependencyError):
                await self._written()
                self._gather(self._reader.chunks(rest=True))
                await self._write()
                await self._written()
            kept = (await self._store.uploaded(self.batch, self._tenant, is_whole=False)).items
            if not kept:
                await self._store.delete(self.batch, self._tenant)
            return kept
        return 0

    def _gather(self, chunks: Sequence[Sequence[Row]]) -> None:
        self._chunks += chunks
        self._count += sum(map(len, chunks))
        refusals = self._reader.refusals()
        self._refusals += refusals
        self._first_refusals += refusals[: MOST_REFUSALS_TOLD - len(self._first_refusals)]

    async def _write(self) -> None:
        """Begin to write what there is, once the group before is written.

        Behind one that could not be written there is no other: the rows that are kept have no gap.
        """
        await self._written()
        group = self._store.add(self.batch, self._tenant, self._chunks, self._refusals)
        self._chunks, self._refusals, self._count, self._size = [], [], 0, 0
        self._due = self._clock() + GROUP_SECONDS
        self._writing = asyncio.create_task(group)

    async def _written(self) -> None:
        if self._writing is not None:
            await asyncio.shield(self._writing)  # a request that is cancelled does not lose the group
            self._writing = None
