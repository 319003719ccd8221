"""``loadstone`` as its users meet it: every mishap is one sentence and an exit code, nothing half-written."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from loadstone import OFFERS
from loadstone.offers import Offer
from slo.children import free_port


def loadstone(*arguments: object, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "loadstone", *map(str, arguments)],
        cwd=cwd,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "200", **variables},
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )


def one_sentence(done: subprocess.CompletedProcess[str]) -> str:
    assert "Traceback" not in done.stderr
    said = [line for line in done.stderr.splitlines() if line.startswith("loadstone: ")]
    assert len(said) == 1, done.stderr
    return said[0]


@pytest.fixture(scope="module")
def record(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real record: the gate on the smoke plan, shortened."""
    folder = tmp_path_factory.mktemp("run")
    done = loadstone("gate", "smoke", "--scale", "time=0.05", "--out", folder / "out", cwd=folder)
    assert done.returncode in {0, 3}, done.stdout + done.stderr
    return folder / "out" / "record.jsonl"


def test_help_lists_every_command_and_the_exit_codes(tmp_path: Path) -> None:
    done = loadstone("--help", cwd=tmp_path)

    assert done.returncode == 0
    for word in ("serve", "worker", "migrate", "keys", "load", "check", "report", "openapi", "gate", "Exit codes"):
        assert word in done.stdout


def test_help_imports_no_room(tmp_path: Path) -> None:
    done = loadstone("-h", cwd=tmp_path, PYTHONPROFILEIMPORTTIME="1")

    for heavy in (
        "litestar",
        "locust",
        "scipy",
        "numpy",
        "asyncpg",
        "tree_sitter",
        "slo.commands",
        "loadtests._planning._plan",
    ):
        assert not re.search(rf"\|\s+{re.escape(heavy)}\n", done.stderr)
    assert re.search(r"\|\s+loadstone.offers\n", done.stderr)


@pytest.mark.parametrize(
    "offer", [offer for offers in OFFERS.values() for offer in offers], ids=lambda offer: offer.name
)
def test_what_is_offered_is_there_and_is_what_it_is_called(offer: Offer) -> None:
    command = offer.real()

    assert command.name == offer.name
    assert command.help


def test_the_gate_leaves_every_report(record: Path) -> None:
    written = {path.name for path in record.parent.iterdir()}

    assert {"record.jsonl", "report.html", "report.md", "report.json", "junit.xml"} <= written


def test_a_record_can_be_judged_and_reported_again(record: Path, tmp_path: Path) -> None:
    judged = loadstone("check", record, cwd=tmp_path)
    reported = loadstone("report", record, "--out", tmp_path / "again", cwd=tmp_path)

    assert judged.returncode in {0, 3}, judged.stderr
    assert "latency-p95" in judged.stdout
    assert reported.returncode == 0, reported.stderr
    assert (tmp_path / "again" / "report.html").stat().st_size > 10_000


def test_a_truncated_record_cannot_be_judged(record: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.jsonl"
    cut.write_bytes(record.read_bytes()[:-200])

    done = loadstone("check", cut, cwd=tmp_path)

    assert done.returncode == 3, done.stdout + done.stderr


@pytest.mark.parametrize("content", [b"", b"not json\n", b'{"format": "something/1"}\n', b"\xff\xfe\x00"])
def test_a_foreign_file_is_no_record(content: bytes, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.jsonl"
    foreign.write_bytes(content)

    done = loadstone("check", foreign, cwd=tmp_path)

    assert done.returncode == 2
    assert "foreign.jsonl" in one_sentence(done)


def test_a_missing_record_is_named(tmp_path: Path) -> None:
    done = loadstone("report", tmp_path / "nothing.jsonl", cwd=tmp_path)

    assert done.returncode == 2
    assert "nothing.jsonl" in one_sentence(done)
    assert not list(tmp_path.iterdir())


def test_plans_are_listed(tmp_path: Path) -> None:
    done = loadstone("load", "--list", cwd=tmp_path)

    assert {"gate", "smoke", "light"} <= {line.split()[0] for line in done.stdout.splitlines()}


def test_an_unknown_plan_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    done = loadstone("load", "tsunami", cwd=tmp_path)

    assert done.returncode == 2
    assert "tsunami" in one_sentence(done)
    assert not list(tmp_path.iterdir())


def test_a_target_that_is_not_there_is_named(tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{free_port()}"
    done = loadstone("load", "smoke", "--host", url, "--record", tmp_path / "run/record.jsonl", cwd=tmp_path)

    assert done.returncode == 2
    assert url in one_sentence(done)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("scale", ["time", "size=2", "rate=0", "rate=fast", "time=-1", "time=inf", "rate=nan"])
def test_a_wrong_scale_is_refused(scale: str, tmp_path: Path) -> None:
    done = loadstone("load", "smoke", "--scale", scale, cwd=tmp_path)

    assert done.returncode == 2
    assert "time=X" in done.stderr


def test_an_objective_with_an_unknown_key_is_named(record: Path, tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text(
        "apiVersion: openslo/v1\nkind: Service\nmetadata: {name: loadstone}\nspec: {description: x, colour: red}\n"
    )
    done = loadstone("check", record, "--objectives", tmp_path, cwd=tmp_path)

    assert done.returncode == 2
    sentence = one_sentence(done)
    assert "wrong.yaml" in sentence
    assert "colour" in sentence


def test_the_gate_refuses_what_it_could_not_judge_before_it_starts_anything(tmp_path: Path) -> None:
    (tmp_path / "objectives").mkdir()
    done = loadstone("gate", "--objectives", tmp_path / "objectives", "--out", tmp_path / "run", cwd=tmp_path)

    assert done.returncode == 2
    assert "comments" in one_sentence(done)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("victim", "code", "sentence"),
    [("locust", 3, "the load generator was ended by signal 9"), ("service", 1, "the service ended during the load")],
)
def test_a_gate_that_loses_a_child_is_not_green(victim: str, code: int, sentence: str, tmp_path: Path) -> None:
    record = tmp_path / "run/record.jsonl"
    command = [sys.executable, "-m", "loadstone", "gate", "smoke", "--scale", "time=0.15", "--out", str(record.parent)]
    gate = psutil.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    while not (record.exists() and '"cell"' in record.read_text()):
        assert gate.poll() is None
        time.sleep(0.05)
    children = {child.cmdline()[2]: child for child in gate.children()}
    workers = children[victim].children()
    children[victim].kill()
    for worker in workers:
        worker.kill()
    _, said = gate.communicate(timeout=100)

    assert gate.returncode == code, said
    assert sentence in said
    assert "Traceback" not in said
    assert (record.parent / "report.html").exists() == (victim == "service")
    assert psutil.wait_procs(list(children.values()), timeout=10)[1] == []
    assert [path.name for path in (record.parent / "service").iterdir()] == ["service.log"]


def test_an_occupied_port_is_named(tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = loadstone("serve", "--port", port, "--data-dir", tmp_path / "data", cwd=tmp_path)

    assert done.returncode == 2
    assert str(port) in one_sentence(done)
    assert not (tmp_path / "data").exists()


def test_an_unknown_setting_is_named(tmp_path: Path) -> None:
    done = loadstone("serve", cwd=tmp_path, LOADSTONE_WROKERS="2")

    assert done.returncode == 2
    assert "LOADSTONE_WROKERS" in one_sentence(done)


def test_the_openapi_document_is_written(tmp_path: Path) -> None:
    done = loadstone("openapi", "--out", tmp_path / "openapi.json", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert b"/v1/comments" in (tmp_path / "openapi.json").read_bytes()
