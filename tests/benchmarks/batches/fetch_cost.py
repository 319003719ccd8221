"""What fetching alone costs: the workers' own fetcher, without claims, caches, lanes and results.

It is measured as it happens in the campaign: at its pace, in as many processes, and beside threads that analyse
pictures. What is fetched without a pause, or on cores that nothing else uses, finds all of its code in the processor's
caches and costs a half to a third of what it costs a worker. What only the pace costs is taken off.
"""

from __future__ import annotations

import asyncio
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import cycle
from multiprocessing import get_context

import uvloop

from service.core.call import Priority
from service.core.fetching import Fetcher
from service.core.pool import cores
from service.pipelines import fetcher_for
from service.settings import Settings
from service.workloads.images.analysis import analysed
from service.workloads.images.items import Item

STRETCHES = 9
"""The first one, which opens connections, is not counted."""


def fetch_cost(
    urls: Sequence[str], allowed: str, rate: float, *, pictures: Sequence[bytes], processes: int = 1
) -> float:
    """CPU seconds of one fetch, the median over stretches, from an origin that is ``allowed`` (``host:port``).

    ``urls`` are fetched ``rate`` times a second by each of so many ``processes``, whose other threads analyse
    ``pictures`` meanwhile.
    """
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        measure = partial(_in_this_process, allowed=allowed, rate=rate, pictures=pictures)
        return statistics.median(pool.map(measure, [urls[place::processes] for place in range(processes)]))


def _in_this_process(urls: Sequence[str], *, allowed: str, rate: float, pictures: Sequence[bytes]) -> float:
    settings = {"LOADSTONE_FETCH_ALLOW": allowed, "LOADSTONE_FETCH_RATE": "1000000"}
    with _analysing(pictures):
        return uvloop.run(_measured(urls, Settings.from_environment(settings), rate))


@contextmanager
def _analysing(pictures: Sequence[bytes]) -> Iterator[None]:
    """Threads that analyse one picture after the other, as many as a worker has."""
    ended = threading.Event()

    def analyse() -> None:
        items = cycle([Item(content=content) for content in pictures])
        while not ended.is_set():
            analysed(next(items))

    threads = [threading.Thread(target=analyse) for _ in range(cores())]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        for thread in threads:
            thread.join()


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

    began = time.thread_time()
    await asyncio.gather(*(fetch(place, url) for place, url in enumerate(urls)))
    return (time.thread_time() - began) / len(urls)
