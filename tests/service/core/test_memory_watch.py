"""What is given up when memory runs short, in which order, and how it comes back."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.core import memory_watch
from service.core.call import Priority
from service.core.errors import OverloadError
from service.core.exposition import render
from service.core.memory_accounts import MemoryAccount
from service.core.memory_watch import BEGINS, RETREAT, MemoryWatch, Shortage, judged
from service.core.metrics import Metrics, layout_of


class House:
    """A watch over an account that holds what a test says."""

    def __init__(self) -> None:
        self.percent = 0
        self.cache_shares: list[float] = []
        self.releases = 0
        self.metrics = Metrics(layout_of((), (), ()))
        account = MemoryAccount("group", 1000 << 20, lambda: self.percent * (10 << 20))
        steady = MemoryAccount("machine", 1000 << 20, lambda: 1)
        self.watch = MemoryWatch([steady, account], self.metrics, self.cache_shares.append, self._release)

    def _release(self) -> None:
        self.releases += 1

    def look(self, percent: int) -> tuple[Shortage, list[str]]:
        """How short memory is, and who is refused, with so many percent taken."""
        self.percent = percent
        self.watch.look()
        return self.watch.shortage, [priority.name for priority in Priority if self._refuses(priority)]

    def _refuses(self, priority: Priority) -> bool:
        try:
            self.watch.check(priority)
        except OverloadError as error:
            return error.retry_after >= 1
        return False


def test_what_is_given_up_grows_with_the_shortage_and_comes_back_a_little_later(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("INFO")
    house = House()
    course = [(79, 0), (80, 1), (89, 1), (90, 2), (86, 2), (95, 3), (100, 3), (91, 3), (89, 2), (84, 1), (74, 0)]
    refused = {0: [], 1: [], 2: ["BULK"], 3: ["INTERACTIVE", "BULK"]}
    for percent, shortage in course:
        assert house.look(percent) == (shortage, refused[shortage]), percent
    assert house.cache_shares == [0.5, 0.1, 0.1, 0.1, 0.5, 1.0]
    assert [record.message for record in caplog.records] == [
        "memory gets short: caches keep half (800 of 1000 MiB of the group are taken)",
        "memory is short: caches keep a tenth, bulk work is refused (900 of 1000 MiB of the group are taken)",
        "memory runs out: what is not cached is refused (950 of 1000 MiB of the group are taken)",
        "memory is short: caches keep a tenth, bulk work is refused (890 of 1000 MiB of the group are taken)",
        "memory gets short: caches keep half (840 of 1000 MiB of the group are taken)",
        "memory is no longer short (740 of 1000 MiB of the group are taken)",
    ]


def test_a_jump_gives_up_everything_at_once_and_is_told_to_whoever_scrapes() -> None:
    house = House()
    assert house.look(99)[0] is Shortage.ALL
    text = render(house.metrics, version="1", environment="staging", started_at=0.0).decode()
    for relief in ("cache", "bulk", "all"):
        assert f'loadstone_workers_short_of_memory{{relief="{relief}"}} 1' in text
    told = house.watch.exposition().decode()
    assert 'loadstone_memory_limit_bytes{account="group"} 1048576000' in told
    assert 'loadstone_memory_taken_bytes{account="group"} 1038090240' in told


def test_what_is_freed_is_handed_back_once_a_change_and_then_now_and_then() -> None:
    house = House()
    for _ in range(memory_watch.LOOKS_A_RELEASE):
        house.look(81)
    assert house.releases == 1
    house.look(81)
    assert house.releases == 2
    house.look(99)
    assert house.releases == 3
    for _ in range(50):
        house.look(10)
    assert house.releases == 3


def test_an_account_that_cannot_be_read_is_passed_over() -> None:
    def vanished() -> int:
        raise FileNotFoundError

    taken = MemoryAccount("machine", 100, lambda: 85)
    watch = MemoryWatch(
        [MemoryAccount("group", 100, vanished), taken], Metrics(layout_of((), (), ())), lambda share: None
    )
    watch.look()
    assert watch.shortage is Shortage.CACHE
    blind = MemoryWatch([MemoryAccount("group", 100, vanished)], Metrics(layout_of((), (), ())), lambda share: None)
    blind.look()
    assert (blind.shortage, blind.reading) == (Shortage.NONE, None)


shares = st.floats(0, 2)


@given(share=shares, before=st.sampled_from(Shortage))
def test_a_judgement_is_never_milder_than_its_share_and_never_flickers(share: float, before: Shortage) -> None:
    now = judged(share, before)
    assert now >= judged(share, Shortage.NONE)
    assert judged(share, now) is now
    if now < before:
        assert share < BEGINS[before] - RETREAT


@given(first=shares, second=shares, before=st.sampled_from(Shortage))
def test_more_taken_is_never_judged_milder(first: float, second: float, before: Shortage) -> None:
    low, high = sorted((first, second))
    assert judged(low, before) <= judged(high, before)


async def test_it_looks_again_and_again_until_it_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_watch, "LOOK_SECONDS", 0.0)
    looks: asyncio.Queue[int] = asyncio.Queue()

    def taken() -> int:
        looks.put_nowait(1)
        return 1

    watch = MemoryWatch([MemoryAccount("worker", 100, taken)], Metrics(layout_of((), (), ())), lambda share: None)
    watch.start()
    async with asyncio.timeout(30):
        for _ in range(3):
            await looks.get()
    watch.stop()
    while not looks.empty():
        looks.get_nowait()
    await asyncio.sleep(0.01)
    assert looks.empty()


FILLING_WORKER = """
import asyncio
from service.core import memory_watch
from service.core.call import Priority
from service.core.errors import OverloadError
from service.core.memory_accounts import memory_accounts
from service.core.memory_watch import MemoryWatch
from service.core.metrics import Metrics, layout_of
from service.core.processes import resident_bytes
import os

MIB = 1 << 20
memory_watch.LOOK_SECONDS = 0.001

async def main():
    limit = resident_bytes(os.getpid()) + 400 * MIB
    cache, work = [], []
    def shrink(share):
        del cache[int(100 * share):]
    watch = MemoryWatch(memory_accounts(limit)[:1], Metrics(layout_of((), (), ())), shrink)
    watch.start()
    for _ in range(100):
        cache.append(bytearray(os.urandom(MIB)))

    async def admitted(priority):
        for count in range(1000):
            try:
                watch.check(priority)
            except OverloadError:
                return count
            work.append(bytearray(os.urandom(MIB)))
            await asyncio.sleep(0.003)
        return None

    bulk = await admitted(Priority.BULK)
    interactive = await admitted(Priority.INTERACTIVE)
    largest = resident_bytes(os.getpid())
    cached = len(cache)
    work.clear()
    while watch.shortage:
        await asyncio.sleep(0.01)
    watch.check(Priority.BULK)
    print(bulk, interactive, cached, largest <= limit, flush=True)

asyncio.run(main())
"""


def test_a_process_that_fills_its_memory_is_refused_before_it_is_over_its_limit() -> None:
    done = subprocess.run(
        [sys.executable, "-c", FILLING_WORKER],
        capture_output=True,
        text=True,
        timeout=100,
        cwd=Path(__file__).parents[3],
        check=True,
    )
    bulk, interactive, cached, within = done.stdout.split()
    assert 100 < int(bulk) < 400, "bulk work was done, then refused"
    assert int(interactive) > 0, "there was room kept for others when bulk work was refused"
    assert int(cached) <= 10, "the cache gave way to work"
    assert within == "True"
