from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from loadtests._running._machine import Effort, Meter

SPIN_SECONDS = 0.5


@pytest.fixture
def one_core() -> Iterator[int]:
    """This process and its children on one core."""
    before = os.sched_getaffinity(0)
    core = min(before)
    os.sched_setaffinity(0, {core})
    yield core
    os.sched_setaffinity(0, before)


def spun() -> Effort:
    meter, begun = Meter(), time.perf_counter()
    while time.perf_counter() - begun < SPIN_SECONDS:
        pass
    return meter.read()


def test_a_process_that_shares_its_core_is_as_busy_as_one_that_fills_it(one_core: int) -> None:
    with subprocess.Popen([sys.executable, "-c", "while True: pass"]) as other:
        try:
            effort = spun()
        finally:
            other.kill()
    assert effort.waiting > 0.2
    assert effort.cpu < 0.8, "its own processor time looks harmless"
    assert effort.cpu + effort.waiting == pytest.approx(1.0, abs=0.1)


def test_a_process_that_sleeps_neither_uses_a_core_nor_waits_for_one() -> None:
    meter = Meter()
    time.sleep(0.2)  # what is measured
    effort = meter.read()
    assert effort.cpu + effort.waiting < 0.5
