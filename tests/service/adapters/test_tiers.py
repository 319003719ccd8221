"""The contract of a cache tier, over every tier there is; and what the shared one does when its server is away."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

import psutil
import pytest
from redis.asyncio import Redis

from service.adapters.embedded import EmbeddedServers
from service.adapters.redis import RedisProbe, RedisTier, open_client
from service.core.cache import MemoryTier
from service.core.errors import DependencyError
from service.core.ports import Tier


@pytest.fixture(params=["memory", "redis"])
def tier(request: pytest.FixtureRequest, redis_client: Redis) -> Tier:
    if request.param == "memory":
        return MemoryTier(capacity=1_000_000, clock=time.monotonic)
    return RedisTier(redis_client, os.urandom(8).hex())


async def test_values_come_back_in_the_order_of_the_keys(tier: Tier) -> None:
    await tier.put_many({"one": b"1", "two": b"\x00\xff", "empty": b""}, ttl=60)

    assert list(await tier.get_many(["two", "absent", "one", "empty", "two"])) == [
        b"\x00\xff",
        None,
        b"1",
        b"",
        b"\x00\xff",
    ]


async def test_nothing_is_asked_for_nothing(tier: Tier) -> None:
    await tier.put_many({}, ttl=60)

    assert list(await tier.get_many([])) == []


async def test_the_last_value_counts(tier: Tier) -> None:
    await tier.put_many({"key": b"old"}, ttl=60)
    await tier.put_many({"key": b"new"}, ttl=60)

    assert list(await tier.get_many(["key"])) == [b"new"]


async def test_a_value_is_gone_after_its_time(tier: Tier) -> None:
    await tier.put_many({"brief": b"1"}, ttl=0.001)
    await tier.put_many({"lasting": b"2"}, ttl=60)

    values: list[bytes | None] = []
    async with asyncio.timeout(10):
        while values != [None, b"2"]:
            values = list(await tier.get_many(["brief", "lasting"]))


async def test_prefixes_keep_tiers_apart(redis_client: Redis) -> None:
    await RedisTier(redis_client, "here").put_many({"key": b"1"}, ttl=60)

    assert await RedisTier(redis_client, "there").get_many(["key"]) == [None]


async def test_a_server_that_dies_is_a_dependency_error_at_once(folder: Path) -> None:
    with EmbeddedServers(folder) as servers:
        client = open_client(servers.start_valkey())
        tier, probe = RedisTier(client, "test"), RedisProbe(client)
        await probe.check()
        server = psutil.Process(servers._children[0].pid)

        server.suspend()
        with pytest.raises(DependencyError, match="did not answer within"):
            await tier.get_many(["key"])
        server.resume()
        await probe.check()

        server.kill()
        server.wait()
        for call in (tier.get_many(["key"]), tier.put_many({"key": b""}, 1), probe.check()):
            with pytest.raises(DependencyError):
                await call
        await client.aclose()


@pytest.mark.parametrize("url", ["http://user:secret@host", "redis://user:secret", "secret"])
def test_a_url_that_is_none_is_refused_without_quoting_it(url: str) -> None:
    with pytest.raises(DependencyError, match="must begin with redis://") as caught:
        open_client(url)
    assert "secret" not in str(caught.value)
