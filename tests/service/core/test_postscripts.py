"""What depends on more than an item is added to its outcome each time, and kept with none."""

from __future__ import annotations

from dataclasses import replace

import pytest

from service.core.call import Call
from service.core.errors import AnalysisError, DependencyError
from service.core.known import KnownStore, Likeness, Nearness
from service.core.workload import Postscript
from tests.service.cache_rig import Rig
from tests.service.core.test_pipeline import WordsWorkload, ask, lengths, pipeline_of
from tests.service.doubles import MemoryKnown
from tests.service.sample_workload import Item, Length, Lengths, Meter, words_workload


async def written(item: Item, outcome: Length, known: KnownStore, tenant: str) -> Length:
    """Tells how many words the tenant sent before, in place of the word's length."""
    met = await known.meet(Likeness(item[1].encode(), b"", b""), Nearness(0, 0, 0), 9, tenant)
    return Length(outcome.word, len(met))


def noting(meter: Meter) -> WordsWorkload:
    postscript: Postscript[Item, Length] = Postscript(is_wanted=lambda item: item[1] != "plain", write=written)
    return replace(words_workload(meter), postscript=postscript)


async def test_what_is_added_is_added_anew_to_what_is_analysed_once() -> None:
    store, meter = MemoryKnown(), Meter()
    async with pipeline_of(noting(meter), Rig(), known=store) as (pipeline, _):
        assert await ask(pipeline, "one", tenant="acme") == Lengths([Length("one", 0)])
        assert await ask(pipeline, "two", "plain", tenant="acme") == Lengths([Length("two", 1), Length("plain", 5)])
        assert await ask(pipeline, "one", tenant="acme") == Lengths([Length("one", 1)])
        assert await ask(pipeline, "one", tenant="bolt") == Lengths([Length("one", 0)])
    assert sorted(meter.measured) == ["one", "one", "plain", "two"], "each tenant's once"


async def test_only_an_answer_with_something_added_is_of_this_moment() -> None:
    async with pipeline_of(noting(Meter()), known=MemoryKnown()) as (pipeline, _):
        plain, noted, failed = Call(), Call(), Call()
        await pipeline.each([("dear", "plain")], plain)
        await pipeline.each([("dear", "plain"), ("dear", "one")], noted)
        (outcome,) = await pipeline.each([("dear", "bad")], failed)
        assert isinstance(outcome, AnalysisError)
        assert (plain.is_passing, noted.is_passing, failed.is_passing) == (False, True, False)


async def test_a_store_that_is_away_fails_who_needs_it_and_nobody_else() -> None:
    store = MemoryKnown()
    store.away = True
    for known in (store, None):
        async with pipeline_of(noting(Meter()), known=known) as (pipeline, _):
            assert await ask(pipeline, "plain") == lengths(["plain"])
            with pytest.raises(DependencyError, match="postgres"):
                await ask(pipeline, "one")
            plain, one = await pipeline.each([("dear", "plain"), ("dear", "one")], Call())
            assert plain == Length("plain", 5)
            assert (one.kind, one.may_pass) == ("dependency-away", True)  # type: ignore[union-attr]
