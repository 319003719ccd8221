"""What it costs to read a request and to write its answer."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from service.core.deadlines import Deadlines
from service.core.workload import AnyWorkload
from service.web.body import BodyReader, BodyRoom
from service.workloads import WORKLOADS


def cheap_examples() -> list[Any]:
    """Every example whose items need no heavy engine."""
    found = []
    for workload in WORKLOADS:
        cheap = {lane.name for lane in workload.lanes if not lane.threads}
        for name, body in workload.examples.items():
            items = workload.split(msgspec.convert(body, workload.request))
            if cheap.issuperset(map(workload.lane_of, items)):
                found.append(pytest.param(workload, body, id=f"{workload.name}-{name}-{len(items)}"))
    return found


def reader_of(workload: AnyWorkload) -> BodyReader[Any]:
    room = BodyRoom(workload.body_bytes)
    return BodyReader(workload.request, workload.body_bytes, Deadlines(10.0, time.monotonic), room)


@pytest.mark.parametrize(("workload", "body"), cheap_examples())
def test_read_a_request(benchmark: BenchmarkFixture, workload: AnyWorkload, body: Any) -> None:
    reader = reader_of(workload)
    benchmark(reader.decode, msgspec.json.encode(body))


@pytest.mark.parametrize(("workload", "body"), cheap_examples())
def test_write_an_answer(benchmark: BenchmarkFixture, workload: AnyWorkload, body: Any) -> None:
    workload.prepare()
    request = msgspec.convert(body, workload.request)
    items = workload.split(request)
    answer = workload.join(request, workload.analyse(workload.lane_of(items[0]), items))
    benchmark(msgspec.json.Encoder().encode, answer)


def test_read_a_thousand_comments(benchmark: BenchmarkFixture) -> None:
    workload = next(workload for workload in WORKLOADS if workload.name == "comments")
    comments = [f"muy lento el internet, ya llamé {number} veces 😡" for number in range(1000)]
    reader = reader_of(workload)
    benchmark(reader.decode, msgspec.json.encode({"comments": comments}))
