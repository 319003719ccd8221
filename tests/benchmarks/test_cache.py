"""What the cache costs on the way of a request: a hit well below a microsecond, a hundred items some ten."""

from __future__ import annotations

import time
from hashlib import blake2b

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from service.core.cache import Cache
from service.core.entries import Codec, Letter
from service.core.memory import MemoryTier
from service.core.metrics import Metrics, layout_of
from service.core.store import Store
from service.core.workload import CachePolicy
from service.workloads import WORKLOADS

KEYS = [f"comments:1-1a2b3c4d:fast:{blake2b(b'%d' % number, digest_size=16).hexdigest()}" for number in range(100)]
POLICY = CachePolicy(ttl=3600.0)
OUTCOME_BYTES = 250


@pytest.fixture
def cache() -> Cache:
    """A cache without far tiers that knows `KEYS`."""
    metrics = Metrics(layout_of(WORKLOADS, (), ()))
    cache = Cache(MemoryTier(64 * 2**20, metrics.memory(), time.monotonic))
    cache.keep(dict.fromkeys(KEYS, bytes(OUTCOME_BYTES)), POLICY)
    return cache


def test_a_hit_in_the_store(benchmark: BenchmarkFixture) -> None:
    store: Store[bytes] = Store(2**20, time.monotonic)
    store.put(b"digest", b"answer", 6, 3600.0)
    assert benchmark(store.get, b"digest") == b"answer"


def test_peek_hit(benchmark: BenchmarkFixture, cache: Cache) -> None:
    assert benchmark(cache.peek, KEYS[0]) is not None


def test_peek_miss(benchmark: BenchmarkFixture, cache: Cache) -> None:
    assert benchmark(cache.peek, "comments:1-1a2b3c4d:fast:none") is None


def test_peek_many_100(benchmark: BenchmarkFixture, cache: Cache) -> None:
    assert None not in benchmark(cache.peek_many, KEYS)


def test_keep_100(benchmark: BenchmarkFixture, cache: Cache) -> None:
    outcomes = dict.fromkeys(KEYS, bytes(OUTCOME_BYTES))
    benchmark(cache.keep, outcomes, POLICY)


@pytest.mark.parametrize("outcomes", [1, 32])
def test_seal_and_open(benchmark: BenchmarkFixture, outcomes: int) -> None:
    codec = Codec()
    value = b'{"label":"negative","score":-0.813,"confidence":0.878,"themes":["outages","speed"]}' * 3 * outcomes

    def there_and_back() -> Letter | None:
        return codec.open(codec.seal(Letter(value, 1.0, 2.0)) or b"")

    assert benchmark(there_and_back) is not None
