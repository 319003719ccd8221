"""What depends on more than an item is added to its outcome each time, and kept with none."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from service.core.call import Call
from service.core.errors import AnalysisError, DependencyError
from service.core.known import Likeness, Nearness
from service.core.postscripts import AT_ONCE, Stores, each_alone
from tests.service.cache_rig import Rig
from tests.service.core.test_pipeline import WordsWorkload, ask, lengths, pipeline_of
from tests.service.doubles import MemoryKnown
from tests.service.sample_workload import Item, Length, Lengths, Meter, words_workload


class Counting:
    """Tells how many words the tenant sent before, in place of the word's length; nothing of plain ones."""

    number = 1
    """Of the edition."""

    def __init__(self, stores: Stores) -> None:
        self.known = stores.known
        self.turns = asyncio.Semaphore(AT_ONCE)

    def is_wanted(self, item: Item) -> bool:
        return item[1] != "plain"

    def life(self, item: Item) -> float:
        return 5.0 if item[1] == "lasting" else 0.0

    def edition(self, tenant: str) -> str:
        return f"{self.number} of {tenant}"

    async def write(self, pairs: Sequence[tuple[Item, Length]], tenant: str) -> Sequence[Length | DependencyError]:
        known = self.known
        if known is None:
            return [DependencyError("postgres", "there is none")] * len(pairs)

        async def counted(item: Item, outcome: Length) -> Length:
            met = await known.meet(Likeness(item[1].encode(), b"", b""), Nearness(0, 0, 0), 9, tenant)
            return Length(outcome.word, len(met))

        return await each_alone(pairs, counted, self.turns)


def noting(meter: Meter) -> WordsWorkload:
    return replace(words_workload(meter), postscripts=Counting)


async def test_what_is_added_is_added_anew_to_what_is_analysed_once() -> None:
    store, meter = MemoryKnown(), Meter()
    async with pipeline_of(noting(meter), Rig(), stores=Stores(known=store)) as (pipeline, _):
        assert await ask(pipeline, "one", tenant="acme") == Lengths([Length("one", 0)])
        assert await ask(pipeline, "two", "plain", tenant="acme") == Lengths([Length("two", 1), Length("plain", 5)])
        assert await ask(pipeline, "one", tenant="acme") == Lengths([Length("one", 1)])
        assert await ask(pipeline, "one", tenant="bolt") == Lengths([Length("one", 0)])
    assert sorted(meter.measured) == ["one", "one", "plain", "two"], "each tenant's once"


async def test_an_answer_with_something_added_holds_for_as_long_as_that() -> None:
    async with pipeline_of(noting(Meter()), stores=Stores(known=MemoryKnown())) as (pipeline, _):
        plain, noted, lasting, failed = Call(), Call(), Call(), Call()
        await pipeline.each([("dear", "plain")], plain)
        await pipeline.each([("dear", "plain"), ("dear", "one")], noted)
        await pipeline.each([("dear", "plain"), ("dear", "lasting")], lasting)
        (outcome,) = await pipeline.each([("dear", "bad")], failed)
        assert isinstance(outcome, AnalysisError)
        whole = pipeline.workload.lanes[0].cache.ttl
        assert (plain.life, noted.life, lasting.life, failed.life) == (whole, 0.0, 5.0, whole)
        assert pipeline.edition("acme") == "1 of acme"


async def test_a_store_that_is_away_fails_who_needs_it_and_nobody_else() -> None:
    store = MemoryKnown()
    store.away = True
    for known in (store, None):
        async with pipeline_of(noting(Meter()), stores=Stores(known=known)) as (pipeline, _):
            assert await ask(pipeline, "plain") == lengths(["plain"])
            with pytest.raises(DependencyError, match="postgres"):
                await ask(pipeline, "one")
            plain, one = await pipeline.each([("dear", "plain"), ("dear", "one")], Call())
            assert plain == Length("plain", 5)
            assert (one.kind, one.may_pass) == ("dependency-away", True)  # type: ignore[union-attr]
