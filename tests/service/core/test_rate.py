"""Rates: what all processes give out together, what a refused caller is told, and what happens without the buckets."""

from __future__ import annotations

import asyncio
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core.breaker import TOLERANCE
from service.core.bucket import Rate, TokenBucket
from service.core.errors import RateLimitedError
from service.core.identity import ANONYMOUS, Identity, Role
from service.core.lease import LARGEST_SHARE, LEASE_SECONDS
from service.core.metrics import Metrics, layout_of
from service.core.rate import RateLimiter
from tests.service.doubles import FakeClock, MemoryBuckets

SLACK_SECONDS = 2 * LEASE_SECONDS
HAIR = 1e-6


def who(text: str, burst: int | None = None, key: str = "key") -> Identity:
    return Identity(key, "acme", Role.WRITE, Rate.parse(text, burst))


class Fleet:
    """Processes that share buckets, and the time."""

    def __init__(self, processes: int = 1, *, share: float = 1.0) -> None:
        self.clock = FakeClock()
        self.buckets = MemoryBuckets(self.clock)
        metrics = Metrics(layout_of((), (), ()))
        self.limiters = [RateLimiter(self.buckets, metrics, share=share, clock=self.clock) for _ in range(processes)]

    async def passes(self, identity: Identity, process: int = 0, cost: int = 1) -> bool:
        """Whether a request passes now, as a handler asks."""
        limiter = self.limiters[process]
        if limiter.take(identity, cost):
            return True
        try:
            await limiter.lease(identity, cost)
        except RateLimitedError:
            return False
        return True

    async def retry_after(self, identity: Identity, cost: int = 1) -> float:
        with pytest.raises(RateLimitedError) as caught:
            await self.limiters[0].lease(identity, cost)
        return caught.value.retry_after

    async def drain(self, identity: Identity) -> int:
        """Take all there is; how much that was."""
        taken = 0
        while await self.passes(identity):
            taken += 1
        return taken


async def settle() -> None:
    """Let what runs in the background come to an end."""
    for _ in range(5):
        await asyncio.sleep(0)


@given(
    capacity=st.integers(1, 50),
    per_second=st.floats(0.1, 100),
    draws=st.lists(st.tuples(st.floats(0, 2), st.integers(0, 60), st.integers(0, 60)), max_size=30),
)
def test_a_bucket_gives_no_more_than_it_holds_and_what_flows_in(
    capacity: int, per_second: float, draws: list[tuple[float, int, int]]
) -> None:
    bucket = TokenBucket(Rate(1, 1 / per_second, capacity), 0.0)
    now, given_out = 0.0, []
    for gap, wanted, needed in draws:
        now += gap
        grant = bucket.draw(wanted, needed, 0.0, now)
        given_out.append((now, grant.tokens))
        assert grant.tokens == 0 or min(needed, wanted) <= grant.tokens <= wanted
        assert 0 <= grant.left <= capacity
    for first, (begin, _) in enumerate(given_out):
        total = 0
        for moment, tokens in given_out[first:]:
            total += tokens
            assert total <= capacity + per_second * (moment - begin) + HAIR


@given(
    processes=st.integers(1, 4),
    burst=st.integers(1, 100),
    per_second=st.sampled_from([1, 7, 100]),
    steps=st.lists(
        st.tuples(st.sampled_from([0.0, 0.0, 0.0, 0.01, 0.1, 0.4, 0.6, 3.0]), st.integers(0, 3), st.integers(1, 3)),
        max_size=150,
    ),
)
def test_all_processes_together_keep_the_rate(
    processes: int, burst: int, per_second: int, steps: list[tuple[float, int, int]]
) -> None:
    async def scenario() -> list[tuple[float, int]]:
        fleet = Fleet(processes)
        identity = who(f"{per_second}/s", burst)
        passed = []
        for gap, process, cost in steps:
            fleet.clock.now += gap
            if await fleet.passes(identity, process % processes, min(cost, burst)):
                passed.append((fleet.clock.now, min(cost, burst)))
            if gap:
                await settle()
        for limiter in fleet.limiters:
            await limiter.close()
        return passed

    passed = asyncio.run(scenario())
    for first, (begin, _) in enumerate(passed):
        total = 0
        for moment, cost in passed[first:]:
            total += cost
            assert total <= burst + per_second * (moment - begin + SLACK_SECONDS) + HAIR


async def test_one_process_gives_all_of_the_burst_and_then_all_of_the_rate() -> None:
    fleet, identity = Fleet(), who("100/s", 40)
    assert await fleet.drain(identity) == 40

    taken = 0
    for _ in range(1000):
        fleet.clock.now += 0.01
        taken += await fleet.passes(identity)
        await settle()
    assert taken >= 999


async def test_what_another_process_holds_is_refused_by_no_more_than_its_portion() -> None:
    fleet, identity = Fleet(4), who("1/h", 160)
    taken = 0
    for process in range(4):
        for _ in range(35):
            taken += await fleet.passes(identity, process)
    while await fleet.passes(identity, 0):
        taken += 1

    assert 160 - 3 * 1.5 * 160 * LARGEST_SHARE <= taken <= 160


async def test_most_requests_of_a_busy_key_ask_nobody() -> None:
    fleet, identity = Fleet(), who("2000/s", 2000)
    asked = 0
    for _ in range(5000):
        fleet.clock.now += 0.001
        asked += not fleet.limiters[0].take(identity) and await fleet.passes(identity)
        await settle()

    assert asked <= 5, "for the first, and while the portions grow"
    assert fleet.buckets.calls < 200


async def test_tokens_that_are_not_used_go_back() -> None:
    fleet, identity = Fleet(2), who("1/d", 64)
    for _ in range(20):
        assert await fleet.passes(identity, 0)
    await settle()
    fleet.clock.now += LEASE_SECONDS
    assert await fleet.passes(identity, 0), "what it holds is over, so it gives back and asks for a new portion"
    taken = 21
    while await fleet.passes(identity, 1):
        taken += 1
    assert taken >= 62


async def test_tokens_that_lay_unused_do_not_come_on_top_of_a_full_bucket() -> None:
    fleet, identity = Fleet(), who("1/min", 160)
    for _ in range(50):
        assert await fleet.passes(identity)
    await settle()
    fleet.clock.now += 86_400
    assert await fleet.drain(identity) == 160


async def test_who_comes_back_after_the_time_he_is_told_passes_and_not_before() -> None:
    fleet, identity = Fleet(), who("2/s", 3)
    assert await fleet.drain(identity) == 3

    wait = await fleet.retry_after(identity)
    assert 0 < wait <= 0.5
    calls = fleet.buckets.calls
    for _ in range(20):
        fleet.clock.now += wait / 21
        assert not await fleet.passes(identity)
    assert fleet.buckets.calls == calls, "what cannot be there yet is not asked for"
    fleet.clock.now += wait / 21 + HAIR
    assert await fleet.passes(identity)


@pytest.mark.parametrize("cost", [1, 5, 10, 25])
async def test_a_cost_is_taken_whole_or_not_at_all(cost: int) -> None:
    fleet, identity = Fleet(), who("1/s", 10)
    assert await fleet.passes(identity, cost=cost)
    assert await fleet.drain(identity) == max(0, 10 - cost)
    fleet.clock.now += max(0, cost - 10) + 3 + HAIR
    assert not await fleet.passes(identity, cost=4)
    assert await fleet.drain(identity) == 3


@pytest.mark.parametrize("away", [False, True])
async def test_what_was_charged_beyond_what_was_there_is_paid_first(away: bool) -> None:
    fleet, identity = Fleet(2), who("10/s", 10)
    fleet.buckets.away = away
    assert await fleet.passes(identity)
    fleet.limiters[0].charge(identity, 19)
    await settle()
    assert await fleet.retry_after(identity) == pytest.approx(1.1)
    assert await fleet.passes(identity, 1) == away, "the debt is everybody's where the bucket is"
    fleet.clock.now += 1.1 + HAIR
    assert await fleet.drain(identity) == 1


async def test_many_who_wait_at_once_ask_together() -> None:
    fleet, identity = Fleet(), who("1/h", 100)
    passed = await asyncio.gather(*(fleet.passes(identity) for _ in range(150)))
    assert sum(passed) == 100
    assert fleet.buckets.calls <= 4


async def test_keys_do_not_share_and_a_key_that_was_given_another_rate_has_it() -> None:
    fleet = Fleet()
    assert await fleet.drain(who("1/h", 5)) == 5
    assert await fleet.drain(who("1/h", 5, key="other")) == 5
    assert await fleet.drain(who("4/s", 5)) == 0, "a bucket keeps what is in it"
    fleet.clock.now += 1.0
    assert await fleet.drain(who("4/s", 5)) == 4


async def test_who_has_no_limit_costs_nothing() -> None:
    fleet = Fleet()
    limiter = fleet.limiters[0]
    await limiter.lease(ANONYMOUS, 1_000_000)
    limiter.charge(ANONYMOUS, 1_000_000)

    assert limiter.take(ANONYMOUS, 1_000_000)
    assert limiter.headers(ANONYMOUS) == ()
    assert fleet.buckets.calls == 0


async def test_without_the_buckets_each_process_gives_its_share_and_asks_again_in_the_background() -> None:
    fleet, identity = Fleet(2, share=0.5), who("10/s", 40)
    fleet.buckets.away = True
    taken = [0, 0]
    for process in (0, 1):
        while await fleet.passes(identity, process):
            taken[process] += 1
    assert taken == [20, 20]
    fleet.clock.now += 1.0
    await settle()
    assert await fleet.drain(identity) == 5

    fleet.buckets.away = False
    fleet.clock.now += 30.0
    assert await fleet.passes(identity)
    await settle()
    assert await fleet.drain(identity) >= 39, "the shared bucket is back"


async def test_buckets_that_are_silent_hold_up_no_more_than_the_first_few() -> None:
    fleet, identity = Fleet(), who("1000/s", 1000)
    fleet.buckets.away = True
    for _ in range(TOLERANCE):
        fleet.clock.now += LEASE_SECONDS
        assert await fleet.passes(identity)
    fleet.buckets.silent = True
    calls = fleet.buckets.calls
    async with asyncio.timeout(5):
        for _ in range(500):
            fleet.clock.now += 0.1
            assert await fleet.passes(identity)
            await settle()
    assert fleet.buckets.calls == calls + 1, "one probe waits, and nobody else"
    await fleet.limiters[0].close()


HEADER = re.compile(rb'"default";r=([0-9]+);t=([0-9]+)')


async def said(fleet: Fleet, identity: Identity) -> tuple[bytes, int, int]:
    (policy_name, policy), (name, value) = fleet.limiters[0].headers(identity)
    assert (policy_name, name) == (b"ratelimit-policy", b"ratelimit")
    match = HEADER.fullmatch(value)
    assert match is not None
    return policy, int(match[1]), int(match[2])


async def test_headers_tell_the_rate_and_what_is_left_of_it() -> None:
    fleet, identity = Fleet(), who("100/min")
    assert await said(fleet, identity) == (b'"default";q=100;w=60', 100, 60)
    for _ in range(50):
        assert await fleet.passes(identity)
    await settle()
    assert await said(fleet, identity) == (b'"default";q=100;w=60', 50, 30)

    await fleet.drain(identity)
    fleet.clock.now += 0.2
    _, left, seconds = await said(fleet, identity)
    assert (left, seconds) == (0, 1)
    assert await fleet.retry_after(identity) <= seconds

    fleet.clock.now += 3600
    assert (await said(fleet, identity))[1:] == (100, 60)


async def test_who_spends_what_is_left_evenly_over_the_time_told_is_never_refused() -> None:
    fleet, identity = Fleet(), who("30/min", 12)
    for _ in range(200):
        _, left, seconds = await said(fleet, identity)
        fleet.clock.now += seconds / max(1, left) + HAIR
        assert await fleet.passes(identity)
        await settle()


@pytest.mark.parametrize(
    ("text", "burst", "policy"),
    [
        ("100/s", None, b'"default";q=100;w=1'),
        ("100/s", 250, b'"default";q=250;w=3'),
        ("100/s", 10, b'"default";q=10;w=1'),
        ("10/15min", None, b'"default";q=10;w=900'),
        ("3/7s", None, b'"default";q=3;w=7'),
        ("1/d", 2, b'"default";q=2;w=172800'),
    ],
)
async def test_the_policy_is_told_in_whole_seconds(text: str, burst: int | None, policy: bytes) -> None:
    assert (await said(Fleet(), who(text, burst)))[0] == policy


@pytest.mark.parametrize("text", ["100/s", "5000/min", "10/15min", "1/h", "7/3d", "1000/s", "90/90s"])
def test_a_rate_is_read_as_it_is_written(text: str) -> None:
    rate = Rate.parse(text)
    assert Rate.parse(rate.text) == rate
    assert Rate.parse(text, 3 * rate.requests).text == f"{rate.text} burst {3 * rate.requests}"


@pytest.mark.parametrize(
    "text", ["", "100", "/s", "0/s", "-1/s", "1.5/s", "100/0s", "100/week", " 1/s", "9999999999/s"]
)
def test_what_is_no_rate_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be a number of requests and a time"):
        Rate.parse(text)
