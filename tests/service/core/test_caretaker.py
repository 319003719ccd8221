from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack

import pytest

from service.core import caretaker as module
from service.core.caretaker import WORKERS, Caretaker
from service.core.errors import InvalidRequestError
from service.core.invalidation import Invalidation
from service.core.memory import SAMPLED
from service.core.workload import CachePolicy
from tests.service.cache_rig import DictUses, LocalChannel, Rig, until
from tests.service.doubles import DictTier, FakeClock

POLICY = CachePolicy(ttl=100.0, jitter=0.0)


class House:
    """Two workers that share two tiers and a channel."""

    def __init__(self) -> None:
        clock = FakeClock()
        self.redis, self.postgres, self.channel = DictTier("redis"), DictTier("postgres"), LocalChannel()
        self.uses = DictUses(self.postgres)
        self.here = Rig(self.redis, self.postgres, clock=clock)
        self.there = Rig(self.redis, self.postgres, clock=clock)
        self.caretaker = self._caretaker(self.here, "here")
        self._stack = AsyncExitStack()

    def _caretaker(self, rig: Rig, name: str) -> Caretaker:
        return Caretaker(rig.cache, name=name, prefixes=["words:1:"], uses=self.uses, channel=self.channel)

    async def __aenter__(self) -> House:
        await self._stack.enter_async_context(self.caretaker.working())
        await self._stack.enter_async_context(self._caretaker(self.there, "there").working())
        for _ in range(5):  # both listen
            await asyncio.sleep(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def fill(self) -> None:
        for rig in (self.here, self.there):
            rig.cache.keep({"words:1:fast:a": b"1", "words:1:good:b": b"2", "comments:1:fast:a": b"3"}, POLICY)
            await rig.cache.close()

    def keys_everywhere(self) -> list[set[str]]:
        keys = ["words:1:fast:a", "words:1:good:b", "comments:1:fast:a"]
        memories = [{key for key in keys if rig.cache.peek(key)} for rig in (self.here, self.there)]
        return [*memories, set(self.redis.entries), set(self.postgres.entries)]


@pytest.mark.parametrize(
    ("invalidation", "left"),
    [
        (Invalidation(workload="words"), {"comments:1:fast:a"}),
        (Invalidation(pattern="*:fast:*"), {"words:1:good:b"}),
        (Invalidation(keys=("words:1:good:b", "unknown:1:a")), {"words:1:fast:a", "comments:1:fast:a"}),
    ],
)
async def test_an_invalidation_reaches_every_tier_and_every_worker(invalidation: Invalidation, left: set[str]) -> None:
    async with House() as house:
        await house.fill()
        forgotten = await house.caretaker.invalidate(invalidation)
        gone = 3 - len(left)
        assert forgotten.entries == {"memory": gone, "redis": gone, "postgres": gone}
        assert forgotten.unreached == ()
        await until(lambda: house.there.memory.count == len(left))
        assert house.keys_everywhere() == [left] * 4


async def test_what_an_invalidation_did_not_reach_is_told() -> None:
    async with House() as house:
        await house.fill()
        house.redis.away = house.channel.away = True
        forgotten = await house.caretaker.invalidate(Invalidation(workload="words"))
        assert forgotten.entries == {"memory": 2, "postgres": 2}
        assert {place.where for place in forgotten.unreached} == {"redis", WORKERS}
        here, there, redis, postgres = house.keys_everywhere()
        assert here == postgres == {"comments:1:fast:a"}
        assert len(there) == len(redis) == 3


async def test_an_invalidation_of_nothing_is_refused() -> None:
    async with House() as house:
        with pytest.raises(InvalidRequestError):
            await house.caretaker.invalidate(Invalidation())


async def test_memory_is_emptied_when_notices_may_have_been_missed() -> None:
    async with House() as house:
        await house.fill()
        house.channel.resume()
        assert house.keys_everywhere()[:2] == [set(), set()]
        assert len(house.redis.entries) == 3


async def test_a_notice_that_makes_no_sense_is_passed_over() -> None:
    async with House() as house:
        await house.fill()
        await house.channel.publish(b"\xc1 no notice")
        assert all(len(keys) == 3 for keys in house.keys_everywhere())


async def test_what_is_used_most_is_in_memory_after_a_start() -> None:
    house = House()
    await house.fill()
    house.uses.uses = {"words:1:fast:a": 5, "words:1:good:b": 7, "comments:1:fast:a": 9}
    house.here.memory.clear()
    async with house:
        await until(lambda: house.here.memory.count == 2)
        assert house.keys_everywhere()[0] == {"words:1:fast:a", "words:1:good:b"}, "of the current versions alone"


async def test_a_warming_reaches_every_worker() -> None:
    async with House() as house:
        await house.fill()
        house.uses.uses = {"comments:1:fast:a": 9}
        house.channel.resume()
        warmed = await house.caretaker.warm(["comments:1:"], 10)
        assert (warmed.entries, warmed.unreached) == (1, ())
        await until(lambda: house.there.memory.count)
        assert house.keys_everywhere()[:2] == [{"comments:1:fast:a"}] * 2

        house.postgres.away = house.channel.away = True
        warmed = await house.caretaker.warm(["comments:1:"], 10)
        assert {place.where for place in warmed.unreached} == {"postgres", WORKERS}


async def test_uses_are_handed_over_and_what_is_over_is_swept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROUND_SECONDS", 0.001)
    async with House() as house:
        await house.fill()
        house.uses.over = 3
        for _ in range(SAMPLED):
            house.here.cache.peek("words:1:fast:a")
        await until(lambda: house.uses.uses and not house.uses.over)
        assert house.uses.uses == {"words:1:fast:a": SAMPLED}


async def test_the_last_uses_are_handed_over_at_the_end() -> None:
    house = House()
    async with house:
        await house.fill()
        for _ in range(SAMPLED):
            house.here.cache.peek("words:1:fast:a")
    assert house.uses.uses == {"words:1:fast:a": SAMPLED}


async def test_a_cancellation_that_is_lost_is_said_again() -> None:
    class DeafChannel(LocalChannel):
        deaf = True

        async def listen(self, hear: Callable[[bytes], None], resumed: Callable[[], None]) -> None:
            try:
                await super().listen(hear, resumed)
            except asyncio.CancelledError:
                self.deaf = False
            await super().listen(hear, resumed)

    house = House()
    house.channel = DeafChannel()
    caretaker = Caretaker(house.here.cache, name="here", channel=house.channel)
    async with asyncio.timeout(10), caretaker.working():
        await asyncio.sleep(0)
    assert not house.channel.deaf
