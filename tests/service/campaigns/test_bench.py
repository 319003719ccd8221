"""The bench: what it puts on a pipeline at a time, and what it does when there is no room or an error."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from service.campaigns.bench import LARGEST_GROUP, MOST_GROUPS, Bench
from service.core.call import Call
from service.core.errors import AnalysisError, OverloadError
from tests.service.campaigns.simulation import now, simulated
from tests.service.campaigns.stage import batch_workload
from tests.service.doubles import FakeClock
from tests.service.sample_workload import Length, words_workload


class Script:
    """Does what it is told for each call, one after the other, then what it is asked for."""

    def __init__(self, *answers: BaseException | None) -> None:
        self.workload = batch_workload()
        self.calls: list[tuple[float, list[Any]]] = []
        self._answers = list(answers)

    async def each(self, items: Sequence[Any], call: Call) -> Sequence[Any]:
        self.calls.append((now(), list(items)))
        answer = self._answers.pop(0) if self._answers else None
        if answer is not None:
            raise answer
        if "broken" in items:
            raise ZeroDivisionError
        if "endless" in items:
            await asyncio.Event().wait()
        return items


def outcomes_of(line: Script, items: Sequence[str]) -> tuple[Sequence[Any], int]:
    """What came, and how many are on their way in the end."""

    async def work() -> tuple[Sequence[Any], int]:
        bench = Bench(line, 900.0, asyncio.get_running_loop().time)
        bench.begin(len(items))
        outcomes = await bench.outcomes(items, "acme")
        bench.end(len(items))
        return outcomes, bench.width.in_flight

    return simulated(work())


def test_where_there_is_no_room_it_comes_back_when_told() -> None:
    line = Script(OverloadError("full", 3.0), OverloadError("full", 4.0))

    assert outcomes_of(line, ["a", "b"]) == (["a", "b"], 0)
    assert [at for at, _ in line.calls] == [0.0, 3.0, 7.0]


def test_an_item_that_breaks_the_pipeline_fails_alone(caplog: pytest.LogCaptureFixture) -> None:
    (first, broken, last), in_flight = outcomes_of(Script(), ["a", "broken", "b"])

    assert (first, last, in_flight) == ("a", "b", 0)
    assert isinstance(broken, AnalysisError)
    assert (broken.kind, broken.reason) == ("analysis", "it could not be analysed (ZeroDivisionError)")
    assert "ZeroDivisionError" in caplog.text


def test_what_never_comes_back_fails() -> None:
    (outcome,), _ = outcomes_of(Script(), ["endless"])

    assert isinstance(outcome, AnalysisError)
    assert outcome.kind == "timeout"


def test_what_never_comes_back_fails_alone() -> None:
    (first, endless, last, other), in_flight = outcomes_of(Script(), ["a", "endless", "b", "endless"])

    assert (first, last, in_flight) == ("a", "b", 0)
    assert [outcome.kind for outcome in (endless, other)] == ["timeout", "timeout"]


def test_groups_grow_with_the_pace_and_leave_room_for_others() -> None:
    clock = FakeClock()
    bench = Bench(Script(), 900.0, clock)
    slow = bench.room()
    for _ in range(3_000):
        group = bench.room()
        bench.begin(group)
        clock.now += group / 10_000
        bench.end(group)

    assert slow == 3  # of a width of 32
    assert bench.width.items // MOST_GROUPS <= bench.room() <= min(LARGEST_GROUP, bench.width.items // 2)
    assert bench.seconds(10_000) == pytest.approx(1.0, rel=0.1)


async def test_what_a_first_row_would_load_is_loaded_once_before_it() -> None:
    analysed: list[str] = []

    def analyse(lane: str, items: Sequence[tuple[str, str]]) -> list[Length | AnalysisError]:
        analysed.extend(word for _, word in items)
        if analysed == ["stone", "lode"]:
            raise ModuleNotFoundError("an engine that is not installed")
        return [Length(word, len(word)) for _, word in items]

    line = Script()
    line.workload = replace(words_workload(), analyse=analyse)
    bench = Bench(line, 60.0, lambda: 0.0)
    await bench.warm()
    await bench.warm()
    assert analysed == ["stone", "lode"]
