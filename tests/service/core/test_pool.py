from __future__ import annotations

import sys
import threading

import pytest

from service.core.pool import SWITCH_SECONDS, ComputePool


def test_threads_take_turns_sooner_only_while_they_compute() -> None:
    calm = sys.getswitchinterval()
    going, open_ = threading.Event(), threading.Event()

    def compute() -> float:
        going.set()
        assert open_.wait(30)
        return sys.getswitchinterval()

    with ComputePool(2) as pool:
        first = pool.submit(compute)
        second = pool.submit(int, "7")
        assert going.wait(30)
        assert second.result(30) == 7
        assert sys.getswitchinterval() == pytest.approx(SWITCH_SECONDS)
        open_.set()
        assert first.result(30) == pytest.approx(SWITCH_SECONDS)
    assert sys.getswitchinterval() == pytest.approx(calm)


def test_a_pool_that_is_shut_takes_nothing_and_changes_nothing() -> None:
    calm = sys.getswitchinterval()
    pool = ComputePool(1)
    pool.shutdown()
    with pytest.raises(RuntimeError):
        pool.submit(int)
    assert sys.getswitchinterval() == pytest.approx(calm)
