from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import pytest

from slo import spec
from slo.capacity.model import Capacity, StepState
from slo.capacity.plan import Course
from slo.capacity.resources import Place
from slo.capacity.search import Range, Search
from slo.capacity.steps import Measure, Observed, objectives, observe, trial
from slo.capacity.summary import Found, summarise
from slo.capacity.survey import Setting
from tests.slo.capacity.queueing import SETTLE_S, STEP_S, Server, step

MIX = {"comments": 1.0}


@pytest.fixture(scope="session", name="by")
def measure_of_the_shipped_objectives() -> Measure:
    decide = objectives(spec.load(), ["comments"], "development", MIX)
    return Measure(decide, Place(cores=1.0, memory_bytes=2.0**33))


@pytest.fixture(scope="session", name="tested")
def tested_server(by: Measure) -> Callable[..., Capacity]:
    """A whole test of a simulated server: the search asks, the queue answers, the steps are judged and summed up."""

    def tested(server: Server, limits: Range | None = None, *, seed: int = 1, price: float | None = None) -> Capacity:
        search = Search(limits or Range(50.0, 100_000.0, 18))
        observed: list[Observed] = []
        while (rate := search.next_rate()) is not None:
            number = len(observed) + 1
            run = step(rate, server, seed * 1000 + number)
            each = observe(run, (), by, number=number, record=f"step-{number:02}/record.jsonl")
            observed.append(each)
            if each.step.state is StepState.GENERATOR:
                search.give_up(rate)
            else:
                search.take(trial(each), behind=not each.follows)
        setting = Setting(
            name="light",
            url="http://127.0.0.1:8000",
            base={"mix": MIX},
            limits=search.limits,
            course=Course(SETTLE_S, STEP_S),
            measure=by,
            seed=seed,
            folder=Path("nowhere"),
        )
        return summarise(
            Found(
                setting=setting,
                header=run.header,
                observed=tuple(observed),
                estimate=search.estimate(),
                carried=search.carried,
                ceiling=search.ceiling,
                environment="development",
                price_per_hour=price,
            )
        )

    return tested


@pytest.fixture(scope="session", name="whole")
def a_whole_test(tested: Callable[..., Capacity]) -> Capacity:
    """A server of 1,000/s, tested past its knee."""
    return tested(Server(), price=0.5)


@pytest.fixture(scope="session", name="three")
def three_tests(tested: Callable[..., Capacity], whole: Capacity) -> Sequence[Capacity]:
    """Three tests of that server."""
    return [whole, *(tested(Server(), seed=seed) for seed in (2, 3))]


def change(found: Capacity, **changes: object) -> Capacity:
    """``found`` with other figures."""
    return msgspec.structs.replace(found, **changes)
