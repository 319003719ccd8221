"""The peers themselves: real servers that answer as the engine does, under the real generator."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from tests.benchmarks.peers import findings, processes
from tests.benchmarks.peers.forms import (
    BULK,
    CACHED,
    CEILING,
    FORMS,
    OURS,
    TUNED,
    UNCACHED,
    USUAL,
    Form,
)
from tests.benchmarks.peers.measurement import Measurement, Scale
from tests.benchmarks.peers.processes import CpuClock
from tests.benchmarks.peers.stage import PeerError, staged

PEERS = [form for form in FORMS if form.name in (USUAL, TUNED, CEILING)]
TINY = Scale(blocks=1, block_seconds=0.1, paced_blocks=1, paced_seconds=0.2, warm_seconds=0.05, connections=4)


@pytest.mark.timeout(300)
def test_peers_serve_answer_rightly_and_are_measured(tmp_path: Path) -> None:
    with staged(PEERS, tmp_path, lambda _: None) as stage:
        measured = Measurement(stage, TINY, lambda _: None).run()

    assert not measured.failed
    assert not measured.wrong_answers
    assert measured.checked_answers >= len(PEERS)
    assert {(sample.scenario, sample.form) for sample in measured.samples} == {
        *((scenario, form.name) for scenario in (CACHED, UNCACHED, BULK) for form in PEERS if form.name != CEILING),
        (CACHED, CEILING),
    }
    for sample in measured.samples:
        assert sample.sent == sample.answered > 0
        assert sample.worker_cpu_seconds > 0
    ceiling = next(cost for cost in findings.costs(measured) if cost.form == CEILING)
    assert all(cost.worker_cpu_us > ceiling.worker_cpu_us for cost in findings.costs(measured) if cost.form != CEILING)


def test_a_peer_that_cannot_start_says_why(tmp_path: Path) -> None:
    broken = Form(
        name="broken", describes="", command=lambda port: ["/bin/sh", "-c", "echo no; exit 3"], variables=lambda *_: {}
    )
    with pytest.raises(PeerError, match="broken ended: no"), staged([broken], tmp_path, lambda _: None):
        pass


def test_servers_and_generator_have_a_core_each_where_there_are_two(monkeypatch: pytest.MonkeyPatch) -> None:
    for available, used in (({3}, (3, 3)), ({5, 2, 7}, (2, 5))):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, available=available: available)
        assert processes.cores() == used


def test_a_cpu_clock_tells_what_the_process_itself_would_tell() -> None:
    clock = CpuClock(os.getpid())
    before = time.process_time()
    told = clock.read()

    assert before <= told <= time.process_time()


def test_ours_is_measured_beside_every_target() -> None:
    names = {form.name for form in FORMS}

    assert OURS in names
    assert {form for _, form in findings.COST_TARGETS} <= names
