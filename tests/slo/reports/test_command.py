"""``loadstone report`` on one record, on several, and on what is none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from slo import commands, record
from slo.model import Overall
from tests.slo.reports import examples

Report = Callable[..., Result]


@pytest.fixture
def runs(judged: dict[Overall, examples.Judged], tmp_path: Path) -> list[Path]:
    """Folders of six runs."""
    folders = [tmp_path / f"run-{number}" for number in range(6)]
    for folder in folders:
        record.write(folder / record.FILE_NAME, judged[Overall.MET][0])
    return folders


@pytest.fixture
def report() -> Report:
    def report(*arguments: object) -> Result:
        return CliRunner().invoke(commands.report, [*map(str, arguments)], prog_name="report")

    return report


def refusal(done: Result) -> str:
    """The sentence with which the front door ends the command."""
    assert isinstance(done.exception, commands.REFUSALS)
    return str(done.exception)


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_one_record_is_told_as_before(runs: list[Path], report: Report) -> None:
    done = report(runs[0] / record.FILE_NAME)

    assert done.exit_code == 0
    assert files(runs[0]) == {record.FILE_NAME, "report.html", "report.md", "report.json", "junit.xml"}


def test_several_are_compared_in_the_folder_of_the_last(runs: list[Path], report: Report) -> None:
    done = report(runs[0], runs[1] / record.FILE_NAME, runs[2])

    assert done.exit_code == 0, done.output
    assert "A  run-0 (baseline)" in done.output
    assert "B and C are the same run as A." in done.output
    assert [files(folder) for folder in runs[:3]] == [
        {record.FILE_NAME},
        {record.FILE_NAME},
        {record.FILE_NAME, "comparison.html", "comparison.md"},
    ]


def test_only_the_forms_asked_for_are_written(runs: list[Path], report: Report, tmp_path: Path) -> None:
    assert report(runs[0], runs[1], "--format", "terminal").exit_code == 0
    assert files(runs[1]) == {record.FILE_NAME}

    assert report(runs[0], "--format", "junit", "--format", "terminal", "--out", tmp_path / "out").exit_code == 0
    assert files(tmp_path / "out") == {"junit.xml"}


def test_more_than_five_are_refused_with_a_sentence(runs: list[Path], report: Report) -> None:
    done = report(*runs)

    assert refusal(done) == "a comparison takes 2 to 5 run records, not 6"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "No such file or directory"),
        (b"no record\n", "this is no run record"),
        (b'{"type":"header","format":"loadstone.run/9"}\n', "its format is 'loadstone.run/9'"),
    ],
)
def test_a_record_that_is_none_is_named_and_nothing_is_written(
    content: bytes | None, reason: str, runs: list[Path], report: Report, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.jsonl"
    if content is not None:
        broken.write_bytes(content)

    done = report(runs[0], broken, "--out", tmp_path / "out")

    assert refusal(done).startswith(f"{broken}: ")
    assert reason in refusal(done)
    assert not (tmp_path / "out").exists()


def test_a_form_that_a_comparison_does_not_have_is_refused(runs: list[Path], report: Report) -> None:
    done = report(runs[0], runs[1], "--format", "junit")

    assert done.exit_code == 2
    assert "--format: a comparison has the forms html, markdown" in " ".join(done.stderr.split())
