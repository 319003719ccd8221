"""``loadstone cache`` against the real service on embedded servers."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from service.remote import RefusedError, RemoteService
from tests.service.running import RunningService

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(running_service: RunningService) -> Run:
    def run_(*words: str, url: str = running_service.url, given: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "loadstone", "cache", *words],
            env={**os.environ, "LOADSTONE_URL": url, "NO_COLOR": "1", "COLUMNS": "200"},
            input=given,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run_


def test_a_file_is_answered_shown_and_forgotten(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "requests.jsonl"
    requests = [{"comments": [f"comentario número {number}"], "quality": "fast"} for number in range(30)]
    file.write_text("\n".join(map(json.dumps, requests)) + '\n\n{"comments": 7}\nno json\n')

    warmed = run("warm", str(file), "--workload", "comments", "--at-once", "3")
    assert warmed.returncode == 0, warmed.stderr
    assert "30 requests answered, 2 lines refused; the first is line 32: the service refuses" in warmed.stdout

    shown = run("show")
    assert [line.partition(":")[0] for line in shown.stdout.splitlines()] == ["memory of 1 worker", "redis", "postgres"]
    figures = json.loads(run("show", "--json").stdout)
    assert figures["memory"]["entries"] >= 30

    forgotten = run("invalidate", "--workload", "comments")
    assert forgotten.returncode == 0
    assert f"forgotten: {figures['memory']['entries']} in the memory of the worker" in forgotten.stdout
    assert json.loads(run("show", "--json").stdout)["memory"]["entries"] == 0


def test_what_is_used_most_is_loaded(run: Run) -> None:
    loaded = run("warm", "--most-frequent", "10")
    assert (loaded.returncode, loaded.stdout) == (0, "0 entries loaded into memory\n")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["invalidate"], "Give exactly one of workload, pattern and keys"),
        (["invalidate", "--workload", "comments", "--pattern", "*"], "Give exactly one"),
        (["invalidate", "--pattern", "[ab]*"], "Expected `str` matching regex"),
        (["invalidate", "--workload", "coments"], "the service refuses: There is no workload with"),
        (["warm", "-", "--workload", "comments"], "0 requests answered, 1 lines refused"),
    ],
)
def test_a_refusal_is_one_sentence(run: Run, words: list[str], sentence: str) -> None:
    refused = run(*words, given="{}\n")
    assert refused.returncode == 2
    assert sentence in refused.stderr
    assert refused.stderr.count("loadstone: ") == 1


def test_a_service_that_is_not_there_is_one_sentence(run: Run) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        refused = run("show", url=f"http://127.0.0.1:{unused.getsockname()[1]}")
    assert refused.returncode == 2
    assert "cannot be reached (Connection refused)" in refused.stderr


@pytest.mark.parametrize("url", ["ftp://host", "host:8000", "http://", "http://host:port", "http://[::1"])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(RefusedError):
        RemoteService(url)


def test_a_key_that_cannot_be_sent_is_not_quoted() -> None:
    with pytest.raises(RefusedError) as caught:
        RemoteService("http://host", "secret\r\nx: y")
    assert "secret" not in str(caught.value)
