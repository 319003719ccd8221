"""What fetching alone costs: the workers' own fetcher, in a process in which nothing else goes on.

It is measured at the pace of the campaign: what is fetched without a pause finds all of its code in the processor's
caches and costs a third of what it costs a worker. What only the pace costs is taken off.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import uvloop

from service.core.call import Priority
from service.core.fetching import Fetcher
from service.pipelines import fetcher_for
from service.settings import Settings

STRETCHES = 9
"""The first one, which opens connections, is not counted."""


def fetch_cost(urls: Sequence[str], allowed: str, rate: float) -> float:
    """CPU seconds of one fetch, the median over stretches, from an origin that is ``allowed`` (``host:port``).

    ``rate`` is how many there are a second.
    """
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as process:
        return process.submit(_in_this_process, urls, allowed, rate).result()


def _in_this_process(urls: Sequence[str], allowed: str, rate: float) -> float:
    settings = {"LOADSTONE_FETCH_ALLOW": allowed, "LOADSTONE_FETCH_RATE": "1000000"}
    return uvloop.run(_measured(urls, Settings.from_environment(settings), rate))


async def _measured(urls: Sequence[str], settings: Settings, rate: float) -> float:
    size = len(urls) // STRETCHES
    costs = []
    async with fetcher_for(settings) as fetcher:
        for begin in range(0, STRETCHES * size, size):
            some = urls[begin : begin + size]
            costs.append(await _stretch(some, rate, fetcher) - await _stretch(some, rate, None))
    return statistics.median(costs[1:])


async def _stretch(urls: Sequence[str], rate: float, fetcher: Fetcher | None) -> float:
    async def fetch(place: int, url: str) -> None:
        await asyncio.sleep(place / rate)
        if fetcher is not None:
            await fetcher.fetch(url, Priority.BULK)

    began = time.process_time()
    await asyncio.gather(*(fetch(place, url) for place, url in enumerate(urls)))
    return (time.process_time() - began) / len(urls)
