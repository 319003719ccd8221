"""How a tier outside of the process is kept from slowing anybody down."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from service.core.breaker import TOLERANCE
from service.core.entries import Letter
from service.core.errors import BusyError, DependencyError
from service.core.metrics import CACHE_DROPPED, CACHE_FAILURES, CACHE_LEFT_ALONE, CACHE_LOOKUPS, CACHE_WRITTEN
from service.core.ports import Parcel
from tests.service.cache_rig import GatedTier, Rig, until
from tests.service.doubles import DictTier


def found_at_once(rig: Rig, *keys: str) -> dict[str, Letter]:
    """What a look-up answers without ever letting others have their turn."""
    with pytest.raises(StopIteration) as ended:
        rig.far[0].look_up(keys).send(None)
    found: dict[str, Letter] = ended.value.value
    return found


def letters(rig: Rig, *keys: str) -> dict[str, Letter]:
    return {key: Letter(b"1", rig.wall() + 60, rig.wall() + 60) for key in keys}


async def fail(rig: Rig) -> None:
    for _ in range(TOLERANCE):
        await rig.far[0].look_up(["k"])


async def test_nobody_waits_for_a_tier_that_hangs_once_it_is_known_to() -> None:
    tier = DictTier("redis")
    tier.silent = True
    rig = Rig(tier, patience=0.01)
    await fail(rig)
    assert rig.total(CACHE_LEFT_ALONE, "redis") == 1

    for _ in range(100):
        assert found_at_once(rig, "a", "b") == {}
    assert tier.calls == TOLERANCE
    assert rig.total(CACHE_LOOKUPS, "redis", "skipped") == TOLERANCE + 200
    assert rig.total(CACHE_FAILURES, "redis", "read") == TOLERANCE


async def test_only_a_probe_waits_for_it_and_its_answer_brings_the_tier_back() -> None:
    tier = GatedTier("redis")
    tier.away = True
    rig = Rig(tier)
    await fail(rig)

    tier.away = False
    rig.clock.now += 1.0
    assert found_at_once(rig, "a") == {}
    await tier.asked.wait()
    assert found_at_once(rig, "a") == {}, "the probe is under way"
    assert tier.calls == TOLERANCE + 1

    tier.gate.set()
    await until(lambda: not rig.far[0].is_left_alone)
    assert rig.total(CACHE_LEFT_ALONE, "redis") == 0
    tier.entries["a"] = b"not an envelope"
    assert await rig.far[0].look_up(["a"]) == {}
    assert tier.calls == TOLERANCE + 2


async def test_no_more_than_so_many_ask_at_once() -> None:
    tier = GatedTier("postgres")
    rig = Rig(tier, lookups=1)
    first = asyncio.create_task(rig.far[0].look_up(["a"]))
    await tier.asked.wait()
    assert found_at_once(rig, "b") == {}
    tier.gate.set()
    await first
    assert rig.total(CACHE_LOOKUPS, "postgres", "miss") == 1
    assert rig.total(CACHE_LOOKUPS, "postgres", "skipped") == 1
    await rig.far[0].look_up(["c"])
    assert rig.total(CACHE_LOOKUPS, "postgres", "miss") == 2, "the place was given back"


async def test_a_busy_tier_is_skipped_and_not_held_to_have_failed() -> None:
    class BusyTier(DictTier):
        async def get_many(self, keys: Sequence[str]) -> list[bytes | None]:
            raise BusyError(self.name, "all connections are in use")

    rig = Rig(BusyTier("postgres"))
    for _ in range(10):
        await rig.far[0].look_up(["a"])
    assert not rig.far[0].is_left_alone
    assert rig.total(CACHE_LOOKUPS, "postgres", "skipped") == 10
    assert rig.total(CACHE_FAILURES, "postgres", "read") == 0


async def test_a_full_server_is_read_and_for_a_while_not_written_to() -> None:
    class FullTier(DictTier):
        full = True
        writes = 0

        async def put_many(self, parcels: Sequence[Parcel]) -> None:
            self.writes += 1
            if self.full:
                raise DependencyError(self.name, "OOM command not allowed")
            await super().put_many(parcels)

    tier = FullTier("redis")
    rig = Rig(tier)
    for number in range(TOLERANCE + 5):
        rig.far[0].post(letters(rig, f"k{number}"))
        await rig.far[0].close(10)
    assert tier.writes == TOLERANCE
    assert rig.total(CACHE_DROPPED, "redis") == TOLERANCE + 5
    await rig.far[0].look_up(["k"])
    assert rig.total(CACHE_LOOKUPS, "redis", "miss") == 1

    tier.full = False
    rig.clock.now += 1.0
    rig.far[0].post(letters(rig, "again"))
    await rig.far[0].close(10)
    assert list(tier.entries) == ["again"]
    assert rig.total(CACHE_WRITTEN, "redis") == 1


async def test_what_does_not_fit_in_the_queue_is_dropped_and_counted() -> None:
    tier = DictTier("redis")
    rig = Rig(tier, letters=3)
    rig.far[0].post(letters(rig, "a", "b", "c", "d", "e"))
    rig.far[0].post(letters(rig, "a"))
    await rig.far[0].close(10)
    assert set(tier.entries) == {"a", "b", "c"}
    assert rig.total(CACHE_DROPPED, "redis") == 2
    assert tier.calls == 1, "one batch"


async def test_what_is_over_before_its_turn_is_not_written() -> None:
    tier = DictTier("redis")
    rig = Rig(tier)
    rig.far[0].post(letters(rig, "a"))
    rig.clock.now += 60
    await rig.far[0].close(10)
    assert tier.calls == 0
