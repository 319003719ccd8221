"""Chunks in memory, a pipeline that takes simulated time, and workers that crash, freeze, stop and come back."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import msgspec

from service.campaigns.doorbell import Doorbell
from service.campaigns.hand import Hand
from service.campaigns.shift import Shift
from service.campaigns.terms import CampaignTerms
from service.core.batches import Chunk, Row, RowResult
from service.core.call import Call, Priority
from service.core.errors import AnalysisError, DependencyError, InvalidRequestError, OverloadError
from service.core.workload import AnyWorkload, BatchRule
from tests.service.campaigns.simulation import now
from tests.service.sample_workload import Length, words_workload

LOST_BEFORE_SUSPICION = 2
LOST_AT_A_ROW = 3
TERMS = CampaignTerms(lease=9.0)


class NoOptions(msgspec.Struct, forbid_unknown_fields=True):
    """Nothing can be chosen."""


def batch_workload() -> AnyWorkload:
    """Words, as the rows of a batch; ``?`` is no word."""

    def item_of(fields: Any, options: NoOptions) -> str:
        if fields["word"] == "?":
            raise InvalidRequestError("word", "is no word")
        return str(fields["word"])

    rule: BatchRule[Any] = BatchRule(columns={"word": "a word"}, options=NoOptions, item_of=item_of, chunk_rows=5)
    return replace(words_workload(), batch=rule, examples={})  # no thread to warm it in: here time is not real


@dataclass
class Record:
    """A chunk as it is kept."""

    chunk: Chunk
    state: str = "pending"
    attempt: int = 0
    ends: float = 0.0
    begun: bool = False
    losses: int = 0
    suspect: int | None = None
    losses_at: int = 0
    poisoned: list[Row] = field(default_factory=list)


class MemoryChunks:
    """Obeys `ChunkStore`; ``away`` says until when it answers nobody."""

    def __init__(
        self, rows: Sequence[str], chunk_rows: int = 5, *, workload: str = "words", tenant: str = "acme"
    ) -> None:
        self.records: list[Record] = []
        self.results: dict[int, RowResult] = {}
        self.away = 0.0
        self.suspected: Callable[[], None] = lambda: None
        """Told whenever a row is."""
        self.claims = 0
        self.longest_over = 0.0
        """The longest that a chunk was running past its lease."""
        self.add(rows, chunk_rows, workload=workload, tenant=tenant)

    def add(
        self, rows: Sequence[str], chunk_rows: int, *, workload: str, tenant: str = "acme", batch: str = "b"
    ) -> None:
        lines = [Row(line, {"word": word, "id": f"n{line}"}) for line, word in enumerate(rows, 2)]
        for number, begin in enumerate(range(0, len(lines), chunk_rows)):
            part = tuple(lines[begin : begin + chunk_rows])
            chunk = Chunk(
                batch=batch, number=number, attempt=0, tenant=tenant, workload=workload, options=b"{}", rows=part
            )
            self.records.append(Record(chunk))

    @property
    def is_complete(self) -> bool:
        return all(record.state == "done" for record in self.records)

    async def claim(self, worker: str, lease: float, most_items: int) -> Sequence[Chunk]:
        self.claims += 1
        taken: list[Chunk] = []
        rows = 0
        for record in self.records:
            is_doubtful = record.losses >= LOST_BEFORE_SUSPICION
            if record.state != "pending" or (taken and (is_doubtful or rows + len(record.chunk.rows) > most_items)):
                continue
            if taken and taken[0].is_suspicious:
                break
            if taken and taken[0].batch != record.chunk.batch:
                break
            record.state, record.attempt, record.ends = "running", record.attempt + 1, now() + lease
            record.begun = False
            left = [row for row in record.chunk.rows if row not in record.poisoned]
            left.sort(key=lambda row: (row.line != record.suspect, row.line))
            rows += len(left)
            taken.append(
                msgspec.structs.replace(
                    record.chunk,
                    attempt=record.attempt,
                    rows=tuple(left),
                    poisoned=tuple(record.poisoned),
                    is_suspicious=is_doubtful,
                )
            )
        return taken

    async def extend(self, chunks: Sequence[Chunk], lease: float) -> Sequence[Chunk]:
        ours = [chunk for chunk in chunks if self._is_of(chunk)]
        for chunk in ours:
            self._record(chunk).ends = now() + lease
        return ours

    async def begin(self, chunks: Sequence[Chunk]) -> None:
        for chunk in chunks:
            self._record(chunk).begun |= self._is_of(chunk)

    async def suspect(self, chunk: Chunk, line: int) -> bool:
        self.suspected()
        if not self._is_of(chunk):
            return False
        record = self._record(chunk)
        record.begun = True
        if record.suspect != line:
            record.suspect, record.losses_at = line, 0
        return True

    async def complete(self, chunk: Chunk, results: Sequence[RowResult]) -> bool:
        if not self._is_of(chunk):
            return False
        lines = Counter(result.line for result in results)
        assert self._record(chunk).begun or not chunk.rows
        assert lines == Counter(row.line for row in self._record(chunk).chunk.rows)
        if chunk.batch == "b":
            assert not self.results.keys() & lines.keys()
            self.results.update({result.line: result for result in results})
        self._record(chunk).state = "done"
        return True

    async def give_back(self, chunks: Sequence[Chunk]) -> None:
        for chunk in chunks:
            if self._is_of(chunk):
                self._record(chunk).state = "pending"

    async def tidy(self) -> float | None:
        for record in self.records:
            if record.state == "running" and record.ends < now():
                self.longest_over = max(self.longest_over, now() - record.ends)
                record.state = "pending"
                if record.begun:
                    record.losses += 1
                    self._judge(record)
        return min((record.ends - now() for record in self.records if record.state == "running"), default=None)

    def _judge(self, record: Record) -> None:
        if record.suspect is None:
            return
        record.losses_at += 1
        if record.losses_at >= LOST_AT_A_ROW:
            record.poisoned.append(next(row for row in record.chunk.rows if row.line == record.suspect))
            record.suspect, record.losses_at = None, 0

    def _is_of(self, chunk: Chunk) -> bool:
        record = self._record(chunk)
        return record.state == "running" and record.attempt == chunk.attempt

    def _record(self, chunk: Chunk) -> Record:
        return next(r for r in self.records if (r.chunk.batch, r.chunk.number) == (chunk.batch, chunk.number))


class Wire:
    """One worker's way to a store: slow, cut at times before or after the question is heard, frozen or dead."""

    def __init__(self, store: MemoryChunks, random: Random, loss: float = 0.0) -> None:
        self.store = store
        self.random = random
        self.loss = loss
        self.frozen = 0.0
        self.is_dead = False

    def __getattr__(self, name: str) -> Callable[..., Any]:
        async def ask(*arguments: Any) -> Any:
            await self.passes(self.random.uniform(0.0, 0.01))
            if now() < self.store.away or self.random.random() < self.loss:
                raise DependencyError("postgres", "away")
            answer = await getattr(self.store, name)(*arguments)
            await self.passes(self.random.uniform(0.0, 0.01))
            if self.random.random() < self.loss:
                raise DependencyError("postgres", "the answer was lost")
            return answer

        return ask

    async def passes(self, seconds: float) -> None:
        """Time, as this worker sees it."""
        await asyncio.sleep(seconds)
        await asyncio.sleep(max(0.0, self.frozen - now()))
        if self.is_dead:
            await asyncio.Event().wait()


class SlowLine:
    """Measures words, ``hands`` at a time in ``seconds`` each; ``die`` ends its worker, ``bad`` fails.

    With ``places``, more than so many words find no room.
    """

    def __init__(
        self,
        passes: Callable[[float], Any] = asyncio.sleep,
        *,
        seconds: float = 0.1,
        hands: int = 1000,
        places: int = 1_000_000,
        die: Callable[[], None] | None = None,
    ) -> None:
        self.workload = batch_workload()
        self.seconds = seconds
        self.begun: list[str] = []
        self.most = 0
        self._passes = passes
        self._hands = asyncio.Semaphore(hands)
        self._places = places
        self.inside = 0
        self._die = die

    async def each(self, items: Sequence[str], call: Call) -> Sequence[Length | AnalysisError]:
        assert call.priority is Priority.BULK
        if self.inside + len(items) > self._places and self.inside:
            raise OverloadError("no room", 1.0)
        self.inside += len(items)
        self.most = max(self.most, self.inside)
        try:
            return await asyncio.gather(*map(self._one, items))
        finally:
            self.inside -= len(items)

    async def _one(self, word: str) -> Length | AnalysisError:
        async with self._hands:
            self.begun.append(word)
            await self._passes(self.seconds)
            if word.startswith("die") and self._die is not None:
                self._die()
                await asyncio.Event().wait()
        return AnalysisError("too bad", "damaged") if word == "bad" else Length(word, len(word))


class Worker:
    """One after the other, as processes are under a parent that starts them again."""

    def __init__(self, store: MemoryChunks, random: Random, *, name: str = "w", loss: float = 0.0, **line: Any) -> None:
        self._store = store
        self._random = random
        self._name = name
        self._loss = loss
        self._line = line
        self.lives = 0
        self.start()

    def start(self) -> None:
        """A new life."""
        self.lives += 1
        self.wire = Wire(self._store, self._random, self._loss)
        self.stop = asyncio.Event()
        self.line = SlowLine(self.wire.passes, die=self._die, **self._line)
        self.task = asyncio.create_task(self._live(self.wire, self.line, self.stop))

    async def _live(self, wire: Wire, line: SlowLine, stop: asyncio.Event) -> None:
        hand = self.hand = Hand()
        shift = Shift(
            wire,
            {"words": line},
            stop,
            worker=self._name,
            hand=hand,
            doorbell=Doorbell(),
            alone=asyncio.Lock(),
            terms=TERMS,
            clock=asyncio.get_running_loop().time,
        )
        keeping = asyncio.create_task(hand.keep(wire, TERMS.lease))
        try:
            await shift.run()
        finally:
            keeping.cancel()

    def _die(self) -> None:
        wire = self.wire
        wire.is_dead = True
        asyncio.get_running_loop().call_soon(self.crash, wire)

    def crash(self, wire: Wire | None = None) -> None:
        """End at once, and start again."""
        if wire is None or wire is self.wire:
            self.wire.is_dead = True
            self.task.cancel()
            self.start()

    async def leave(self) -> None:
        """Stop as told."""
        self.stop.set()
        await self.task
