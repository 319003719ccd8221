"""Items that name something are completed before they are analysed: once for all, alone when it fails."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from service.core.call import Call, Priority, Timing
from service.core.errors import AnalysisError, QueueFullError
from service.core.fetching import Fetched, Fetcher
from tests.service.cache_rig import Rig, until
from tests.service.core.test_pipeline import WordsWorkload, pipeline_of, with_policy
from tests.service.sample_workload import Item, Length, words_workload


class Library:
    """Where names are looked up; those that ``opened`` waits for come when it is set."""

    def __init__(self, *missing: str, may_pass: bool = False) -> None:
        self.missing = missing
        self.may_pass = may_pass
        self.asked: list[tuple[str, Priority]] = []
        self.opened = asyncio.Event()
        self.opened.set()

    async def fetch(self, url: str, priority: Priority) -> Fetched:
        self.asked.append((url, priority))
        await self.opened.wait()
        if url in self.missing:
            raise AnalysisError("there is none", "http-404", may_pass=self.may_pass)
        return Fetched(url.encode() * 2, "", url)


async def doubled(item: Item, fetcher: Fetcher, priority: Priority) -> Item:
    lane, word = item
    return lane, (await fetcher.fetch(word, priority)).content.decode()


def naming(**policy: object) -> WordsWorkload:
    workload = replace(with_policy(words_workload(), **policy), fetch=doubled)
    return replace(workload, lanes=tuple(replace(lane, queue_items=2) for lane in workload.lanes))


def items(*words: str) -> Sequence[Item]:
    return [("dear", word) for word in words]


async def test_equal_items_are_fetched_once_and_known_ones_not_at_all() -> None:
    library = Library()
    async with pipeline_of(naming(), fetcher=library) as (pipeline, _):
        both = await asyncio.gather(pipeline.each(items("a", "bc"), Call()), pipeline.each(items("a"), Call()))
        assert list(map(list, both)) == [[Length("aa", 2), Length("bcbc", 4)], [Length("aa", 2)]]
        assert await pipeline.each(items("bc"), Call()) == [Length("bcbc", 4)]
    assert sorted(url for url, _ in library.asked) == ["a", "bc"]


async def test_what_cannot_be_fetched_fails_alone_and_is_remembered_with_its_kind() -> None:
    library = Library("gone")
    rig = Rig()
    async with pipeline_of(naming(negative=60.0), rig, fetcher=library) as (pipeline, _):
        for _ in range(2):
            good, bad = await pipeline.each(items("a", "gone"), Call(priority=Priority.BULK))
            assert good == Length("aa", 2)
            assert isinstance(bad, AnalysisError)
            assert (bad.reason, bad.kind) == ("there is none", "http-404")
    assert library.asked.count(("gone", Priority.BULK)) == 1


async def test_what_may_pass_is_tried_again() -> None:
    library = Library("gone", may_pass=True)
    async with pipeline_of(naming(negative=60.0), fetcher=library) as (pipeline, _):
        for _ in range(2):
            await pipeline.each(items("gone"), Call())
    assert len(library.asked) == 2


async def test_only_so_many_wait_to_be_fetched() -> None:
    library = Library()
    library.opened.clear()
    async with pipeline_of(naming(), fetcher=library) as (pipeline, _):
        waiting = asyncio.create_task(pipeline.each(items("a", "b"), Call()))
        await asyncio.sleep(0)
        with pytest.raises(QueueFullError, match="2 items wait to be fetched"):
            await pipeline.each(items("c"), Call())
        library.opened.set()
        assert len(await waiting) == 2


async def test_who_goes_away_takes_nothing_along() -> None:
    library = Library()
    library.opened.clear()
    async with pipeline_of(naming(), fetcher=library) as (pipeline, _):
        impatient = asyncio.create_task(pipeline.each(items("a"), Call()))
        patient = asyncio.create_task(pipeline.each(items("a"), Call()))
        await asyncio.sleep(0)
        impatient.cancel()
        library.opened.set()
        assert await patient == [Length("aa", 2)]


async def test_fetching_is_not_taken_for_waiting() -> None:
    library, rig = Library(), Rig()
    library.opened.clear()
    async with pipeline_of(naming(), rig, fetcher=library) as (pipeline, _):
        call = Call(timing=Timing())
        task = asyncio.create_task(pipeline.each(items("a"), call))
        await until(lambda: library.asked)
        rig.clock.now += 5.0
        library.opened.set()
        await task
        assert call.timing is not None
        assert (call.timing.fetch, call.waited) == (5.0, 0.0)


async def test_a_workload_that_fetches_needs_somebody_who_does() -> None:
    with pytest.raises(ValueError, match="nobody who fetches"):
        async with pipeline_of(naming()):
            pass
