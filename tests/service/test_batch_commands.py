"""``loadstone batch`` against the real service on embedded servers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.service.running import RunningService

Run = Callable[..., "subprocess.CompletedProcess[str]"]
ROWS = 30


@pytest.fixture
def run(running_service: RunningService) -> Run:
    def run_(*words: str, url: str = running_service.url) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "loadstone", "batch", *words],
            env={**os.environ, "LOADSTONE_URL": url, "NO_COLOR": "1", "COLUMNS": "200"},
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )

    return run_


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "survey.csv"
    path.write_text("text,id\n" + "".join(f"Muy bueno {number},c-{number}\n" for number in range(ROWS)) + ",none\n")
    return path


def test_a_file_is_sent_watched_and_its_results_fetched(run: Run, file: Path, tmp_path: Path) -> None:
    sent = run("submit", str(file), "--workload", "comments", "--name", "May", "--watch")
    assert sent.returncode == 0, sent.stderr
    last = sent.stdout.splitlines()[-1]
    identifier = last.split()[0]
    assert f"(May) is completed: {ROWS} of {ROWS} rows of comments done, 0 of them failed, 1 lines refused" in last
    assert f"line {ROWS + 2}: text: the text is empty or blank" in sent.stderr
    out = tmp_path / "results.ndjson"
    assert run("results", identifier, "--out", str(out)).returncode == 0
    assert [json.loads(line)["id"] for line in out.read_text().splitlines()] == [f"c-{n}" for n in range(ROWS)]
    assert run("results", identifier, "--format", "csv").stdout.count("succeeded") == ROWS
    assert f"line {ROWS + 2}" in run("errors", identifier).stdout
    listed = run("list", "--state", "completed")
    assert identifier in listed.stdout, listed.stderr
    assert run("delete", identifier).stdout == f"{identifier} is gone\n"
    gone = run("show", identifier)
    assert (gone.returncode, gone.stderr) == (
        2,
        "loadstone: the service refuses: There is no batch with this identifier.\n",
    )


def test_a_batch_is_steered(run: Run, file: Path) -> None:
    sent = run("submit", str(file), "--workload", "comments", "--no-start")
    identifier = sent.stdout.split()[0]
    assert "(survey.csv) is ready" in sent.stdout
    assert "is ready" in run("show", identifier).stdout
    refused = run("pause", identifier)
    assert (refused.returncode, refused.stderr.count("\n")) == (2, 1)
    assert "A batch that is ready cannot pause." in refused.stderr
    assert "is cancelled" in run("cancel", identifier).stdout
    assert run("watch", identifier).returncode == 1
    run("delete", identifier)


def test_what_cannot_be_sent_is_one_sentence(run: Run, tmp_path: Path) -> None:
    wrong = tmp_path / "rows.xlsx"
    wrong.write_bytes(b"PK\x03\x04")
    assert "rows.xlsx must end in .csv, .tsv" in run("submit", str(wrong), "--workload", "comments").stderr
    disguised = tmp_path / "rows.csv"
    disguised.write_bytes(b"PK\x03\x04" + bytes(100))
    refused = run("submit", str(disguised), "--workload", "comments")
    assert "a ZIP archive" in refused.stderr
    assert refused.stderr.count("\n") == 1
    away = run("list", url="http://127.0.0.1:9")
    assert "cannot be reached" in away.stderr
    assert away.returncode != 0
