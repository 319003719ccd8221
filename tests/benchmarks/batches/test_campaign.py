"""The benchmark of a campaign tells CPU time apart, adds it up, and believes nothing that it has not seen."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import cast

import msgspec
import psutil
import pytest
from rich.progress import Progress

from loadtests._payloads._pictures import picture
from service.core.batches import BatchState
from service.remote import RemoteService
from slo.documentation import put
from tests.benchmarks.batches.campaign import PAGE, PLACE
from tests.benchmarks.batches.campaign_findings import FLEETS, LARGE, Campaign, fleets, misses, stages
from tests.benchmarks.batches.campaign_scene import FIRST_LINE, CampaignError, Progressing, Scene
from tests.benchmarks.batches.campaign_tables import markdown
from tests.benchmarks.batches.expenses import Expenses, Meter, ReplacedError, spent

TICK = 0.02
"""The kernel tells CPU time in hundredths of a second."""
PARTS = ("postgres", "valkey", "service", "origin")
BUSY = """
import subprocess, sys, threading, time

def burn(seconds):
    while time.thread_time() < seconds: pass

def start(program): return subprocess.Popen([sys.executable, "-c", program])

child = start("import signal; signal.pause()")
print(flush=True)
for line in sys.stdin:
    if line == "burn\\n":
        threading.Thread(target=lambda: (burn(0.3), print(flush=True), threading.Event().wait()), daemon=True).start()
    elif line == "delegate\\n":
        start("import time\\nwhile time.thread_time() < 0.2: pass").wait()
        print(flush=True)
    else:
        child.kill(), child.wait()
        child = start("import signal; signal.pause()")
        print(flush=True)
child.kill(), child.wait()
"""
"""A process that is busy as it is told, and has a child."""


class Busy:
    """Such a process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._orders, self._answers = process.stdin, process.stdout
        self.seen = psutil.Process(process.pid)
        self._answers.readline()

    def do(self, order: str) -> None:
        """Have it done."""
        print(order, file=self._orders, flush=True)
        self._answers.readline()


@contextmanager
def busy() -> Iterator[Busy]:
    with subprocess.Popen([sys.executable, "-c", BUSY], stdin=-1, stdout=-1, text=True) as process:
        yield Busy(process)


def campaign(*, loop: float = 30.0) -> Campaign:
    """Of 100,000 pictures."""
    run = Expenses(analysis=500.0, loop=loop, postgres=9.0, valkey=4.0, service=1.0, origin=10.0)
    return Campaign(
        started_at="2026-11-23T10:00:00+00:00",
        machine="a machine",
        cores=2,
        python="3.11",
        rows=100_000,
        width=512,
        height=384,
        picture_bytes=40_000,
        options="{}",
        workers=2,
        seconds=400.0,
        upload=Expenses(analysis=0.0, loop=0.5, postgres=1.0, valkey=0.0, service=2.0, origin=0.0),
        run=run,
        fetching=20.0,
    )


class Answering:
    """A service with these results."""

    def __init__(self, results: Sequence[object]) -> None:
        self._results = results

    def lines(self, path: str, accept: str) -> Iterator[bytes]:
        """All of them."""
        yield from (msgspec.json.encode(result) for result in self._results)


def result(line: int, number: int) -> dict[str, object]:
    return {"line": line, "state": "succeeded", "result": {"sha256": picture("tiny", number).sha256}}


def test_threads_that_compute_are_told_from_all_else() -> None:
    with busy() as worker, busy() as other:
        meter = Meter(dict.fromkeys(PARTS, other.seen), [worker.seen], threads=1)
        before = meter.read()
        worker.do("burn")
        other.do("delegate")
        found = meter.read() - before

        assert found.analysis > 0.3 - TICK
        assert found.loop < found.analysis
        assert found.postgres > 0.2 - TICK  # though the process that spent it has ended
        assert found.analysis + found.loop <= spent(worker.seen) + TICK


def test_what_a_worker_spent_that_was_replaced_is_not_told() -> None:
    with busy() as worker:
        meter = Meter(dict.fromkeys(PARTS, worker.seen), [worker.seen], threads=1)
        meter.read()
        worker.do("replace")
        with pytest.raises(ReplacedError, match="replaced"):
            meter.read()


def test_the_bill_adds_up() -> None:
    found = campaign()
    everything = sum(stage.seconds for stage in stages(found))
    assert everything == found.run.total - found.run.origin + found.upload.total - found.upload.loop
    assert found.work + found.own == everything
    assert misses(found) == []
    assert misses(campaign(loop=80.0)) == ["the pipeline's own expenses are 14.8% of the work, not 10%"]


def test_twice_the_machines_take_half_the_time() -> None:
    told = fleets(campaign())
    assert [each.seconds * each.machines for each in told] == pytest.approx([LARGE / 250] * len(FLEETS))
    assert [each.database / each.machines for each in told] == pytest.approx([0.025] * len(FLEETS))


def test_the_figures_stand_where_the_page_has_a_place_for_them() -> None:
    page = put(PAGE.read_text(encoding="utf-8"), PLACE, markdown(campaign()))
    assert "| PostgreSQL | 100.0 | 1.9% |" in page
    assert "| 10 | 2,500 | 1:40:00 | 0.25 |" in page


@pytest.mark.parametrize(
    ("results", "complaint"),
    [
        ([result(2, 7)], "1 rows have no result"),
        ([result(2, 7), result(3, 8), result(2, 7)], "line 2 has a second result"),
        ([result(2, 7), result(3, 7)], "the result of line 3 is wrong"),
        ([result(2, 7), {"line": 3, "state": "failed", "reason": "it is gone"}], "line 3 is wrong: failed, it is gone"),
    ],
)
def test_a_campaign_that_did_not_come_out_right_is_none(results: Sequence[object], complaint: str) -> None:
    numbers = [7, 8]
    batch = Progressing("b", BatchState.COMPLETED, len(numbers), len(numbers), 0, 1.0, 2.0)

    def check(found: Sequence[object]) -> None:
        service = cast("RemoteService", Answering(found))
        with Progress(disable=True) as progress:
            Scene(service, Meter({}, [], 1), "http://127.0.0.1", "tiny", "{}").check(batch, numbers, progress)

    check([result(line, number) for line, number in enumerate(numbers, FIRST_LINE)])
    with pytest.raises(CampaignError, match=complaint):
        check(results)
