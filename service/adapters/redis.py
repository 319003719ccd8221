"""The Redis or Valkey door: a shared tier of the cache, and its probe. Losing all of it loses nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from service.core.errors import DependencyError

NAME = "redis"
TIMEOUT_SECONDS = 0.25
"""For connecting and for every answer: a cache that is slower than that is worse than none."""
LARGEST_POOL = 32


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
        with _answering():
            values = await self._client.mget([self._prefix + key for key in keys])
        return [value if isinstance(value, bytes) else None for value in values]

    async def put_many(self, entries: Mapping[str, bytes], ttl: float) -> None:
        """Keep ``entries`` for ``ttl`` seconds (to the millisecond, at least one), in one round trip."""
        if not entries:
            return
        milliseconds = max(1, round(ttl * 1000))
        with _answering():
            async with self._client.pipeline(transaction=False) as pipeline:
                for key, value in entries.items():
                    pipeline.set(self._prefix + key, value, px=milliseconds)
                await pipeline.execute()


class RedisProbe:
    """Tells whether Redis answers."""

    name = NAME

    def __init__(self, client: Redis) -> None:
        self._client = client

    async def check(self) -> None:
        """Raise `DependencyError` when it does not."""
        with _answering():
            await self._client.ping()


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except (RedisTimeoutError, TimeoutError):
        raise DependencyError(NAME, f"did not answer within {TIMEOUT_SECONDS} seconds") from None
    except (RedisError, OSError) as error:
        raise DependencyError(NAME, str(error) or type(error).__name__) from error
