"""What a run says when something stands still for a second, against what can be worked out on paper.

Requests come every 1/λ seconds, the target answers one every 1/μ, and for D seconds it does nothing at all. Whoever
comes t seconds after it stopped waits for its end, D - t, and then for those who came before, λt of them at 1/μ each:

    L(t) = D - t(1 - ρ)   with ρ = λ/μ, until the queue is empty again, D/(1 - ρ) seconds after the stop

Longer than x > 0 wait therefore the λ(D - x)/(1 - ρ) who came in the first (D - x)/(1 - ρ) seconds; that is the share
(D - x)/((1 - ρ)T) of a run of T seconds, and the latency that a share q does not exceed is D - (1 - q)(1 - ρ)T.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest

from slo import record, trust
from slo.histogram import Histogram
from slo.record import Run
from tests.loadtests.conftest import LOADTESTS, Locust, Target, await_that

Starts = Callable[..., Locust]
Targets = Callable[..., Target]
Plans = Callable[..., str]

ROOT = LOADTESTS.parent
RATE = 500.0
PACE = 1000.0
SECONDS = 8.0
STOP_SECONDS = 1.0
OF_THE_MACHINE = {"generator-saturated", "starts-late", "cpu-stolen"}
ATTEMPTS = 3


class PacedTarget(Target):
    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.loadtests.paced_target", str(PACE)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self.process.stdout.readline())}"

    def stillness(self) -> float:
        """The longest time in which it began no answer: the stop, and what it took to come to itself."""
        with urllib.request.urlopen(f"{self.url}/stillness", timeout=10.0) as answer:
            return float(answer.read())


@pytest.fixture
def paced() -> Iterator[Callable[[], PacedTarget]]:
    running: list[PacedTarget] = []

    def start() -> PacedTarget:
        running.append(PacedTarget())
        return running[-1]

    yield start
    for one in running:
        one.close()


def has_a_second(run: Locust) -> bool:
    return run.record.exists() and '"type":"pulse"' in run.record.read_text()


def stand_still(runs: Sequence[Locust], pids: Sequence[int]) -> None:
    """Stop the processes in the middle of ``runs``."""
    for run in runs:
        await_that(partial(has_a_second, run))
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    time.sleep(STOP_SECONDS)  # the disturbance itself
    for pid in pids:
        os.kill(pid, signal.SIGCONT)


def seen(run: Locust) -> Run:
    code, output = run.finish()
    assert code == 0, output
    return record.read(run.record)


def corrected(run: Run) -> Histogram:
    return Histogram.merged(Histogram.decode(cell.latency) for cell in run.cells)


def service(run: Run) -> Histogram:
    return Histogram.merged(Histogram.decode(cell.service) for cell in run.cells)


def lateness(run: Run) -> Histogram:
    return Histogram.merged(Histogram.decode(pulse.lateness) for pulse in run.pulses)


def above(histogram: Histogram, seconds: float) -> int:
    return histogram.count - histogram.at_most(seconds)


def doubts(run: Run) -> set[str]:
    return {distrust.code for distrust in trust.distrusts(run)}


def checked(path: Path) -> tuple[int, str]:
    """What ``loadstone check`` makes of a record: its exit code and what it says."""
    done = subprocess.run(
        [sys.executable, "-m", "loadstone", "check", str(path)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.returncode, " ".join(done.stdout.split()).lower()


def test_a_target_that_stands_still_is_felt_as_it_can_be_worked_out(
    paced: Callable[[], PacedTarget], locust: Starts, plan: Plans
) -> None:
    path = plan(seconds=SECONDS, rate=RATE, more='arrivals = "constant"\nin_flight = 1000')
    for _ in range(ATTEMPTS):  # what the judge would refuse, because the machine had other things to do, is no evidence
        target = paced()
        started = locust("--headless", "--plan", path, "--host", target.url)
        stand_still([started], [target.process.pid])
        run = seen(started)
        if not doubts(run) & OF_THE_MACHINE:
            break
    assert doubts(run) == set()
    latency, stopped = corrected(run), target.stillness()
    assert stopped >= STOP_SECONDS
    assert latency.count == RATE * SECONDS
    share = (1.0 - RATE / PACE) * SECONDS
    for quantile in (0.95, 0.99, 0.999):
        assert latency.quantile(quantile) == pytest.approx(stopped - (1.0 - quantile) * share, rel=0.05)
    for seconds in (0.25, 0.5):
        assert above(latency, seconds) / latency.count == pytest.approx((stopped - seconds) / share, rel=0.05)


def test_who_waits_for_answers_or_gives_up_arrivals_misses_it_and_says_so(
    paced: Callable[[], PacedTarget], locust: Starts, plan: Plans
) -> None:
    closed, full, late = paced(), paced(), paced()
    users, in_flight, rate = 4, 30, 300.0
    plans = (
        plan("closed", seconds=4.0, more=f'arrivals = "closed"\nusers = {users}\nthink_seconds = 0.02'),
        plan("full", seconds=4.0, rate=rate, more=f'arrivals = "constant"\nusers = 2\nin_flight = {in_flight}'),
        plan("late", seconds=4.0, rate=rate, more='arrivals = "constant"'),
    )
    runs = [
        locust("--headless", "--plan", path, "--host", target.url)
        for path, target in zip(plans, (closed, full, late), strict=True)
    ]
    stand_still(runs, [closed.process.pid, full.process.pid, runs[2].process.pid])
    waited, dropped, delayed = map(seen, runs)

    assert above(corrected(waited), STOP_SECONDS / 2.0) == users, (
        "each of them waited once, and asked nothing meanwhile"
    )
    assert corrected(waited).quantile(0.98) < STOP_SECONDS / 4.0

    given_up = sum(pulse.dropped for pulse in dropped.pulses)
    assert given_up == pytest.approx(rate * full.stillness() - 2 * in_flight, rel=0.05)
    assert sum(pulse.intended for pulse in dropped.pulses) == 4 * rate == given_up + corrected(dropped).count
    assert checked(runs[1].record)[0] == 3
    assert f"generator gave up {given_up} arrivals" in checked(runs[1].record)[1]

    slow = {name: above(read(delayed), STOP_SECONDS / 4.0) for name, read in READINGS.items()}
    assert slow["corrected"] >= slow["lateness"] >= 0.7 * rate * STOP_SECONDS
    assert slow["service"] < slow["corrected"] / 2.0, "once they had started, most were quick"
    assert "starts-late" in doubts(delayed)


READINGS = {"corrected": corrected, "service": service, "lateness": lateness}


def test_a_generator_that_cannot_keep_up_says_so_and_is_not_judged(
    target: Targets, locust: Starts, plan: Plans
) -> None:
    path = plan(seconds=3.0, rate=1000.0, more="timeout_seconds = 1")
    started = locust("--headless", "--plan", path, "--rate-scale", "100", "--host", target().url)
    code, output = started.finish()
    assert code == 0, output
    run = record.read(started.record)
    assert sum(pulse.intended for pulse in run.pulses) == pytest.approx(3.0 * 100_000, rel=0.05), "none is forgotten"
    assert {"generator-saturated", "arrivals-dropped"} <= doubts(run)
    exit_code, judgement = checked(started.record)
    assert exit_code == 3
    assert "generator-0 used or waited for more than 80 % of a core" in judgement
    assert "arrivals were dropped" in output
