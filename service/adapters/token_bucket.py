"""Buckets of tokens in Redis or Valkey, shared by all processes. A bucket that is lost is full again."""

from __future__ import annotations

from importlib import resources

from redis.asyncio import Redis

from service.adapters.redis import answering
from service.core.bucket import Grant, Rate

_SCRIPT = (resources.files("service.adapters") / "lua" / "token_bucket.lua").read_text(encoding="utf-8")


class RedisBuckets:
    """Draws tokens in one round trip each; buckets are kept as ``prefix:rate:KEY``."""

    def __init__(self, client: Redis, prefix: str) -> None:
        self._draw = client.register_script(_SCRIPT)
        self._prefix = f"{prefix}:rate:"

    async def draw(self, key: str, rate: Rate, wanted: int, needed: int, returned: float) -> Grant:
        """As `TokenBucket.draw`, of the bucket ``key``; DependencyError when it is away."""
        arguments = (rate.burst, rate.per_second, wanted, needed, returned)
        with answering():
            drawn, left = await self._draw(keys=[self._prefix + key], args=arguments)
        return Grant(int(drawn), float(left))
