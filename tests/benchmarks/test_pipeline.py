"""What a request costs between its decoded body and its answer: fresh and known comments, alone and together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from itertools import count

import pytest
import uvloop
from pytest_benchmark.fixture import BenchmarkFixture

from service.core.cache import Cache
from service.core.call import Call
from service.core.limits import ConcurrencyLimit
from service.core.memory import MemoryTier
from service.core.metrics import Metrics, layout_of
from service.core.pipeline import Pipeline
from service.workloads.comments import WORKLOAD
from service.workloads.comments.messages import Analysis, CommentsAnswer, CommentsRequest
from service.workloads.comments.policy import Item
from service.workloads.comments.recipe import corpus

CommentsPipeline = Pipeline[CommentsRequest, Item, Analysis, CommentsAnswer]
TEXTS = [comment.text for part in corpus.TRAINING for comment in corpus.read(part)]
MEMORY = 32 * 2**20


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as running:
        yield running


@pytest.fixture
def pipeline(runner: asyncio.Runner) -> Iterator[CommentsPipeline]:
    WORKLOAD.prepare()

    async def open_pipeline() -> CommentsPipeline:
        metrics = Metrics(layout_of([WORKLOAD], (), ()))
        cache = Cache(MemoryTier(MEMORY, metrics.memory(), time.monotonic))
        return Pipeline(WORKLOAD, cache=cache, limit=ConcurrencyLimit(256), metrics=metrics)

    opened = runner.run(open_pipeline())
    yield opened
    runner.run(opened.close())


def fresh(comments: int) -> Callable[[], CommentsRequest]:
    """Makes requests with so many comments that were never asked for before."""
    numbers = count()

    def make() -> CommentsRequest:
        texts = [f"{TEXTS[number % len(TEXTS)]} {number}" for number in (next(numbers) for _ in range(comments))]
        return CommentsRequest(comments=tuple(texts), quality="fast")

    return make


async def answered(pipeline: CommentsPipeline, request: CommentsRequest) -> CommentsAnswer:
    ticket = pipeline.admit(Call())
    try:
        return await pipeline.answer(request, ticket)
    finally:
        pipeline.leave(ticket)


@pytest.mark.parametrize(("requests", "comments"), [(1, 1), (16, 1), (1, 16), (1, 100), (1, 1_000)])
def test_fresh_comments(
    benchmark: BenchmarkFixture, runner: asyncio.Runner, pipeline: CommentsPipeline, requests: int, comments: int
) -> None:
    make = fresh(comments)

    async def all_at_once() -> list[CommentsAnswer]:
        return await asyncio.gather(*(answered(pipeline, make()) for _ in range(requests)))

    answers = benchmark(lambda: runner.run(all_at_once()))
    assert [len(answer.results) for answer in answers] == [comments] * requests


@pytest.mark.parametrize("comments", [1, 100])
def test_known_comments(
    benchmark: BenchmarkFixture, runner: asyncio.Runner, pipeline: CommentsPipeline, comments: int
) -> None:
    request = fresh(comments)()
    assert benchmark(lambda: runner.run(answered(pipeline, request))).summary.comments == comments


def test_admission(benchmark: BenchmarkFixture, pipeline: CommentsPipeline) -> None:
    call = Call()
    benchmark(lambda: pipeline.leave(pipeline.admit(call)))
