from __future__ import annotations

import time
from pathlib import Path

import gevent
import pytest

from loadtests._alarm import Alarm


@pytest.mark.parametrize("seconds", [-1.0, 0.0, 1e-6, 0.0004, 0.02])
def test_it_never_wakes_early(seconds: float) -> None:
    with Alarm() as alarm:
        for _ in range(3):
            begun = time.perf_counter()
            alarm.sleep(seconds)
            assert time.perf_counter() - begun >= seconds


def test_others_run_meanwhile_and_sleepers_wake_in_the_order_of_their_moments() -> None:
    woken: list[float] = []

    def sleeper(seconds: float) -> None:
        with Alarm() as alarm:
            alarm.sleep(seconds)
            woken.append(seconds)

    gevent.joinall([gevent.spawn(sleeper, seconds) for seconds in (0.3, 0.2, 0.1)])
    assert woken == [0.1, 0.2, 0.3]


def test_a_sleeper_that_is_killed_leaves_no_descriptor_behind() -> None:
    def sleeper() -> None:
        with Alarm() as alarm:
            alarm.sleep(60.0)

    gevent.get_hub()
    before = len(list(Path("/proc/self/fd").iterdir()))
    sleepers = [gevent.spawn(sleeper) for _ in range(5)]
    gevent.sleep(0.0)
    gevent.killall(sleepers)
    assert len(list(Path("/proc/self/fd").iterdir())) == before
