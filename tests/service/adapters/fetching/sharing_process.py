"""A process that fetches one URL again and again for some seconds, in step with others over Redis; prints its count."""

from __future__ import annotations

import asyncio
import secrets
import sys
import time

from service.adapters.fetching.bounds import Manners
from service.adapters.fetching.fetcher import open_fetcher
from service.adapters.fetching.urls import Rules
from service.adapters.origin_rates import RedisRates
from service.adapters.redis import open_client
from service.core.call import Priority
from service.core.errors import AnalysisError

RATE = 100.0
TOGETHER = 20


async def work(redis: str, origin: str, seconds: float) -> None:
    ends = time.monotonic() + seconds
    client = open_client(redis)
    rates = RedisRates(client, "test", secrets.token_hex(4))
    manners = Manners(concurrency=50, rate=RATE)
    async with open_fetcher(Rules(frozenset([origin])), manners, rates=rates) as fetcher:

        async def fetch_on() -> int:
            count = 0
            while time.monotonic() < ends:
                try:
                    await fetcher.fetch(f"http://{origin}/", Priority.INTERACTIVE)
                except AnalysisError:
                    continue
                count += 1
            return count

        counts = await asyncio.gather(*(fetch_on() for _ in range(TOGETHER)))
        sys.stdout.write(f"{sum(counts)}\n")
    await client.aclose()


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], sys.argv[2], float(sys.argv[3])))
