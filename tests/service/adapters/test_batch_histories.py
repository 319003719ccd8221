"""Whatever tenants and workers do, in any order: the stores say what a simple model of batches says.

Workers come back late, give back, lose their leases; tenants pause, cancel, repeat and delete meanwhile. After every
step the progress and the results of every batch are what the model has, so no row is lost and none is done twice.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from service.adapters.attempts import WORKER_ROLE
from service.adapters.batches import PostgresBatches
from service.adapters.chunks import PostgresChunks
from service.adapters.database import Database
from service.adapters.postgres import Pool, open_pool
from service.core.batches import Batch, BatchState, BatchWish, Chunk, NotInStateError, Row, RowResult, RowState

T = TypeVar("T")
TENANTS = ("acme", "bolt")
LEASE = 600.0
AT_WORK = {BatchState.RUNNING, BatchState.PAUSED}
NUMBERS = st.integers(0, 2**16)


class Stores(NamedTuple):
    """The stores under test and a way to wait for what they answer."""

    batches: PostgresBatches
    chunks: PostgresChunks
    pool: Pool
    wait: Callable[[Coroutine[Any, Any, Any]], Any]


@dataclass
class ModelChunk:
    """A chunk as it should be."""

    lines: range
    state: str = "pending"
    attempt: int = 0
    repeats: bool = False
    failed: dict[int, bool] = field(default_factory=dict)
    """By line, of those that have a result."""

    @property
    def to_do(self) -> list[int]:
        return [line for line in self.lines if not self.repeats or self.failed[line]]

    def release(self, *, is_over: bool) -> None:
        """Nobody has it any more."""
        self.state = "pending" if not is_over else "done" if self.repeats else "cancelled"
        self.repeats = self.repeats and not is_over


@dataclass
class ModelBatch:
    """A batch as it should be."""

    id: str
    tenant: str
    state: BatchState
    chunks: list[ModelChunk]

    def in_state(self, state: str) -> list[ModelChunk]:
        return [chunk for chunk in self.chunks if chunk.state == state]

    @property
    def figures(self) -> tuple[BatchState, int, int, int, int, int]:
        """What `Batch` should say."""
        failed = [sum(chunk.failed.values()) for chunk in self.chunks]
        return (
            self.state,
            sum(len(chunk.lines) for chunk in self.chunks),
            len(self.in_state("done")),
            len(self.in_state("running")),
            sum(len(chunk.failed) for chunk in self.chunks) - sum(failed),
            sum(number for chunk, number in zip(self.chunks, failed, strict=True) if not chunk.repeats),
        )

    def wish(self, name: str) -> bool:
        """What it comes to; False when it cannot be had."""
        moves = {
            "start": ({"ready", "interrupted", "running"}, BatchState.RUNNING),
            "pause": ({"running", "paused"}, BatchState.PAUSED),
            "resume": ({"running", "paused"}, BatchState.RUNNING),
            "cancel": ({"interrupted", "ready", "running", "paused", "cancelled"}, BatchState.CANCELLED),
            "retry": ({"completed", "running"}, BatchState.RUNNING),
        }
        allowed, target = moves[name]
        if self.state not in allowed:
            return False
        if name == "retry" and self.state is BatchState.COMPLETED:
            repeated = [chunk for chunk in self.chunks if any(chunk.failed.values())]
            for chunk in repeated:
                chunk.state, chunk.repeats = "pending", True
            target = target if repeated else self.state
        if name == "cancel":
            for chunk in self.in_state("pending"):
                chunk.release(is_over=True)
        self.state = target
        return True


class Hand(NamedTuple):
    """A chunk that somebody took, perhaps long ago."""

    batch: ModelBatch
    model: ModelChunk
    chunk: Chunk

    @property
    def is_theirs(self) -> bool:
        return self.model.state == "running" and self.model.attempt == self.chunk.attempt


class Histories(RuleBasedStateMachine):
    """Batches, who has what of them, and everything that may happen next."""

    def __init__(self, stores: Stores) -> None:
        super().__init__()
        self._stores = stores
        self._batches: list[ModelBatch] = []
        self._hands: list[Hand] = []
        self._seen: dict[str, tuple[int, int]] = {}
        self._wait(stores.pool.execute("TRUNCATE batches, batch_chunks, batch_results, batch_refusals, batch_remains"))

    def _wait(self, answer: Coroutine[Any, Any, T]) -> T:
        result: T = self._stores.wait(answer)
        return result

    @rule(
        sizes=st.lists(st.integers(1, 3), max_size=4),
        tenant=st.sampled_from(TENANTS),
        is_whole=st.booleans(),
        auto_start=st.booleans(),
    )
    def upload(self, sizes: list[int], tenant: str, is_whole: bool, auto_start: bool) -> None:
        store, firsts = self._stores.batches, [2 + sum(sizes[:number]) for number in range(len(sizes))]
        lines = [range(first, first + size) for first, size in zip(firsts, sizes, strict=True)]

        async def sent() -> Batch:
            batch = await store.create(BatchWish(workload="comments", name="b", auto_start=auto_start), tenant)
            for part in lines:
                await store.add(batch.id, tenant, [[Row(line, {"text": str(line)}) for line in part]], [])
            return await store.uploaded(batch.id, tenant, is_whole=is_whole)

        starts = BatchState.RUNNING if auto_start else BatchState.READY
        state = starts if is_whole else BatchState.INTERRUPTED
        self._batches.append(ModelBatch(self._wait(sent()).id, tenant, state, [ModelChunk(part) for part in lines]))

    @precondition(lambda self: self._batches)
    @rule(number=NUMBERS, name=st.sampled_from(["start", "pause", "resume", "cancel", "retry"]))
    def wish(self, number: int, name: str) -> None:
        batch = self._batches[number % len(self._batches)]
        if name == "retry" and batch.state is BatchState.COMPLETED:
            self._seen.pop(batch.id, None)
        call = getattr(self._stores.batches, name)
        if batch.wish(name):
            assert self._wait(call(batch.id, batch.tenant)).state == batch.state
        else:
            with pytest.raises(NotInStateError):
                self._wait(call(batch.id, batch.tenant))

    @precondition(lambda self: self._batches)
    @rule(number=NUMBERS)
    def delete(self, number: int) -> None:
        batch = self._batches[number % len(self._batches)]
        if batch.state in AT_WORK:
            with pytest.raises(NotInStateError):
                self._wait(self._stores.batches.delete(batch.id, batch.tenant))
            return
        assert self._wait(self._stores.batches.delete(batch.id, batch.tenant))
        self._batches.remove(batch)
        for chunk in batch.chunks:
            chunk.state = "gone"

    @rule(most=st.integers(1, 6))
    def claim(self, most: int) -> None:
        taken = self._wait(self._stores.chunks.claim("worker:1", LEASE, most))
        batch = self._next()
        if batch is None:
            assert not taken
            return
        pending = batch.in_state("pending")
        expected = pending[: max(1, most // len(pending[0].lines))]
        assert {chunk.batch for chunk in taken} == {batch.id}
        assert [[row.line for row in chunk.rows] for chunk in taken] == [chunk.to_do for chunk in expected]
        for model, chunk in zip(expected, taken, strict=True):
            model.state, model.attempt = "running", model.attempt + 1
            assert (chunk.attempt, chunk.is_repetition) == (model.attempt, model.repeats)
            self._hands.append(Hand(batch, model, chunk))

    @precondition(lambda self: self._hands)
    @rule(number=NUMBERS, bits=NUMBERS)
    def complete(self, number: int, bits: int) -> None:
        """By whoever has it, or had it once."""
        hand = self._hands[number % len(self._hands)]
        failed = {row.line: bool(bits >> place & 1) for place, row in enumerate(hand.chunk.rows)}
        model, is_theirs = hand.model, hand.is_theirs
        assert self._wait(self._stores.chunks.complete(hand.chunk, _results(failed))) == is_theirs
        if is_theirs:
            model.state, model.repeats = "done", False
            model.failed |= failed

    @precondition(lambda self: self._hands)
    @rule(number=NUMBERS)
    def give_back(self, number: int) -> None:
        hand = self._hands[number % len(self._hands)]
        self._wait(self._stores.chunks.give_back([hand.chunk]))
        if hand.is_theirs:
            hand.model.release(is_over=hand.batch.state is BatchState.CANCELLED)

    @rule()
    def extend(self) -> None:
        kept = self._wait(self._stores.chunks.extend([hand.chunk for hand in self._hands], LEASE))
        assert kept == [hand.chunk for hand in self._hands if hand.is_theirs]

    @rule(are_lost=st.booleans())
    def tidy(self, are_lost: bool) -> None:
        """Now and then after all leases ran out."""
        if are_lost:
            self._wait(
                self._stores.pool.execute(
                    "UPDATE batch_chunks SET lease_until = now() - interval '1 s' WHERE lease_until IS NOT NULL"
                )
            )
        self._wait(self._stores.chunks.tidy())
        for batch in self._batches:
            for chunk in batch.in_state("running") if are_lost else ():
                chunk.release(is_over=batch.state is BatchState.CANCELLED)
            if batch.state is BatchState.RUNNING and not batch.in_state("pending") and not batch.in_state("running"):
                batch.state = BatchState.COMPLETED

    @invariant()
    def the_store_says_what_the_model_says(self) -> None:
        for batch in self._batches:
            found, results = self._wait(self._told(batch))
            figures = found.state, found.items, found.done_chunks, found.running_chunks, found.succeeded, found.failed
            assert figures == batch.figures
            outcomes = {line: failed for chunk in batch.chunks for line, failed in chunk.failed.items()}
            assert results == sorted(outcomes.items())

    @invariant()
    def progress_never_falls(self) -> None:
        """But when failed rows are done again."""
        for batch in self._batches:
            _, _, chunks, _, succeeded, failed = batch.figures
            now = chunks, succeeded + failed
            before = self._seen.get(batch.id, (0, 0))
            assert now >= before
            self._seen[batch.id] = now

    def _next(self) -> ModelBatch | None:
        in_hand = dict.fromkeys(TENANTS, 0)
        for batch in self._batches:
            in_hand[batch.tenant] += sum(len(chunk.lines) for chunk in batch.in_state("running"))
        waiting = [batch for batch in self._batches if batch.state is BatchState.RUNNING and batch.in_state("pending")]
        return min(waiting, key=lambda batch: (in_hand[batch.tenant], uuid.UUID(batch.id)), default=None)

    async def _told(self, batch: ModelBatch) -> tuple[Batch, list[tuple[int, bool]]]:
        store = self._stores.batches
        found = await store.find(batch.id, batch.tenant)
        assert found is not None
        portions = store.results(batch.id, batch.tenant, state=None, error=None, after=0, most=None)
        return found, [(each.line, each.error is not None) async for portion in portions for each in portion]


def _results(failed: dict[int, bool]) -> Sequence[RowResult]:
    return [
        RowResult(line=line, state=RowState.FAILED, subject="s", error="dns", reason="unknown")
        if is_failed
        else RowResult(line=line, state=RowState.SUCCEEDED, subject="s", result=b"{}")
        for line, is_failed in failed.items()
    ]


@pytest.fixture
def stores(database: str) -> Iterator[Stores]:
    """Over connections of a loop that lives as long as the test."""

    async def opened(stack: AsyncExitStack) -> tuple[Pool, Pool]:
        tenants = await open_pool(database, size=1, application="tests")
        workers = await open_pool(database, size=1, application="tests", role=WORKER_ROLE)
        return await stack.enter_async_context(tenants), await stack.enter_async_context(workers)

    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        tenants, workers = runner.run(opened(stack))
        try:
            yield Stores(PostgresBatches(Database(tenants)), PostgresChunks(Database(workers)), tenants, runner.run)
        finally:
            runner.run(stack.aclose())


def test_any_history_is_what_a_simple_model_says(stores: Stores) -> None:
    class OnTheseStores(Histories):
        def __init__(self) -> None:
            super().__init__(stores)

    run_state_machine_as_test(
        OnTheseStores,
        settings=settings(max_examples=25, stateful_step_count=30, deadline=None),
    )
