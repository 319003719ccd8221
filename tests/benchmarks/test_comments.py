"""Costs of the comments workload: both paths, and its JSON."""

from __future__ import annotations

import msgspec
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from service.workloads.comments import WORKLOAD
from service.workloads.comments.analysis import analysed
from service.workloads.comments.model import shipped
from service.workloads.comments.recipe import corpus

TEXTS = [comment.text for part in corpus.TRAINING for comment in corpus.read(part)][::3][:1_000]


@pytest.mark.parametrize("count", [1, 16, 100, 1_000])
def test_fast_path(benchmark: BenchmarkFixture, count: int) -> None:
    outcomes = benchmark(analysed, TEXTS[:count], "fast", shipped())
    assert len(outcomes) == count


@pytest.mark.parametrize("count", [1, 32])
def test_good_path(benchmark: BenchmarkFixture, count: int) -> None:
    outcomes = benchmark(analysed, TEXTS[:count], "good", shipped())
    assert len(outcomes) == count


def test_decoding_a_request_of_100(benchmark: BenchmarkFixture) -> None:
    body = msgspec.json.encode({"comments": TEXTS[:100], "quality": "fast"})
    decoder = msgspec.json.Decoder(WORKLOAD.request)
    assert len(benchmark(decoder.decode, body).comments) == 100


def test_splitting_a_request_of_100(benchmark: BenchmarkFixture) -> None:
    request = WORKLOAD.request(comments=tuple(TEXTS[:100]), quality="fast")
    assert len(benchmark(WORKLOAD.split, request)) == 100


def test_joining_and_encoding_an_answer_of_100(benchmark: BenchmarkFixture) -> None:
    request = WORKLOAD.request(comments=tuple(TEXTS[:100]), quality="fast")
    outcomes = analysed(TEXTS[:100], "fast", shipped())
    encoder = msgspec.json.Encoder()
    assert benchmark(lambda: encoder.encode(WORKLOAD.join(request, outcomes)))
