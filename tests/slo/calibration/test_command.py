"""``loadstone calibrate``: it asks for plants in words, goes on where it stopped, and judges what is there anew."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from loadstone import calibrate
from slo.calibration import knowledge
from slo.calibration.gates import keep, kept
from slo.calibration.model import NOTHING, Gate, Planted
from slo.calibration.pool import NoGatesError
from slo.duel.model import Outcome
from slo.exits import ExitCode
from tests.slo.calibration.simulated import DISTRUST, gate

CPU = Planted(metric="cpu-per-request", size=0.05)


BUDGET = """
apiVersion: loadstone/v1
kind: PerformanceBudget
metadata: {{name: {name}}}
spec:
  service: made
  objectives:
    - {{name: cpu, indicator: change.cpu-per-request, relative: {{critical: "<= +3%"}}}}
    - {{name: median, indicator: change.p50, relative: {{critical: "<= +5%"}}}}
"""


@pytest.fixture
def budgets(tmp_path: Path) -> Path:
    """Budgets of the metrics that simulated gates have, under the names that the plan asks for."""
    service = "apiVersion: openslo/v1\nkind: Service\nmetadata: {name: made}\nspec: {}\n"
    file = tmp_path / "budgets.yaml"
    file.write_text("---".join([service, *(BUDGET.format(name=name) for name in ("comments", "changes"))]))
    return file


def run(*arguments: str | Path) -> Result:
    return CliRunner().invoke(calibrate.calibrate, [str(each) for each in arguments])


@pytest.mark.parametrize("word", ["cpu", "cpu=5%", "cpu=0%:3", "disk=5%:3", "cpu=5:3"])
def test_a_plant_that_is_none_is_refused(word: str) -> None:
    result = run("--plants", word)
    assert result.exit_code == ExitCode.USAGE
    assert "such as cpu=5%:10" in " ".join(result.output.split())


def test_gates_that_are_there_are_judged_anew_and_drawn_from(tmp_path: Path, budgets: Path) -> None:
    for seed in range(6):
        keep(tmp_path, gate(seed))
    keep(tmp_path, gate(9, CPU))
    result = run("--from", tmp_path, "--resample", "100", "--objectives", budgets)
    assert result.exit_code == 0, result.output
    found = knowledge.read(tmp_path / "quick.json")
    assert (found.real.gates, found.resampled.gates) == (6, 100)
    assert found.budgets["cpu-per-request"] == 0.03
    assert {each.planted.metric for each in found.power} == {"cpu-per-request", "p50"}
    assert {spread.metric for spread in found.spreads} == {"cpu-per-request", "p50"}


def test_gates_that_lack_what_a_budget_speaks_of_tell_nothing(tmp_path: Path) -> None:
    keep(tmp_path, gate(1))
    keep(tmp_path, gate(2))
    result = run("--from", tmp_path, "--resample", "100")
    assert isinstance(result.exception, NoGatesError)


def test_it_fights_what_is_missing_and_no_more(tmp_path: Path, budgets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fought: list[Planted] = []

    def fake(_plan: object, _terms: object, planted: Planted, there: list[Gate], _folder: Path) -> Gate:
        fought.append(planted)
        return gate(len(there), planted)

    monkeypatch.setattr(calibrate, "_fought", fake)
    wish = ("--gates", "3", "--plants", "cpu=5%:2", "--resample", "100", "--folder", tmp_path, "--objectives", budgets)
    keep(tmp_path, gate(50))
    assert run(*wish).exit_code == 0
    assert sorted(each.name for each in fought) == [CPU.name, CPU.name, "nothing", "nothing"]
    fought.clear()
    assert run(*wish).exit_code == 0
    assert fought == []
    assert len(kept(tmp_path, "quick")) == 5


def test_a_machine_that_is_not_fit_ends_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spoilt = gate(1, NOTHING, Outcome.INVALID, distrusts=(DISTRUST,))
    monkeypatch.setattr(calibrate, "_fought", lambda *_: spoilt)
    result = run("--gates", "5", "--folder", tmp_path)
    assert result.exit_code == ExitCode.UNJUDGED
    assert "3 gates in a row could not be judged" in result.output
    assert len(kept(tmp_path, "quick")) == 3
