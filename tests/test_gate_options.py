"""What ``loadstone gate`` refuses before it starts anything, each with one sentence."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SHOP = Path(__file__).parent / "foreign"
THEIRS = ("--locustfile", str(SHOP / "locustfile.py"), "--objectives", str(SHOP / "objectives.yaml"))
COMMANDS = ("--base-command", "python a.py", "--head-command", "python b.py")


def gate(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "loadstone", "gate", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--base-command", "python a.py"), "--base-command and --head-command belong together"),
        (("--head-url", "http://127.0.0.1:1"), "--base-url and --head-url belong together"),
        (("--base", "HEAD", "--no-base"), "only one can be had"),
        (("--base-url", "http://a/", "--head-url", "http://a", *THEIRS), "are the same address"),
        ((*COMMANDS, "--base", "HEAD", *THEIRS), "only one can be had"),
        (COMMANDS, "another project's service needs --locustfile and --objectives"),
        (THEIRS[:2], "--locustfile is for services of other projects"),
        ((*COMMANDS, "--locustfile", "pyproject.toml", *THEIRS[2:]), "no Locust file: its name does not end in .py"),
        ((*COMMANDS, *THEIRS, "--per", "user", "--users", "1"), "--per user needs two users at least"),
        (("--base-command", 'a "b', "--head-command", "c", *THEIRS), "is no command: No closing quotation"),
        ((*COMMANDS, *THEIRS, "--ready", "health"), "does not begin with a slash"),
        (("--quick", "--no-base"), "with --no-base there is nothing to compare with"),
        (("--quick", "--base", "no-such-commit"), "there is no commit 'no-such-commit'"),
    ],
)
def test_what_does_not_go_together_is_bad_input(arguments: tuple[str, ...], sentence: str) -> None:
    done = gate(*arguments, cwd=SHOP.parents[1])

    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("loadstone: ")
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_without_any_commit_there_is_nothing_to_compare_with(tmp_path: Path) -> None:
    done = gate("--quick", cwd=tmp_path)

    assert done.returncode == 2
    assert done.stderr.startswith("loadstone: there is no commit yet")


def test_an_acceptance_that_cannot_be_read_is_bad_input_before_anything_is_fought(tmp_path: Path) -> None:
    (tmp_path / "slo").mkdir()
    (tmp_path / "slo" / "accepted.toml").write_text('[[accepted]]\nmetric = "speed"\n')

    done = gate(*COMMANDS, *THEIRS, "--quick", cwd=tmp_path)

    assert done.returncode == 2
    assert "slo/accepted.toml: entry 1" in done.stderr
