"""The contract of a cache tier outside of the process, over every one there is."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import psutil
import pytest
from redis.asyncio import Redis

from service.adapters.cache_table import CacheTable
from service.adapters.database import Database
from service.adapters.embedded import EmbeddedServers
from service.adapters.postgres import Pool
from service.adapters.redis import RedisProbe, RedisTier, answering, open_client
from service.core.errors import DependencyError
from service.core.invalidation import matcher_of
from service.core.ports import Parcel, Tier


@pytest.fixture(params=["redis", "postgres"])
async def tier(request: pytest.FixtureRequest, redis_client: Redis, pool: Pool) -> Tier:
    """An empty tier."""
    if request.param == "redis":
        return RedisTier(redis_client, f"a-{os.urandom(8).hex()}[*]?")
    await pool.execute("TRUNCATE cache_entries")
    return CacheTable(Database(pool), rows=1000)


async def put(tier: Tier, entries: dict[str, bytes], ttl: float = 60) -> None:
    await tier.put_many([Parcel(key, value, ttl) for key, value in entries.items()])


async def test_values_come_back_in_the_order_of_the_keys(tier: Tier) -> None:
    await put(tier, {"one": b"1", "two": b"\x00\xff", "empty": b""})

    values = await tier.get_many(["two", "absent", "one", "empty", "two"])
    assert list(values) == [b"\x00\xff", None, b"1", b"", b"\x00\xff"]


async def test_nothing_is_asked_for_nothing(tier: Tier) -> None:
    await put(tier, {})

    assert list(await tier.get_many([])) == []
    assert await tier.drop_many([]) == 0


async def test_the_last_value_counts(tier: Tier) -> None:
    await put(tier, {"key": b"old"})
    await put(tier, {"key": b"new", "other": b"1"})

    assert list(await tier.get_many(["key", "other"])) == [b"new", b"1"]


async def test_a_value_is_gone_after_its_own_time(tier: Tier) -> None:
    await tier.put_many([Parcel("brief", b"1", 0.001), Parcel("lasting", b"2", 60)])

    values: list[bytes | None] = []
    async with asyncio.timeout(10):
        while values != [None, b"2"]:
            values = list(await tier.get_many(["brief", "lasting"]))


async def test_many_writers_of_the_same_keys_all_end_well(tier: Tier) -> None:
    keys = [f"key-{number}" for number in range(200)]
    batches = [[Parcel(key, b"%d" % writer, 60) for key in keys[:: 1 if writer % 2 else -1]] for writer in range(8)]
    await asyncio.gather(*(tier.put_many(batch) for batch in batches))

    assert None not in await tier.get_many(keys)


async def test_keys_are_dropped_and_counted(tier: Tier) -> None:
    await put(tier, {"a": b"1", "b": b"2", "c": b"3"})

    assert await tier.drop_many(["a", "b", "absent"]) == 2
    assert list(await tier.get_many(["a", "b", "c"])) == [None, None, b"3"]


async def test_what_matches_a_pattern_is_dropped_and_nothing_else(tier: Tier) -> None:
    keys = ["words:1:fast:a", "words:1:good:a", "words_1:fast", "words:2:fast:%", "comments:1:fast:a"]
    for pattern in ("words:1:*", "*:fast:?", "words_*", "words?1*", "*%", "comments:1:fast:a", "?", "*"):
        await put(tier, dict.fromkeys(keys, b"1"))
        meant = list(map(matcher_of(pattern), keys))

        assert await tier.drop_matching(pattern) == sum(meant), pattern
        values = await tier.get_many(keys)
        assert [value is None for value in values] == meant, pattern


async def test_a_pattern_reaches_more_than_one_batch(tier: Tier) -> None:
    for first in range(0, 12_000, 4000):
        await put(tier, {f"words:{number}": b"1" for number in range(first, first + 4000)})
    await put(tier, {"comments:1": b"1"})

    assert await tier.drop_matching("words:*") == 12_000
    assert list(await tier.get_many(["words:0", "words:11999", "comments:1"])) == [None, None, b"1"]


async def test_prefixes_keep_services_apart(redis_client: Redis) -> None:
    here, there = RedisTier(redis_client, "here*"), RedisTier(redis_client, "here*or")
    await put(here, {"key": b"1"})
    await put(there, {"key": b"2"})

    assert await here.drop_matching("*") == 1
    assert await there.get_many(["key"]) == [b"2"]


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
        parcel = Parcel("key", b"", 1)
        for call in (tier.get_many(["key"]), tier.put_many([parcel]), tier.drop_matching("*"), probe.check()):
            with pytest.raises(DependencyError):
                await call
        await client.aclose()


@pytest.mark.parametrize("url", ["http://user:secret@host", "redis://user:secret", "secret"])
def test_a_url_that_is_none_is_refused_without_quoting_it(url: str) -> None:
    with pytest.raises(DependencyError, match="must begin with redis://") as caught:
        open_client(url)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("error", [ConnectionResetError("cut"), TimeoutError(), RuntimeError("the handler is closed")])
def test_every_way_of_not_answering_is_said_alike(error: Exception) -> None:
    with pytest.raises(DependencyError), answering():
        raise error
