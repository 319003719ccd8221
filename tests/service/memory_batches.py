"""Batches in dicts, by the rules of their contract, for tests of what stands in front of the store."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence

from msgspec.structs import replace

from service.core.batches import (
    Batch,
    BatchState,
    BatchWish,
    NotInStateError,
    Refusal,
    Row,
    RowResult,
    RowState,
)
from service.core.errors import DependencyError, UnknownResourceError

PORTION = 2


class MemoryBatches:
    """A batch store; away when ``away`` is set."""

    def __init__(self) -> None:
        self.batches: dict[str, Batch] = {}
        self.tenants: dict[str, str] = {}
        self.rows: dict[str, list[list[Row]]] = {}
        self.refused: dict[str, list[Refusal]] = {}
        self.made: dict[str, list[RowResult]] = {}
        self.away = False

    def set(self, identifier: str, **fields: object) -> None:
        """The batch is so from now on."""
        self.batches[identifier] = replace(self.batches[identifier], **fields)

    async def create(self, wish: BatchWish, tenant: str) -> Batch:
        self._arrive()
        identifier = f"batch-{len(self.batches)}"
        batch = Batch(
            id=identifier,
            name=wish.name,
            workload=wish.workload,
            state=BatchState.UPLOADING,
            priority=wish.priority,
            auto_start=wish.auto_start,
            options=wish.options,
            items=0,
            refused=0,
            chunks=0,
            done_chunks=0,
            running_chunks=0,
            succeeded=0,
            failed=0,
            created_at=1.0,
        )
        self.batches[identifier], self.tenants[identifier] = batch, tenant
        self.rows[identifier], self.refused[identifier], self.made[identifier] = [], [], []
        return batch

    async def add(
        self, identifier: str, tenant: str, chunks: Sequence[Sequence[Row]], refusals: Sequence[Refusal]
    ) -> None:
        batch = await self._own(identifier, tenant)
        self.rows[identifier] += map(list, chunks)
        self.refused[identifier] += refusals
        items, refused = batch.items + sum(map(len, chunks)), batch.refused + len(refusals)
        self.set(identifier, items=items, refused=refused, chunks=batch.chunks + len(chunks))

    async def uploaded(self, identifier: str, tenant: str, *, is_whole: bool) -> Batch:
        batch = await self._own(identifier, tenant)
        ready = BatchState.RUNNING if batch.auto_start else BatchState.READY
        self.set(identifier, state=ready if is_whole else BatchState.INTERRUPTED)
        return self.batches[identifier]

    async def find(self, identifier: str, tenant: str) -> Batch | None:
        self._arrive()
        return self.batches.get(identifier) if self.tenants.get(identifier) == tenant else None

    async def page(self, tenant: str, *, before: str | None, most: int, state: BatchState | None) -> Sequence[Batch]:
        own = [self.batches[each] for each in reversed(self.batches) if self.tenants[each] == tenant]
        own = [batch for batch in own if (before is None or batch.id < before) and state in (None, batch.state)]
        return own[:most]

    async def start(self, identifier: str, tenant: str) -> Batch | None:
        return await self._move(identifier, tenant, "start", BatchState.RUNNING, "ready", "interrupted")

    async def pause(self, identifier: str, tenant: str) -> Batch | None:
        return await self._move(identifier, tenant, "pause", BatchState.PAUSED, "running")

    async def resume(self, identifier: str, tenant: str) -> Batch | None:
        return await self._move(identifier, tenant, "resume", BatchState.RUNNING, "paused")

    async def cancel(self, identifier: str, tenant: str) -> Batch | None:
        return await self._move(identifier, tenant, "cancel", BatchState.CANCELLED, "ready", "running", "paused")

    async def retry(self, identifier: str, tenant: str) -> Batch | None:
        return await self._move(identifier, tenant, "retry", BatchState.RUNNING, "completed")

    async def delete(self, identifier: str, tenant: str) -> bool:
        batch = await self.find(identifier, tenant)
        if batch is None:
            return False
        if batch.state is BatchState.RUNNING:
            raise NotInStateError(batch.state, "be deleted")
        del self.batches[identifier], self.tenants[identifier]
        return True

    async def results(
        self, identifier: str, tenant: str, *, state: RowState | None, error: str | None, after: int, most: int | None
    ) -> AsyncIterator[Sequence[RowResult]]:
        await self._own(identifier, tenant)
        found = [
            each
            for each in self.made[identifier]
            if each.line > after and state in (None, each.state) and error in (None, each.error)
        ][:most]
        for place in range(0, len(found), PORTION):
            yield found[place : place + PORTION]

    async def refusals(self, identifier: str, tenant: str) -> Sequence[Refusal]:
        await self._own(identifier, tenant)
        return self.refused[identifier]

    async def errors(self, identifier: str, tenant: str) -> Mapping[str, int]:
        await self._own(identifier, tenant)
        return dict(Counter(each.error for each in self.made[identifier] if each.error is not None).most_common())

    async def _own(self, identifier: str, tenant: str) -> Batch:
        batch = await self.find(identifier, tenant)
        if batch is None:
            raise UnknownResourceError("batch", identifier)
        return batch

    async def _move(self, identifier: str, tenant: str, wish: str, target: BatchState, *sources: str) -> Batch | None:
        batch = await self.find(identifier, tenant)
        if batch is None:
            return None
        if batch.state not in (target, *sources):
            raise NotInStateError(batch.state, wish)
        self.set(identifier, state=target)
        return self.batches[identifier]

    def _arrive(self) -> None:
        if self.away:
            raise DependencyError("postgres", "refused")
