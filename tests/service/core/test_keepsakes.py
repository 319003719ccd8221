"""What outcomes bring beside themselves is kept before anybody reads of it, and is in no answer and no cache."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from service.core.call import Call
from service.core.errors import AnalysisError
from service.core.keepsakes import Keepsake
from tests.service.cache_rig import Rig
from tests.service.core.test_pipeline import WordsWorkload, pipeline_of
from tests.service.doubles import MemoryKeepsakes
from tests.service.sample_workload import Length, words_workload


def parted(outcome: Length) -> tuple[Length, Sequence[Keepsake]]:
    return replace_word(outcome), [Keepsake(outcome.word, "text/plain", outcome.word.encode())]


def replace_word(outcome: Length) -> Length:
    return Length("", outcome.length)


def parting() -> WordsWorkload:
    return replace(words_workload(), keepsakes=parted)


async def test_what_an_outcome_brings_is_kept_for_its_tenant_and_taken_out_of_it() -> None:
    store, rig = MemoryKeepsakes(), Rig()
    async with pipeline_of(parting(), rig, keepsakes=store) as (pipeline, _):
        for _ in range(2):
            assert list(await pipeline.each([("dear", "word")], Call("acme"))) == [Length("", 4)]
    assert store.kept == {("acme", "word"): Keepsake("word", "text/plain", b"word")}


async def test_an_outcome_whose_keepsake_is_lost_is_a_failure_that_may_pass() -> None:
    store = MemoryKeepsakes()
    store.away = True
    async with pipeline_of(parting(), keepsakes=store) as (pipeline, _):
        (failed,) = await pipeline.each([("dear", "word")], Call())
        assert isinstance(failed, AnalysisError)
        assert (failed.kind, failed.may_pass) == ("not-kept", True)
        store.away = False
        assert list(await pipeline.each([("dear", "word")], Call())) == [Length("", 4)]
