"""What knowing a caller costs: with the key, the role and the rate a request must stay under 4 µs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from service.core.bucket import Rate
from service.core.identity import Identity, Role
from service.core.keyring import Keyring, token_in
from service.core.keys import Seal, Secret
from service.core.metrics import Metrics, layout_of
from service.core.rate import RateLimiter
from tests.service.doubles import FakeClock, MemoryBuckets, MemoryKeys

ENDLESS = Rate.parse("1000000000/s")


class Gate:
    """A keyring that knows a key, and a limiter that holds tokens for it."""

    def __init__(self) -> None:
        metrics, seal, clock = Metrics(layout_of((), (), ())), Seal(Secret("s" * 64)), FakeClock()
        store = MemoryKeys(seal)
        self.token = store.add(rate=ENDLESS)
        self.headers = {b"host": b"x", b"content-length": b"99", b"authorization": b"Bearer " + self.token}
        self.ring = Keyring(store, [seal], metrics, clock=clock)
        self.limiter = RateLimiter(MemoryBuckets(clock), metrics, clock=clock)

    async def open(self) -> Identity:
        identity = await self.ring.identify(self.token)
        for _ in range(100):  # until a portion lasts for as long as a benchmark
            await self.limiter.lease(identity, 1_000_000)
        return identity

    async def close(self) -> None:
        await self.limiter.close()
        await self.ring.close()


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as running:
        yield running


@pytest.fixture
def gate() -> Gate:
    return Gate()


@pytest.fixture
def identity(runner: asyncio.Runner, gate: Gate) -> Iterator[Identity]:
    yield runner.run(gate.open())
    runner.run(gate.close())


def test_finding_the_key_in_the_headers(benchmark: BenchmarkFixture, gate: Gate) -> None:
    assert benchmark(token_in, gate.headers) == gate.token


def test_knowing_a_key(benchmark: BenchmarkFixture, gate: Gate, identity: Identity) -> None:
    assert benchmark(gate.ring.known, gate.token) is identity


def test_refusing_a_key_that_is_not_known(benchmark: BenchmarkFixture, gate: Gate, identity: Identity) -> None:
    assert benchmark(gate.ring.known, gate.token[:-1] + b"!") is None


def test_checking_a_role(benchmark: BenchmarkFixture, identity: Identity) -> None:
    benchmark(identity.require, Role.WRITE)


def test_taking_a_token(benchmark: BenchmarkFixture, gate: Gate, identity: Identity) -> None:
    assert benchmark(gate.limiter.take, identity)


def test_telling_what_is_left(benchmark: BenchmarkFixture, gate: Gate, identity: Identity) -> None:
    assert len(benchmark(gate.limiter.headers, identity)) == 2


def test_all_of_it(benchmark: BenchmarkFixture, gate: Gate, identity: Identity) -> None:
    def check() -> bool:
        caller = gate.ring.known(token_in(gate.headers))
        assert caller is not None
        caller.require(Role.WRITE)
        return gate.limiter.take(caller) and bool(gate.limiter.headers(caller))

    assert benchmark(check)
