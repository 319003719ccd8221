"""A master and its workers as processes of their own: what they share out, and what becomes of a run that loses one."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable

import psutil

from slo import record
from slo.children import free_port
from slo.record import OK, Run
from tests.loadtests.conftest import LOADTESTS, LONGEST_SECONDS, Locust, Target

Starts = Callable[..., Locust]
Targets = Callable[..., Target]
Plans = Callable[..., str]


class Distributed:
    """A master that waits for ``workers``, and these."""

    def __init__(self, locust: Starts, workers: int, *arguments: str) -> None:
        self._locust = locust
        self.port = str(free_port())
        expected = ("--expect-workers", str(workers))
        bound = ("--master-bind-host", "127.0.0.1", "--master-bind-port", self.port)
        self.master = locust("--master", "--headless", *expected, *bound, *arguments)
        self.workers = [self.another() for _ in range(workers)]

    def another(self) -> Locust:
        return self._locust("--worker", "--master-host", "127.0.0.1", "--master-port", self.port)


def intended(run: Run) -> Counter[int]:
    """Seconds to the arrivals that all generators together had in them."""
    counted: Counter[int] = Counter()
    for pulse in run.pulses:
        counted[pulse.second] += pulse.intended
    return counted


def answered(run: Run) -> int:
    return sum(cell.outcomes.get(OK, 0) for cell in run.cells)


def ends(run: Run) -> dict[str, str]:
    assert run.footer is not None
    return dict(run.footer.generators)


def verdict(started: Locust) -> tuple[int, str]:
    """What ``loadstone check`` makes of the record: its exit code and what it says."""
    command = [sys.executable, "-m", "loadstone", "check", str(started.record)]
    done = subprocess.run(command, cwd=LOADTESTS.parent, capture_output=True, text=True, check=False)
    return done.returncode, " ".join(done.stdout.split()).lower()


def test_one_process_and_three_workers_send_equal_requests_at_equal_moments(
    target: Targets, locust: Starts, plan: Plans
) -> None:
    path = plan(seconds=3.0, rate=80.0, more="seed = 9\nusers = 5")
    alone, shared = target(), target()
    single = locust("--headless", "--plan", path, "--host", alone.url)
    several = Distributed(locust, 3, "--plan", path, "--host", shared.url)
    runs = []
    for started in (single, several.master):
        code, output = started.finish()
        assert code == 0, output
        runs.append(record.read(started.record))
    assert [worker.finish()[0] for worker in several.workers] == [0, 0, 0]

    one, three = runs
    assert alone.counts() == shared.counts()
    assert intended(one) == intended(three)
    assert answered(one) == answered(three) == alone.counts()["requests"]
    assert ends(three) == dict.fromkeys(("generator-0", "generator-1", "generator-2"), "finished")
    assert all(pulse.clock_error < 0.05 for pulse in three.pulses)
    assert {pulse.generator for pulse in three.pulses if pulse.started} == set(ends(three))


def test_a_worker_that_goes_in_mid_run_is_named_wherever_one_looks(
    target: Targets, locust: Starts, plan: Plans
) -> None:
    path, endless = plan(seconds=4.0, rate=80.0, more="users = 2"), plan("endless", seconds=600.0)
    killed = Distributed(locust, 2, "--plan", path, "--host", target().url)
    asked_to_go = Distributed(locust, 2, "--plan", path, "--host", target().url)
    alone = Distributed(locust, 1, "--plan", endless, "--host", target().url)
    for started, how in ((killed, signal.SIGKILL), (asked_to_go, signal.SIGTERM), (alone, signal.SIGKILL)):
        started.master.await_line("cell")
        started.workers[0].process.send_signal(how)
    for started in (killed, asked_to_go, alone):
        code, output = started.master.finish()
        (lost,) = (name for name, end in ends(record.read(started.master.record)).items() if end == "lost")
        assert code == 3, output
        assert f"the run cannot be judged, as load generators were lost on the way: {lost}" in output
        assert "Traceback" not in output
        exit_code, judgement = verdict(started.master)
        assert exit_code == 3
        assert f"load generators were lost on the way: {lost}" in judgement


def test_a_worker_that_comes_late_takes_nothing_away(target: Targets, locust: Starts, plan: Plans) -> None:
    aim = target()
    path = plan(seconds=7.0, rate=40.0, more='arrivals = "constant"\nusers = 4')
    started = Distributed(locust, 1, "--plan", path, "--host", aim.url)
    started.master.await_line("header")
    late = started.another()
    code, output = started.master.finish()
    assert code == 0, output
    assert "came after the start; it takes no part in this run" in output
    assert late.finish()[0] == 0
    run = record.read(started.master.record)
    assert ends(run) == {"generator-0": "finished"}
    assert answered(run) == aim.counts()["requests"] == 7 * 40


def test_workers_end_by_themselves_when_their_master_is_dead(target: Targets, locust: Starts, plan: Plans) -> None:
    aim, port = target(), str(free_port())
    path = plan(seconds=60.0, rate=40.0)
    forked = locust(
        "--headless",
        "--plan",
        path,
        "--host",
        aim.url,
        "--processes",
        "2",
        "--master-bind-port",
        port,
        "--master-port",
        port,
    )
    apart = Distributed(locust, 1, "--plan", path, "--host", aim.url)
    for master in (forked, apart.master):
        master.await_line("cell")
    children = psutil.Process(forked.process.pid).children()
    assert len(children) == 2
    for master in (forked, apart.master):
        master.process.kill()
    _, alive = psutil.wait_procs(children, timeout=LONGEST_SECONDS)
    assert not alive
    code, output = apart.workers[0].finish()
    assert code == 3, output
    assert "the recorder has said nothing for" in output
    assert "Traceback" not in output
    assert aim.counts()["requests"] < 3 * 40 * 30, "none of the three has gone on"
