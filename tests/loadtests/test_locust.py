"""Locust as a user starts it, as a child process, against a target that counts."""

from __future__ import annotations

import re
import signal
import time
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psutil

from loadtests._planning import _plan
from slo import record
from slo.children import free_port
from slo.histogram import Histogram
from slo.record import OK, Run
from tests.loadtests.conftest import Locust, Target, await_that

Starts = Callable[..., Locust]
Targets = Callable[..., Target]
Plans = Callable[..., str]


def outcomes(run: Run) -> Counter[str]:
    counted: Counter[str] = Counter()
    for cell in run.cells:
        counted.update(cell.outcomes)
    return counted


def total(texts: list[str]) -> Histogram:
    return Histogram.merged(map(Histogram.decode, texts))


def processes(number: int) -> list[str]:
    port = str(free_port())
    return ["--processes", str(number), "--master-bind-port", port, "--master-port", port]


def test_one_process_and_several_send_the_same_and_count_what_the_target_counts(
    target: Targets, locust: Starts, plan: Plans
) -> None:
    path = plan(seconds=1.0, rate=60.0, warm_up=1.0, more="seed = 5\nusers = 3")
    alone, shared = target(), target()
    runs = [
        locust("--headless", "--plan", path, "--host", alone.url),
        locust("--headless", "--plan", path, "--host", shared.url, *processes(2)),
    ]
    for run in runs:
        code, output = run.finish()
        assert code == 0, output
        assert "Traceback" not in output
    assert alone.counts() == shared.counts(), "equal seeds send equal requests, however many processes share them"
    for run, seen, generators in ((runs[0], alone, 1), (runs[1], shared, 2)):
        kept = record.read(run.record)
        assert kept.footer is not None
        assert kept.footer.outcome == "completed"
        assert list(kept.footer.generators.values()) == ["finished"] * generators
        assert outcomes(kept) == {OK: seen.counts()["requests"]}
        assert sum(cell.items for cell in kept.cells) == seen.counts()["items"]
        assert sum(pulse.started for pulse in kept.pulses) == seen.counts()["requests"]
        assert len({(cell.second, cell.stage) for cell in kept.cells}) == len(kept.cells) == 2
        assert {(pulse.second, pulse.generator) for pulse in kept.pulses} == {
            (second, f"generator-{number}") for second in range(2) for number in range(generators)
        }
        assert all(pulse.cpu > 0.0 for pulse in kept.pulses)
        assert [snapshot.moment for snapshot in kept.snapshots] == ["start", "judged", "end"]
        samples = [snapshot.samples for snapshot in kept.snapshots]
        assert samples[0] == {'seen{route="/v1/comments"}': 0.0}
        assert samples[2] == {'seen{route="/v1/comments"}': float(seen.counts()["requests"])}
        assert (kept.header.seed, kept.header.plan.name) == (5, "trial")
        assert (kept.header.target.version, kept.header.target.environment) == ("1.2.3", "test")


def test_a_frozen_target_is_felt_in_the_open_model_and_missed_by_a_closed_one(
    target: Targets, locust: Starts, plan: Plans
) -> None:
    plans = (
        plan("open", seconds=2.0, rate=80.0),
        plan("closed", seconds=2.0, more='arrivals = "closed"\nusers = 1\nthink_seconds = 0.01'),
    )
    kept = {}
    runs = [
        locust("--headless", "--plan", path, "--host", target("--freeze-at", "50", "--freeze", "1.0").url)
        for path in plans
    ]
    for run in runs:
        code, output = run.finish()
        assert code == 0, output
        run_seen = record.read(run.record)
        kept[run_seen.header.plan.name] = total([cell.latency for cell in run_seen.cells]).quantile(0.85)
    assert kept["open"] > 4.0 * kept["closed"]


def test_latency_counts_from_the_intended_start(target: Targets, locust: Starts, plan: Plans) -> None:
    run = locust("--headless", "--host", target().url, "--plan", plan(seconds=2.5, rate=80.0))
    run.await_line("cell")
    run.process.send_signal(signal.SIGSTOP)
    time.sleep(1.0)  # the disturbance itself: arrivals fall due while the generator stands still
    run.process.send_signal(signal.SIGCONT)
    code, output = run.finish()
    assert code == 0, output
    kept = record.read(run.record)
    slow = {
        name: total([getattr(line, name) for line in lines]).count
        - total([getattr(line, name) for line in lines]).at_most(0.2)
        for name, lines in (("latency", kept.cells), ("service", kept.cells), ("lateness", kept.pulses))
    }
    assert slow["latency"] >= slow["lateness"] > 0
    assert slow["service"] < slow["latency"] / 2, "most of what was late was quick once it had started"


def test_arrivals_beyond_the_bound_are_dropped_and_counted(target: Targets, locust: Starts, plan: Plans) -> None:
    slow = target("--delay", "0.5")
    path = plan(seconds=1.0, rate=80.0, more="in_flight = 2\nusers = 2")
    run = locust("--headless", "--plan", path, "--host", slow.url)
    code, output = run.finish()
    assert code == 0, output
    kept = record.read(run.record)
    dropped = sum(pulse.dropped for pulse in kept.pulses)
    assert dropped > 0
    assert outcomes(kept) == {OK: slow.counts()["requests"]}
    assert sum(pulse.intended for pulse in kept.pulses) == slow.counts()["requests"] + dropped


def test_faults_of_the_target_are_outcomes_and_none_of_locusts_business(
    target: Targets, locust: Starts, plan: Plans
) -> None:
    faulty = target("--faults")
    path = plan(seconds=1.0, rate=100.0, more="timeout_seconds = 0.5")
    run = locust("--headless", "--plan", path, "--host", faulty.url)
    code, output = run.finish()
    assert code == 0, output
    assert "Traceback" not in output
    counted = outcomes(record.read(run.record))
    assert set(counted) == {OK, "wrong-answer", "http-503", "reset", "timeout"}
    assert sum(counted.values()) == faulty.counts()["requests"]
    assert "wrong-answer: result 0 has the unknown label" in output


def test_ctrl_c_awaits_what_is_under_way_and_closes_the_record(target: Targets, locust: Starts, plan: Plans) -> None:
    slow = target("--delay", "0.7")
    run = locust("--headless", "--plan", plan(seconds=60.0), "--host", slow.url)
    run.await_line("cell")
    run.process.send_signal(signal.SIGINT)
    code, output = run.finish()
    assert code == 3, output
    assert "Traceback" not in output
    kept = record.read(run.record)
    assert kept.footer is not None
    assert kept.footer.outcome == "stopped"
    assert outcomes(kept) == {OK: slow.counts()["requests"]}


def test_a_killed_run_has_no_footer(target: Targets, locust: Starts, plan: Plans) -> None:
    killed = locust("--headless", "--plan", plan(seconds=60.0), "--host", target().url)
    killed.await_line("cell")
    killed.process.kill()
    killed.finish()
    kept = record.read(killed.record)
    assert kept.footer is None
    assert outcomes(kept)[OK] > 0


def test_a_record_that_cannot_be_written_on_ends_the_run(target: Targets, locust: Starts, plan: Plans) -> None:
    run = locust("--headless", "--plan", plan(seconds=60.0), "--host", target().url)
    run.await_line("header")
    size = run.record.stat().st_size
    psutil.Process(run.process.pid).rlimit(psutil.RLIMIT_FSIZE, (size, size))
    code, output = run.finish()
    assert code == 2, output
    assert "could not be written to its end: File too large" in output
    assert "Traceback" not in output
    assert record.read(run.record).footer is None


def test_what_cannot_start_says_why_in_one_sentence_and_writes_nothing(
    target: Targets, locust: Starts, plan: Plans, tmp_path: Path
) -> None:
    taken = tmp_path / "taken.jsonl"
    taken.write_text("somebody's")
    url = target().url
    closed = f"http://127.0.0.1:{free_port()}"
    cases = (
        (locust("--headless", "--plan", "gate", "--host", closed), "cannot be reached: Connection refused"),
        (locust("--headless", "-u", "1", "-t", "9s", "--host", closed), "cannot be reached: Connection refused"),
        (
            locust("--headless", "-u", "1", "--host", url, "--tags", "x"),
            "--exclude-tags leave BatchesUser, CommentsUser, ImagesUser, ProductsUser, RecipesUser nothing to do",
        ),
        (locust("--headless", "--plan", "gate"), "no target: say it with --host or the environment variable HOST"),
        (locust("--headless", "--plan", "gate", "--host", url, "--run-record", str(taken)), "File exists"),
    )
    for run, sentence in cases:
        code, output = run.finish()
        assert code == 2, output
        assert len([line for line in output.splitlines() if sentence in line]) == 1, output
        assert "Traceback" not in output
        assert not run.record.exists()
    assert taken.read_text() == "somebody's"


def test_without_a_plan_it_is_locust_as_ever_and_heeds_host(target: Targets, locust: Starts) -> None:
    aim = target()
    run = locust("--headless", "-u", "4", "-r", "4", "-t", "3s", "--user-rate", "20", "--host", aim.url, "CommentsUser")
    code, output = run.finish()
    assert code == 0, output
    kept = record.read(run.record)
    assert outcomes(kept) == {OK: aim.counts()["requests"]}
    assert kept.footer is not None
    assert kept.footer.outcome == "completed"
    assert kept.header.plan.stages[0].rate_to == 80.0


def test_the_web_form_offers_the_plans_and_runs_one(target: Targets, locust: Starts) -> None:
    aim, port = target(), str(free_port())
    web = locust("--host", aim.url, "--web-host", "127.0.0.1", "--web-port", port, "--class-picker")
    base = f"http://127.0.0.1:{port}"

    def page(path: str, **form: str) -> str:
        data = urllib.parse.urlencode(form).encode() if form else None
        with urllib.request.urlopen(base + path, data=data, timeout=30.0) as answer:
            text: str = answer.read().decode()
        return text

    await_that(lambda: _answers(base))
    choices = re.search(r'"plan": \{[^}]*"choices": \[([^\]]*)\]', page("/"))
    assert choices is not None
    assert set(_plan.names()) <= set(re.findall(r'"([\w-]+)"', choices[1]))
    form = {"user_count": "2", "spawn_rate": "2", "host": aim.url, "user_classes": "CommentsUser"}
    page("/swarm", **form, plan="smoke", time_scale="0.02", rate_scale="2.0")
    await_that(lambda: '"state": "stopped"' in page("/stats/requests"))
    kept = record.read(web.record)
    assert kept.footer is not None
    assert kept.footer.outcome == "completed"
    assert outcomes(kept) == {OK: aim.counts()["requests"]}
    web.process.send_signal(signal.SIGINT)
    assert web.finish()[0] == 0


def _answers(base: str) -> bool:
    try:
        with urllib.request.urlopen(base, timeout=5.0):
            return True
    except OSError:
        return False
