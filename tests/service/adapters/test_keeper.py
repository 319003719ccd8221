"""Embedded servers that end by themselves are started again where they were."""

from __future__ import annotations

import logging
import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import asyncpg
import psutil
import pytest

from service.adapters import keeper, redis
from service.adapters.child import ChildServer
from service.adapters.embedded import EmbeddedServers
from service.adapters.keeper import Keeper
from service.core.errors import DependencyError
from tests.service.doubles import FakeClock
from tests.service.waiting import wait_until


async def test_killed_servers_come_back_at_the_same_place_and_postgres_with_its_data(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    with EmbeddedServers(folder) as servers:
        postgres, valkey = servers.start_postgres(), servers.start_valkey()
        servers.keep()
        connection = await asyncpg.connect(postgres)
        await connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        first = [child.pid for child in servers._children]
        for pid in first:
            os.kill(pid, signal.SIGKILL)
        wait_until(lambda: "the embedded postgres runs again" in caplog.messages)
        wait_until(lambda: "the embedded redis runs again" in caplog.messages)

        again = await asyncpg.connect(postgres)
        assert await again.fetchval("SELECT answer FROM kept") == 42
        await again.close()
        client = redis.open_client(valkey)
        assert await client.ping()
        await client.aclose()
        second = [psutil.Process(child.pid) for child in servers._children]
        assert {process.pid for process in second}.isdisjoint(first)
    assert not any(process.is_running() for process in second)
    assert not caplog.messages[-1].startswith("the embedded postgres ended"), "being stopped is no reason to start"


def test_pauses_double_up_to_the_longest_and_begin_anew_after_a_sound_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(keeper, "LOOK_SECONDS", 0.001)
    clock = FakeClock()
    server = ChildServer("short", tmp_path / "log", stop_signal=signal.SIGTERM, unprivileged=False, reach=False)
    (tmp_path / "log").write_text("no room\n")
    works = False
    starts: list[float] = []

    def start() -> None:
        starts.append(clock.now)
        if not works:
            raise DependencyError("short", "did not start: no room")
        server.start([sys.executable, "-c", "input()"], tmp_path, lambda: True)

    def paused(times: int) -> bool:
        return sum("trying in" in message for message in caplog.messages) == times

    server.start([sys.executable, "-c", ""], tmp_path, lambda: server.has_ended)
    kept = Keeper([(server, start)], clock)
    try:
        for count in range(1, 12):
            wait_until(partial(paused, count))
            works = count == 11
            clock.now += min(keeper.LONGEST_PAUSE, keeper.FIRST_PAUSE * 2 ** (count - 1))
        wait_until(lambda: caplog.messages[-1] == "the embedded short runs again")
        expected = [min(30.0, 0.1 * 2**number) for number in range(11)]
        assert starts == pytest.approx([1000.0 + sum(expected[: number + 1]) for number in range(11)])
        assert "the embedded short ended by itself, its last words: no room; trying in 0.1 s" in caplog.messages
        assert "the embedded short could not be started again: short: did not start: no room; trying in 30.0 s" in (
            caplog.messages
        )

        clock.now += keeper.SOUND_SECONDS + 1
        psutil.Process(server.pid).kill()
        wait_until(lambda: caplog.messages[-1].endswith("trying in 0.1 s"))
    finally:
        kept.close()


def test_a_server_that_is_just_starting_is_stopped_without_waiting_for_it(tmp_path: Path) -> None:
    server = ChildServer("slow", tmp_path / "log", stop_signal=signal.SIGTERM, unprivileged=False, reach=False)
    sleep = [sys.executable, "-c", "import time; time.sleep(1000)"]
    pids: list[int] = []

    def never_ready() -> bool:
        if server.pid and server.pid not in pids:
            pids.append(server.pid)
        return False

    server.start([sys.executable, "-c", ""], tmp_path, lambda: server.has_ended)
    kept = Keeper([(server, lambda: server.start(sleep, tmp_path, never_ready))])
    wait_until(lambda: bool(pids))
    started = psutil.Process(pids[0])
    kept.close()
    with pytest.raises((psutil.NoSuchProcess, subprocess.TimeoutExpired)):
        started.status()
