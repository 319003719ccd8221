from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise

import pytest

from loadtests._running._efforts import Efforts, Meter, NoSuchProcessError, Usage

BURNER = """
import os, sys, threading, time

def burn(seconds):
    begun = time.thread_time()
    while time.thread_time() - begun < seconds:
        pass

for order in sys.stdin:
    kind, _, seconds = order.strip().partition(" ")
    if kind == "thread":
        thread = threading.Thread(target=burn, args=(float(seconds),))
        thread.start()
        thread.join()
    elif kind == "fork":
        child = os.fork()
        if not child:
            burn(float(seconds))
            print(time.process_time(), flush=True)
            sys.stdin.read()
            os._exit(0)
        continue
    elif kind == "kill":
        os.kill(child, 9)
        os.waitpid(child, 0)
    elif kind == "hold":
        held = bytearray(b"x" * int(float(seconds)))
    else:
        burn(float(seconds))
    print(time.process_time(), flush=True)
"""
BURNED = 0.1
"""Seconds; some hundred times what a burner needs to read an order."""


class Burner:
    """A process that uses as much CPU time as it is told, and tells its own clock."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", BURNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.pid = self.process.pid
        self.order("burn", 0.0)

    def order(self, kind: str, amount: float = 0.0) -> float:
        """Do it; what the clock of the process that did it then shows."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{kind} {amount}\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline())

    def close(self) -> None:
        """Its child reads the same orders, and ends with them."""
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def burner() -> Iterator[Callable[[], Burner]]:
    running: list[Burner] = []

    def start() -> Burner:
        running.append(Burner())
        return running[-1]

    yield start
    for one in running:
        one.close()


def test_each_sides_cpu_time_is_what_its_own_clock_says_threads_that_ended_with_it(
    burner: Callable[[], Burner],
) -> None:
    base, head = burner(), burner()
    efforts = Efforts({"base": base.pid, "head": head.pid})
    clocks = [(base.order("burn"), head.order("burn"))]
    efforts.begin()
    clocks.append((base.order("burn", BURNED), head.order("thread", 2.0 * BURNED)))
    lines = efforts.end(0)
    clocks.append((base.order("thread", BURNED), head.order("burn")))
    lines += efforts.end(1)
    own = [after - before for earlier, later in pairwise(clocks) for before, after in zip(earlier, later, strict=True)]
    assert [(line.second, line.side) for line in lines] == [(0, "base"), (0, "head"), (1, "base"), (1, "head")]
    assert [line.cpu for line in lines] == pytest.approx(own, rel=0.05, abs=0.02 * BURNED)


def test_a_child_counts_from_its_birth_and_what_it_used_stays_when_it_is_gone(burner: Callable[[], Burner]) -> None:
    parent, stranger = burner(), burner()
    meter = Meter({"tree": parent.pid, "other": stranger.pid})

    def tree() -> Usage:
        return meter.read()["tree"]

    before = tree()
    child_clock = parent.order("fork", BURNED)
    alive = tree()
    assert (before.processes, alive.processes) == (1, 2)
    assert alive.cpu_seconds - before.cpu_seconds == pytest.approx(child_clock, rel=0.1)
    parent.order("kill")
    gone = tree()
    assert gone.processes == 1
    assert gone.cpu_seconds >= alive.cpu_seconds, "a process that ends takes nothing back"
    assert gone.cpu_seconds - alive.cpu_seconds < 0.1 * BURNED
    assert meter.read()["other"].processes == 1


def test_memory_is_what_the_processes_hold(burner: Callable[[], Burner]) -> None:
    one = burner()
    efforts = Efforts({"head": one.pid})
    (before,) = efforts.end(0)
    held = 64 * 2**20
    one.order("hold", held)
    (after,) = efforts.end(1)
    assert after.resident_bytes - before.resident_bytes == pytest.approx(held, rel=0.1)


def test_a_process_that_is_not_there_is_refused_and_one_that_ends_is_not(burner: Callable[[], Burner]) -> None:
    one = burner()
    efforts = Efforts({"base": one.pid})
    one.close()
    (line,) = efforts.end(0)
    assert line.resident_bytes == 0
    assert line.cpu >= 0.0
    with pytest.raises(NoSuchProcessError, match=f"there is no process {one.pid} "):
        Efforts({"base": one.pid})


def test_nobody_to_measure_is_nothing_to_write() -> None:
    assert Efforts({}).end(0) == []
    assert Efforts({"head": os.getpid()}).sides == ("head",)
