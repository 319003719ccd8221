"""The samplers on real work: py-spy on a busy process, memray on a function that allocates."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from profiles.renderers import text
from profiles.samplers import memray, py_spy
from profiles.stacks import Profile

BUSY = """
def spin():
    total = 0
    for number in range(10_000):
        total += number
    return total

print("ready", flush=True)
while True:
    spin()
"""


@pytest.fixture
def busy_process() -> Iterator[int]:
    with subprocess.Popen([sys.executable, "-c", BUSY], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid
        process.kill()


def test_py_spy_names_the_function_that_is_busy(busy_process: int) -> None:
    profile = py_spy.capture(busy_process, seconds=1)

    costs = {cost.frame.split(" ")[0]: cost for cost in profile.frames()}
    assert costs["spin"].own > profile.total / 2
    assert "spin" in text.render(profile)


def test_a_process_that_is_not_there_cannot_be_sampled() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()

    with pytest.raises(py_spy.SamplingError, match=str(ended.pid)):
        py_spy.capture(ended.pid, seconds=1)


def hoard() -> list[bytearray]:
    return [bytearray(1_000_000) for _ in range(3)]


def test_memray_counts_the_bytes_of_the_function_that_allocates() -> None:
    allocated = memray.capture(hoard)

    [cost] = [cost for cost in allocated.bytes.frames() if cost.frame.startswith("hoard (")]
    assert 3_000_000 <= cost.inclusive < 3_100_000
    [cost] = [cost for cost in allocated.allocations.frames() if cost.frame.startswith("hoard (")]
    assert 3 <= cost.inclusive < 50
    assert (allocated.bytes.unit, allocated.allocations.unit) == ("bytes", "allocations")


def test_memray_counts_the_same_work_the_same() -> None:
    memray.capture(hoard)
    first, second = memray.capture(hoard).bytes, memray.capture(hoard).bytes

    def bytes_of_hoard(profile: Profile) -> int:
        return sum(cost for stack, cost in profile.stacks.items() if any("hoard" in frame for frame in stack))

    assert bytes_of_hoard(first) == bytes_of_hoard(second)


def test_nothing_seen_is_said() -> None:
    assert text.render(Profile("bytes", {})) == "nothing was seen\n"
