"""Whole duels between services that are not ours: fought, judged, and everything that can go wrong on the way."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import psutil
import pytest

from loadstone.opponents import FileLoad, Opponents, of_commands, of_urls
from slo import children, record, spec
from slo.duel import verdict
from slo.duel.budgets import limits_of
from slo.duel.conduct import BaseLostError, Fought, HeadLostError, fought
from slo.duel.model import Finding, Outcome
from slo.duel.plan import Rhythm
from tests.loadtests.conftest import await_that

SHOP = Path(__file__).parent / "foreign"
RHYTHM = Rhythm(
    name="short", looks=(2,), warm_up=1, windows=3, window=1, block_rounds=1, block=1, closed_rounds=0, closed=0
)

MORTAL = """
import os, sys
sys.path.insert(0, {folder!r})
import shop

answer, left = shop.Shop.answer, [150]

def dying(self, *arguments, **options):
    left[0] -= 1
    if not left[0]:
        os._exit(7)
    answer(self, *arguments, **options)

shop.Shop.answer = dying
shop.main()
"""


def command(*arguments: str) -> str:
    return f"{sys.executable} {SHOP / 'shop.py'} --port {{port}} {' '.join(arguments)}".strip()


def load() -> FileLoad:
    return FileLoad(SHOP / "locustfile.py", RHYTHM, 3, 40, "request")


def fight(base: str, head: str, folder: Path) -> Fought:
    return between(of_commands(base, head, "/", load()), folder)


def between(sides: Opponents, folder: Path) -> Fought:
    return fought(
        sides.base,
        sides.head,
        sides.load,
        RHYTHM,
        folder,
        seed=3,
        tell=lambda launch, most, progress: None,
        decided=lambda samples: True,
    )


def findings(ended: Fought) -> dict[str, Finding]:
    budgets = spec.load([SHOP / "objectives.yaml"])
    limits = limits_of([budgets.budget("shop", "development")])
    return {each.metric: each for each in verdict.judged(ended.samples, limits)}


def left_behind() -> list[int]:
    """Shops and load generators that were started from here and run still."""
    return [each.pid for each in psutil.Process().children(recursive=True) if runs(each)]


def runs(process: psutil.Process) -> bool:
    with suppress(psutil.NoSuchProcess):
        return process.status() != psutil.STATUS_ZOMBIE
    return False


def answers(port: int) -> bool:
    with socket.socket() as trial:
        return trial.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def nothing_left() -> Iterator[None]:
    before = set(left_behind())
    yield
    await_that(lambda: set(left_behind()) <= before)


def test_a_slower_shop_is_found_and_its_series_say_by_how_much(tmp_path: Path) -> None:
    with nothing_left():
        ended = fight(command(), command("--slow"), tmp_path)

    found = findings(ended)
    cpu = found["cpu-per-request"]
    assert cpu.change is not None
    assert cpu.change > 0.1, "it searches the catalogue several times over"
    assert cpu.outcome is not Outcome.PASSED
    assert len(ended.samples.series[0].launches) == 2
    assert found["errors"].outcome is Outcome.PASSED or found["errors"].outcome is Outcome.INCONCLUSIVE
    assert found["response-bytes"].outcome is not Outcome.FAILED, "it answers what the other one answers"
    assert (ended.samples.base.name, ended.samples.head.name) == (command(), command("--slow"))
    starts = [launch.opened.header.plan.stages[2].side for launch in ended.launches]
    assert starts == ["base", "head"], "launches take turns in who begins"
    first = record.read(tmp_path / "launches" / "1" / "open.jsonl")
    assert first == ended.launches[0].opened, "what is judged is what was recorded"
    assert {cell.side for cell in first.cells} == {"base", "head"}


def test_urls_tell_latencies_and_no_cpu_time(tmp_path: Path) -> None:
    ports = [children.free_port() for _ in range(2)]
    shops = [subprocess.Popen([sys.executable, str(SHOP / "shop.py"), "--port", str(port)]) for port in ports]
    try:
        for port in ports:
            await_that(partial(answers, port))
        base, head = (f"http://127.0.0.1:{port}" for port in ports)
        ended = between(of_urls(base, head, load()), tmp_path)
    finally:
        for shop in shops:
            shop.kill()
            shop.wait()

    measured = {series.metric for series in ended.samples.series}
    assert {"p50", "errors", "response-bytes"} <= measured
    assert measured.isdisjoint({"cpu-per-request", "start-up", "resident-memory"})
    found = findings(ended)
    assert found["cpu-per-request"].outcome is Outcome.NOT_MEASURED
    assert verdict.outcome(list(found.values()), ()) is Outcome.INVALID, "the budget on it was not passed over"


@pytest.mark.parametrize(("side", "error"), [("base", BaseLostError), ("head", HeadLostError)])
def test_a_side_that_does_not_start_is_named_and_quoted(side: str, error: type[Exception], tmp_path: Path) -> None:
    commands = {"base": command(), "head": command(), side: command("--no-such-option")}

    with nothing_left(), pytest.raises(error, match=f"the {side} did not start: .*--no-such-option"):
        fight(commands["base"], commands["head"], tmp_path)


@pytest.mark.parametrize(("side", "error"), [("base", BaseLostError), ("head", HeadLostError)])
def test_a_side_that_dies_under_load_is_named(side: str, error: type[Exception], tmp_path: Path) -> None:
    mortal = tmp_path / "mortal.py"
    mortal.write_text(MORTAL.format(folder=str(SHOP)))
    commands = {"base": command(), "head": command(), side: f"{sys.executable} {mortal} --port {{port}}"}

    with nothing_left(), pytest.raises(error, match=f"the {side} did not last: .*exit code 7"):
        fight(commands["base"], commands["head"], tmp_path / "out")


def test_a_busy_neighbour_never_makes_a_duel_green(tmp_path: Path) -> None:
    burn = "while True: pass"
    cores = len(os.sched_getaffinity(0))
    neighbours = [subprocess.Popen([sys.executable, "-c", burn]) for _ in range(4 * cores)]
    try:
        ended = fight(command(), command("--slow"), tmp_path)
    finally:
        for neighbour in neighbours:
            neighbour.kill()
            neighbour.wait()

    found = verdict.outcome(list(findings(ended).values()), ended.samples.distrusts)
    assert found not in (Outcome.PASSED, Outcome.WARNING), "whoever cannot see says so"


def test_a_gate_that_is_stopped_has_judged_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    with nothing_left():
        gate = subprocess.Popen(
            [sys.executable, "-m", "loadstone", *gate_of(tmp_path / "out")], stderr=subprocess.PIPE, text=True
        )
        await_that((tmp_path / "out" / "launches" / "1" / "open.jsonl").exists)
        started = psutil.Process(gate.pid).children(recursive=True)
        gate.terminate()
        _, said = gate.communicate(timeout=60)

    assert gate.returncode == 3
    assert said.strip().splitlines()[-1] == "loadstone: stopped"
    assert len(started) >= 3, "both shops and the generator"
    assert psutil.wait_procs(started, timeout=10)[1] == []


def gate_of(folder: Path) -> list[str]:
    return [
        *("gate", "--base-command", command(), "--head-command", command(), "--quick", "--out", str(folder)),
        *("--locustfile", str(SHOP / "locustfile.py"), "--objectives", str(SHOP / "objectives.yaml")),
    ]


def test_a_full_disk_ends_the_duel_with_a_sentence(tmp_path: Path) -> None:
    """A file may not grow beyond 4 KiB for this process and its children: as on a full disk, writing fails."""
    program = (
        "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096));"
        "import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
        "from loadstone import main; sys.argv[0] = 'loadstone'; main()"
    )
    with nothing_left():
        done = subprocess.run(
            [sys.executable, "-c", program, *gate_of(tmp_path / "out")],
            capture_output=True,
            text=True,
            timeout=110,
            check=False,
            env={**os.environ, "PYTHONPATH": str(Path.cwd()), "NO_COLOR": "1"},
        )

    assert done.returncode not in (0, 4), done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.strip().splitlines()[-1].startswith("loadstone: ")
