"""What is kept of a whole duel, and how a history is told to people."""

from __future__ import annotations

import math
from pathlib import Path

import msgspec
import numpy as np
import pytest
from click.testing import CliRunner

from loadstone.history import history as command
from slo.duel.model import Finding, Outcome
from slo.exits import ExitCode
from slo.history import append, console, entry_of, page
from slo.history.entries import LONGEST_LINE_BYTES, written
from slo.history.findings import found
from tests.slo.history.test_history import history
from tests.slo.reports.duel import examples

replace = msgspec.structs.replace


def test_an_entry_keeps_every_measure_of_a_duel_and_the_means_of_its_launches() -> None:
    duel = examples.duel(Outcome.FAILED)

    entry = entry_of(duel)

    measured = {each.metric: each for each in duel.findings if each.change is not None}
    assert {each.metric for each in entry.measures} == set(measured)
    assert (entry.commit, entry.base) == (duel.samples.head.commit, duel.samples.base.commit)
    assert (entry.outcome, entry.left_out) == (Outcome.FAILED, 0)
    for kept in entry.measures:
        of = measured[kept.metric]
        assert kept.outcome is (of.outcome if of.enforced else Outcome.REPORTED)
        assert kept.change == pytest.approx(of.change, rel=1e-5)
        assert kept.launches == pytest.approx([math.fsum(each) / len(each) for each in of.launches], rel=1e-4, abs=1e-6)


def test_a_line_holds_what_concerns_all_whatever_else_there_is() -> None:
    duel = examples.duel(Outcome.PASSED)

    def of(number: int) -> Finding:
        return replace(duel.findings[1], workload=f"workload-{number:03}")

    entry = entry_of(replace(duel, findings=(*duel.findings, *(of(number) for number in range(80)))))

    assert len(written(entry)) <= LONGEST_LINE_BYTES
    together = {each.metric for each in duel.findings if not each.workload and each.change is not None}
    assert together <= {each.metric for each in entry.measures if not each.workload}
    of_workloads = 80 + sum(bool(each.workload) for each in duel.findings)
    assert entry.left_out == of_workloads - sum(bool(each.workload) for each in entry.measures)


@pytest.fixture
def drifting(tmp_path: Path) -> Path:
    """A history whose bytecodes crept up, commit by commit."""
    file = tmp_path / "history.jsonl"
    for entry in history(np.full(8, 0.002), metric="bytecodes"):
        append(file, entry)
    return file


def test_the_command_draws_warns_and_exits_by_drift(drifting: Path, tmp_path: Path) -> None:
    runner = CliRunner()

    told = runner.invoke(command, [str(drifting)])
    strict = runner.invoke(command, [str(drifting), "--strict", "--html", str(tmp_path / "pages" / "history.html")])
    other = runner.invoke(command, [str(drifting), "--metric", "p50"])
    neither = runner.invoke(command, [])

    assert told.exit_code == 0, told.output
    assert "bytecodes" in told.output
    assert strict.exit_code == ExitCode.MISSED
    assert "1.6 %" in strict.output, "eight times 0.2 %"
    assert "bytecodes" not in other.output
    assert neither.exit_code == ExitCode.USAGE
    assert "bytecodes" in (tmp_path / "pages" / "history.html").read_text(encoding="utf-8")


def test_a_page_runs_nothing_that_a_history_says(drifting: Path) -> None:
    hostile = "<script>alert(1)</script>"
    entries = [
        replace(each, commit=hostile, measures=tuple(replace(one, workload=hostile) for one in each.measures))
        for each in history(np.full(4, 0.01), metric="bytecodes")
    ]

    told = found(entries)

    assert hostile not in page.render(told, hostile)
    assert "script" in console.render(told, width=100, colour=False)
