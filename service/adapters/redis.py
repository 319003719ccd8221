"""The Redis or Valkey door: a shared tier of the cache, its channel for notices, and its probe.

Losing all of it loses nothing.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from service.core.errors import DependencyError
from service.core.ports import Parcel

_log = logging.getLogger(__name__)

NAME = "redis"
TIMEOUT_SECONDS = 0.25
"""For connecting and for every answer: a cache that is slower than that is worse than none."""
LARGEST_POOL = 32
SCANNED_KEYS = 1000
"""Looked at by the server in one step, during which it answers nobody else: well below a millisecond."""
FIRST_DELAY = 0.1
LONGEST_DELAY = 2.0
"""Seconds between attempts to listen again."""
_GLOB_SIGNS = re.compile(r"[*?\[\]\\^-]")


def open_client(url: str) -> Redis:
    """A client for ``url`` (``redis://``, ``rediss://``, ``unix://``); connects with its first command."""
    try:
        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=LARGEST_POOL,
            timeout=TIMEOUT_SECONDS,
            socket_timeout=TIMEOUT_SECONDS,
            socket_connect_timeout=TIMEOUT_SECONDS,
            # Once, for a connection that went stale while idle; after a timeout it would double the wait.
            retry=Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
        )
    except ValueError:
        # Its own message would quote the URL, and with it the password.
        reason = "the URL must begin with redis://, rediss:// or unix:// and hold no unknown option"
        raise DependencyError(NAME, reason) from None
    return Redis.from_pool(pool)


class RedisTier:
    """The tier of the cache that all processes share; keys are written as ``prefix:key``."""

    name = NAME

    def __init__(self, client: Redis, prefix: str) -> None:
        self._client = client
        self._prefix = f"{prefix}:"

    async def get_many(self, keys: Sequence[str]) -> Sequence[bytes | None]:
        """The values of ``keys`` in order, None where there is none, in one round trip."""
        if not keys:
            return []
        with answering():
            values = await self._client.mget([self._prefix + key for key in keys])
        return [value if isinstance(value, bytes) else None for value in values]

    async def put_many(self, parcels: Sequence[Parcel]) -> None:
        """Keep ``parcels`` in one round trip, each for its seconds (to the millisecond, at least one)."""
        if not parcels:
            return
        with answering():
            async with self._client.pipeline(transaction=False) as pipeline:
                for key, value, ttl in parcels:
                    pipeline.set(self._prefix + key, value, px=max(1, round(ttl * 1000)))
                await pipeline.execute()

    async def drop_many(self, keys: Sequence[str]) -> int:
        """Forget ``keys``; how many there were."""
        if not keys:
            return 0
        with answering():
            return int(await self._client.unlink(*[self._prefix + key for key in keys]))

    async def drop_matching(self, pattern: str) -> int:
        """Forget the keys that match ``pattern``; how many. Looks through all keys of the server, bit by bit."""
        whole = _GLOB_SIGNS.sub(r"\\\g<0>", self._prefix) + pattern
        dropped, cursor = 0, 0
        with answering():
            while True:
                cursor, keys = await self._client.scan(cursor, match=whole, count=SCANNED_KEYS)
                if keys:
                    dropped += int(await self._client.unlink(*keys))
                if not cursor:
                    return dropped


class RedisChannel:
    """Carries messages between the processes that share the cache; ``silence`` is how long, in seconds, it may be
    quiet before the connection is asked whether it is still there."""

    def __init__(self, client: Redis, prefix: str, silence: float = 5.0) -> None:
        self._client = client
        self._name = f"{prefix}:cache-notices"
        self._silence = silence

    async def publish(self, message: bytes) -> None:
        """Tell everybody who listens; DependencyError when Redis does not answer."""
        with answering():
            await self._client.publish(self._name, message)

    async def listen(self, hear: Callable[[bytes], None], resumed: Callable[[], None]) -> None:
        """Call ``hear`` with every message and ``resumed`` whenever listening begins (anew), until cancelled."""
        delay = FIRST_DELAY
        while True:
            try:
                with answering():
                    async with aclosing(self._messages()) as messages:
                        async for message in messages:
                            if message is None:
                                resumed()
                                delay = FIRST_DELAY
                            else:
                                hear(message)
            except DependencyError as error:
                _log.warning("notices to the cache are not heard, trying again in %g s: %s", delay, error.reason)
            await asyncio.sleep(delay)
            delay = min(delay * 2, LONGEST_DELAY)

    async def _messages(self) -> AsyncGenerator[bytes | None, None]:
        """What is heard on one subscription, None where it begins; it may begin again after a broken connection."""
        async with self._client.pubsub() as subscription:
            await subscription.subscribe(self._name)
            asked = False
            while True:
                message = await subscription.get_message(timeout=TIMEOUT_SECONDS if asked else self._silence)
                if message is None and asked:
                    raise RedisTimeoutError
                asked = message is None
                if message is None:
                    await subscription.ping()
                elif message["type"] == "subscribe":
                    yield None
                elif message["type"] == "message":
                    yield message["data"]


class RedisProbe:
    """Tells whether Redis answers."""

    name = NAME

    def __init__(self, client: Redis) -> None:
        self._client = client

    async def check(self) -> None:
        """Raise `DependencyError` when it does not."""
        with answering():
            await self._client.ping()


@contextmanager
def answering() -> Iterator[None]:
    """Turn every way of not answering into `DependencyError`."""
    try:
        yield
    except (RedisTimeoutError, TimeoutError):
        raise DependencyError(NAME, f"did not answer within {TIMEOUT_SECONDS} seconds") from None
    except (RedisError, OSError, RuntimeError) as error:  # the last is uvloop's, of a connection cut while it is used
        raise DependencyError(NAME, str(error) or type(error).__name__) from error
